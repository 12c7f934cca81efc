"""What Aliyun says later of a text message: the reports that it posts (SmsReport), and those that are asked for.

Fields as in help.aliyun.com's page about the SmsReport, and as public receivers read them. Reports are not signed.
"""

import datetime as dt
import functools
import re
from typing import Final

import msgspec

from daemon import fitting
from daemon.handset import Report
from daemon.senders import phone
from daemon.senders.aliyun_gateway import Detail

BEIJING: Final = dt.timezone(dt.timedelta(hours=8))  # the gateway writes times and counts days as they are there
MOST: Final = 10_000  # reports in one body
ACCEPTED: Final = "REQUEST_SUCCESS"  # the gateway has it, the carrier has not answered: no report yet
WAITING, FAILED, DELIVERED = "1", "2", "3"  # the states that QuerySendDetails names
_ELEVEN = re.compile(r"1[3-9][0-9]{9}")
_LONGEST_WORDS: Final = 200


class _SmsReport(msgspec.Struct):
    """One of them, as it is posted; what else it has is of no use to us."""

    phone_number: str | int
    biz_id: str
    success: bool | str
    err_code: str | None = ""
    err_msg: str | None = ""
    report_time: str | int | None = ""


_decode = msgspec.json.Decoder(list[_SmsReport]).decode


def reports(body: bytes) -> list[Report]:
    """Read what Aliyun posts. ValueError, in a sentence, where it is none of that; it is taken whole or not at all.

    The same report may come twice and in any order: (`provider_id`, `address`) tells which message it is about.
    """
    try:
        posted = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"the body is not the array of reports that Aliyun posts: {error}") from error
    if len(posted) > MOST:
        raise ValueError(f"the body has {len(posted)} reports; at most {MOST} are taken at once")
    return [_report(one, place) for place, one in enumerate(posted) if one.err_code != ACCEPTED]


def polled(detail: Detail, provider_id: str, number: str) -> Report | None:
    """Read what was asked for; None while there is no word from the carrier yet."""
    status = str(detail.status)
    if status not in {FAILED, DELIVERED}:
        return None
    return Report(
        provider_id=provider_id,
        address=number,
        delivered=status == DELIVERED,
        code=_short(detail.code),
        at=instant(detail.received) or instant(detail.sent),
    )


def instant(written: str | int | None) -> float | None:
    """Read a time of Beijing; None where it cannot be read."""
    try:
        at = dt.datetime.fromisoformat(str(written))
        return (at if at.tzinfo else at.replace(tzinfo=BEIJING)).timestamp()
    except (ValueError, OverflowError):
        return None


def _report(one: _SmsReport, place: int) -> Report:
    """The account may send to other numbers than we do: theirs stay as they are written."""
    written = str(one.phone_number)
    number = written if _ELEVEN.fullmatch(written) else phone.mainland(written) or fitting.line(written[:64])
    if not number or not one.biz_id:
        raise ValueError(f"the report {place + 1} of the body names no message: it needs a biz_id and a phone_number")
    return Report(
        provider_id=one.biz_id,
        address=number,
        delivered=one.success is True or str(one.success).lower() == "true",
        code=_short(one.err_code),
        words=_short(one.err_msg),
        at=instant(one.report_time),
    )


def _short(written: str | None) -> str:
    return _shortened((written or "")[: _LONGEST_WORDS * 4])


@functools.lru_cache(maxsize=256)  # carriers have few words, and a body has thousands of reports
def _shortened(written: str) -> str:
    return fitting.cut(fitting.line(written), _LONGEST_WORDS)
