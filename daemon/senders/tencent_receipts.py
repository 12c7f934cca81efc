"""Tencent Cloud's delivery reports: what it posts to us, and what it answers when it is asked.

Source: the documentation "SMS status notification" (382/59178). Callbacks are not signed: whoever may post them is
settled before they are read.
"""

import datetime as dt
from typing import Any

import msgspec

from daemon.handset import Report
from daemon.senders.phone import CHINA, Phone, read
from daemon.senders.tencent_api3 import PullStatus
from daemon.senders.tencent_codes import BEIJING

MOST = 10_000  # reports in one body
SUCCESS, FAIL = "SUCCESS", "FAIL"
ANSWER = b'{"result":0,"errmsg":"OK"}'  # what a callback must be answered; anything else is sent again

_decode = msgspec.json.Decoder().decode


def parsed(body: bytes) -> list[Report]:
    """Read a callback's body, in the order it has; what is no report about a message, such as a reply, is left out.

    ValueError with a sentence when the body is none of Tencent's.
    """
    try:
        rows = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ValueError("the body is not JSON: Tencent posts an array of delivery reports") from None
    if isinstance(rows, dict):
        rows = [rows]
    if not isinstance(rows, list):
        raise ValueError("the body is not an array of delivery reports, as Tencent posts it")  # noqa: TRY004 - of a value, not of code
    if len(rows) > MOST:
        raise ValueError(f"the body has {len(rows)} reports; at most {MOST} are taken at once")
    return [one for one in map(of_row, rows) if one is not None]


def of_row(row: Any) -> Report | None:
    """Read one row of a callback or of pullstatus4mobile; None when it is no report about a message."""
    if not isinstance(row, dict):
        return None
    provider_id, status = _text(row, "sid"), _text(row, "report_status").upper()
    if not provider_id or status not in {SUCCESS, FAIL}:
        return None
    return Report(
        provider_id=provider_id,
        address=_address(_text(row, "nationcode"), _text(row, "mobile")),
        delivered=status == SUCCESS,
        code=_text(row, "errmsg"),
        words=_text(row, "description"),
        at=_at(_text(row, "user_receive_time")),
    )


def of_pull(row: PullStatus) -> Report | None:
    """Read one row of PullSmsSendStatusByPhoneNumber; None while the carrier has not said yes or no."""
    status = (row.report_status or "").upper()
    if not row.serial_no or status not in {SUCCESS, FAIL}:
        return None
    return Report(
        provider_id=row.serial_no,
        address=_address(row.country_code or "", row.subscriber_number or ""),
        delivered=status == SUCCESS,
        code=row.description or "",
        at=None if row.user_receive_time is None else float(row.user_receive_time),
    )


def _text(row: dict[str, Any], name: str) -> str:
    """A field's text; numbers come with and without quotes."""
    value = row.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _address(country: str, number: str) -> str:
    digits = country.lstrip("+") or CHINA
    known = read(f"+{digits}{number}")
    return known.address if known is not None else Phone(digits, number).address


def _at(written: str) -> float | None:
    """Beijing's time."""
    try:
        at = dt.datetime.fromisoformat(written)
        return (at if at.tzinfo else at.replace(tzinfo=BEIJING)).timestamp()
    except (ValueError, OverflowError):
        return None
