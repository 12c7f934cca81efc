"""Calls to Tencent's old SMS API (v5, `yun.tim.qq.com`): signed, sent, and the answer read.

Source: the v5 documentation (sendmultisms2, pullstatus4mobile) and Tencent's own Python client for it.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from daemon.clock import Clock
from daemon.errors import SendFailed
from daemon.secret import Secret
from daemon.senders import phone, tencent_codes
from daemon.senders.api import JSON, Api, encoded
from daemon.senders.http import Answer, Client
from daemon.senders.phone import Phone
from daemon.senders.road import Road
from daemon.senders.tencent_status import Said, Status, judged, of_all, of_each, their_time

PATH = "/v5/tlssmssvr/"
MOST_ROWS = 100  # of one number's messages that one question shows
_DELIVERY = 0  # the kind of rows that a pull asks for; 1 are replies


class Detail(msgspec.Struct):
    """One number's line in the answer to sendmultisms2."""

    result: int
    errmsg: str | None = ""
    mobile: str | int | None = ""
    nationcode: str | int | None = ""
    sid: str | None = ""


class Reply(msgspec.Struct, rename={"error_code": "ErrorCode", "error_info": "ErrorInfo"}):
    """The answer to any call. The door in front of the service answers in fields of its own (60008)."""

    result: int | None = None
    errmsg: str | None = ""
    detail: list[Detail] | None = None
    data: list[dict[str, Any]] | None = None  # of a pull: rows as callbacks have them
    error_code: int | None = None
    error_info: str | None = ""

    @property
    def code(self) -> str:
        """The code of the whole request; empty where there is none."""
        code = self.error_code if self.result is None else self.result
        return "" if code is None else str(code)

    @property
    def words(self) -> str:
        """What it says for people."""
        return self.errmsg or self.error_info or ""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and in whose name messages go."""

    sdk_app_id: str
    app_key: Secret
    sign_name: str
    template_id: int


def signature(app_key: str, random: int, at: int, mobiles: Sequence[str] = ()) -> str:
    """The field `sig`; a pull has no numbers in it."""
    numbers = f"&mobile={','.join(mobiles)}" if mobiles else ""
    return hashlib.sha256(f"appkey={app_key}&random={random}&time={at}{numbers}".encode()).hexdigest()


class ApiV5:
    """One application at one endpoint."""

    def __init__(self, endpoint: str, account: Account, *, timeout: float, clock: Clock, road: Road) -> None:
        self.client = Client(endpoint, timeout=timeout, clock=clock, hidden=[account.app_key.reveal()], road=road)
        self._api = Api(self.client, tencent_codes.ANSWERS_V5, Reply)
        self._account = account
        self._clock = clock

    def submit(
        self, phones: Sequence[Phone], params: Sequence[str], session: str, until: float, now: float | None = None
    ) -> tuple[list[Status], float]:
        """Call sendmultisms2 once. See `tencent_status.Gateway`.

        A number's own line counts before the code of the whole, as long as a line that says yes names the message.
        """
        asked = {
            "tel": [{"nationcode": one.country, "mobile": one.number} for one in phones],
            "sign": self._account.sign_name,
            "tpl_id": self._account.template_id,
            "params": params,
            "extend": "",
            "ext": session,
        }
        reply, answer = self._ask("sendmultisms2", asked, [one.number for one in phones], until, now)
        at = self._clock.now()
        whole = judged(self._api, reply.code, reply.words, answer, at)
        said = [_said(one) for one in reply.detail or () if whole is None or one.result or one.sid]
        statuses = of_each(phones, said, self._api, answer, at)
        if whole is not None:
            named = {one.phone for one in said}
            rest = of_all(phones, reply.code, whole)
            lone = len(phones) == len(said) == 1
            pairs = zip(phones, statuses, rest, strict=True)
            statuses = [own if lone or one in named else all_ for one, own, all_ in pairs]
        return statuses, their_time(answer, self._clock)

    def pull(self, to: Phone, since: float, until: float) -> list[dict[str, Any]]:
        """What the carriers have said since then of messages to one number; nothing is taken away by asking.

        Raises SendError.
        """
        asked = {
            "type": _DELIVERY,
            "max": MOST_ROWS,
            "begin_time": int(since),
            "end_time": int(self._clock.now()) + 1,
            "nationcode": to.country,
            "mobile": to.number,
        }
        reply, answer = self._ask("pullstatus4mobile", asked, (), until, None)
        self._api.check(reply.code, reply.words, answer)
        return reply.data or []

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self.client.close()

    def _ask(
        self, action: str, asked: Mapping[str, Any], mobiles: Sequence[str], until: float, now: float | None
    ) -> tuple[Reply, Answer]:
        at, random = int(self._clock.now() if now is None else now), secrets.randbelow(900_000) + 100_000
        target = f"{PATH}{action}?sdkappid={quote(self._account.sdk_app_id, safe='')}&random={random}"
        sig = signature(self._account.app_key.reveal(), random, at, mobiles)
        body = encoded({**asked, "sig": sig, "time": at})
        reply, answer = self._api.ask(target, body, JSON, until - self._clock.monotonic())
        if not reply.code:
            what = f"{self.client.shown} answered {answer.status} with a body that names no result"
            raise SendFailed(what, code=str(answer.status), ambiguous=True)
        return reply, answer


def _said(line: Detail) -> Said:
    return Said(
        phone=phone.read(f"+{line.nationcode or phone.CHINA}{line.mobile or ''}"),
        code=str(line.result),
        words=line.errmsg or "",
        provider_id=line.sid or "",
    )
