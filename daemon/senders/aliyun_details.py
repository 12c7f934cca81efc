"""Asking Aliyun what became of the text messages to one number (QuerySendDetails)."""

import datetime as dt
from collections.abc import Iterator
from typing import Final

from daemon.errors import SendFailed, SendRefused, SendWait
from daemon.senders.aliyun_gateway import Detail, Gateway
from daemon.senders.aliyun_receipts import BEIJING

PAGE: Final = 50
MAX_PAGES: Final = 20  # of one number's messages of one day: the gateway's limits let a number have far fewer
MAX_DAYS: Final = 30  # that the gateway remembers
SLACK: Final = 300.0  # seconds by which its clock and ours may differ


def sent_to(
    gateway: Gateway, number: str, first: float, last: float, until: float, biz_id: str = ""
) -> Iterator[Detail]:
    """Page through what a number was sent between two instants, the newest day first, as the gateway counts days.

    With a `biz_id` only what one request sent. SendFailed, whatever keeps the gateway from answering: not to know
    is no reason to give a message up.
    """
    asked = {"PhoneNumber": number, "PageSize": str(PAGE)} | ({"BizId": biz_id} if biz_id else {})
    for day in _days(first - SLACK, last):
        for page in range(1, MAX_PAGES + 1):
            rows = _page(gateway, asked | {"SendDate": day, "CurrentPage": str(page)}, until)
            yield from rows
            if len(rows) < PAGE:
                break


def _page(gateway: Gateway, asked: dict[str, str], until: float) -> list[Detail]:
    try:
        reply = gateway.check(gateway.ask("QuerySendDetails", asked, until))
    except (SendWait, SendRefused) as error:
        raise SendFailed(str(error), code=error.code) from error
    return reply.details.rows if reply.details else []


def _days(first: float, last: float) -> Iterator[str]:
    """Name the days from one instant to another as the gateway does, the newest first."""
    day = dt.datetime.fromtimestamp(last, BEIJING).date()
    earliest = dt.datetime.fromtimestamp(max(first, 0.0), BEIJING).date()
    for _ in range(MAX_DAYS):
        yield day.strftime("%Y%m%d")
        day -= dt.timedelta(days=1)
        if day < earliest:
            return
