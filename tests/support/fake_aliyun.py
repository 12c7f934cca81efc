"""Aliyun's gateways for text messages and calls as far as tocsin meets them: they check, send nothing, remember all.

In a test: `with FakeAliyun() as gateway: … gateway.endpoint …`. From a shell, for crash tests and benchmarks:
`python tests/support/fake_aliyun.py --port 0 --latency 0.1 --trust --record sent.jsonl` prints its port on the
first line, appends one JSON line for each text message it accepted, and answers `GET /sent` with all of them.
"""

import argparse
import datetime as dt
import itertools
import json
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any, Self, TextIO
from urllib.parse import parse_qsl, urlsplit

import gevent
from gevent.event import Event
from gevent.server import StreamServer
from gevent.socket import socket

from aliyun_rules import (
    KEY_ID,
    KEY_SECRET,
    Call,
    Refusal,
    check_number,
    check_params,
    check_signature,
    check_time,
    checked_call,
    checked_params,
    parsed,
)

BEIJING = dt.timezone(dt.timedelta(hours=8))
MAX_NUMBERS = 1_000
MAX_PERSONAL = 100
CARRIED = 4  # seconds that a carrier takes
# What one number may get: so many within so many seconds, and how the gateway calls it.
SMS_LIMITS = ((50, 86_400, "天"),)
CALL_LIMITS = ((1, 60, "分钟"), (5, 3_600, "小时"), (20, 86_400, "天"))


@dataclass
class Sms:
    """One text message to one number."""

    number: str
    sign: str
    template: str
    params: dict[str, str]
    out_id: str
    biz_id: str
    at: float
    status: int = 3  # 1 no word from the carrier yet, 2 failed, 3 delivered


@dataclass
class Rung:
    """One call to one number."""

    number: str
    template: str
    params: dict[str, str]
    out_id: str
    call_id: str
    at: float
    asked: dict[str, str]


@dataclass
class Say:
    """Answer the next call with this code, or with this body whatever it is."""

    code: str = ""
    message: str = "made up"
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    sends: bool = False  # accept the message all the same, as a gateway does whose answer is lost


class Hang:
    """Do not answer the next call before the test is over."""


class Drop:
    """Accept the next call, then hang up without an answer."""


class FakeAliyun:
    """The gateway. `script` holds what to do with the next calls; `number_codes` a code for single numbers."""

    def __init__(
        self,
        *,
        port: int = 0,
        keys: dict[str, str] | None = None,
        token: str = "",
        trust: bool = False,
        latency: float = 0.0,
        lag: float = 0.0,
        limited: bool = False,
        record: Path | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.keys = keys or {KEY_ID: KEY_SECRET}
        self.token = token
        self.trust = trust
        self.latency = latency
        self.lag = lag  # so long after it took a message QuerySendDetails does not show it
        self.limited = limited  # whether a number's limits are kept
        self.now = now
        self.sent: list[Sms] = []
        self.rung: list[Rung] = []
        self.calls: list[Call] = []
        self.script: deque[Say | Hang | Drop] = deque()
        self.number_codes: dict[str, tuple[str, str]] = {}
        self.over = Event()
        self._nonces: set[str] = set()
        self._ids = itertools.count(1)
        self._record: TextIO | None = record.open("a", buffering=1) if record else None
        self._server = StreamServer(("127.0.0.1", port), self._serve, backlog=1_024)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.stop(timeout=1)
        if self._record:
            self._record.close()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def then(self, *steps: Say | Hang | Drop) -> None:
        self.script.extend(steps)

    # ---- the connection

    def _serve(self, connection: socket, _: object) -> None:
        buffer = b""
        try:
            while True:
                while (end := buffer.find(b"\r\n\r\n")) < 0:
                    data = connection.recv(65_536)
                    if not data:
                        return
                    buffer += data
                head, buffer = buffer[:end].decode("latin-1"), buffer[end + 4 :]
                headers = dict(_fields(head))
                length = int(headers.get("content-length", "0"))
                while len(buffer) < length:
                    data = connection.recv(65_536)
                    if not data:
                        return
                    buffer += data
                body, buffer = buffer[:length], buffer[length:]
                answer = self._answer(head.partition("\r\n")[0], headers, body)
                if answer is None:
                    return
                connection.sendall(answer)
        except OSError:
            return  # the client hung up first
        finally:
            connection.close()

    def _answer(self, first: str, headers: dict[str, str], body: bytes) -> bytes | None:
        method, target, _ = first.split(" ", 2)
        if method == "GET" and urlsplit(target).path == "/sent":
            return _written(200, json.dumps([asdict(sms) for sms in self.sent], ensure_ascii=False).encode())
        query = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        call = Call(query, headers, form, method, body)
        if not self.trust:
            self.calls.append(call)
        if self.latency:
            self.over.wait(self.latency)
        step = self.script.popleft() if self.script else None
        if isinstance(step, Hang):
            self.over.wait()
            return None
        if isinstance(step, Say) and not step.sends:
            return self._said(step)
        try:
            answer = self._work(call)
        except Refusal as refusal:
            return self._said(Say(refusal.code, refusal.message, refusal.status))
        if isinstance(step, Drop):
            return None
        return self._said(step) if step else _written(200, answer)

    def _said(self, step: Say) -> bytes:
        body = step.body
        if body is None:
            said = {"Code": step.code, "Message": step.message, "RequestId": f"R-{next(self._ids)}"}
            body = json.dumps(said, ensure_ascii=False).encode()
        date = {"Date": formatdate(self.now(), usegmt=True)}
        return _written(step.status, body, date | step.headers)

    # ---- the API

    def _work(self, call: Call) -> bytes:
        if not self.trust:
            self._check(call)
        match call.action:
            case "SendSms":
                return self._send(call.asked)
            case "SendBatchSms":
                return self._send_each(call.asked)
            case "QuerySendDetails":
                return self._details(call.asked)
            case "SingleCallByTts":
                return self._ring(call.asked)
        raise Refusal("InvalidAction.NotFound", "Specified api is not found", 404)

    def _check(self, call: Call) -> None:
        check_signature(call, self.keys, self.token)
        check_time(call, self.now())
        if call.nonce in self._nonces:
            raise Refusal("SignatureNonceUsed", "Specified signature nonce was used already.", 400)
        self._nonces.add(call.nonce)

    def _send(self, asked: dict[str, str]) -> bytes:
        numbers = asked.get("PhoneNumbers", "").split(",")
        if len(numbers) > MAX_NUMBERS:
            raise Refusal("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制")
        params = checked_params(asked.get("TemplateParam", ""))
        return self._take(asked, [(number, asked["SignName"], params) for number in numbers])

    def _send_each(self, asked: dict[str, str]) -> bytes:
        numbers, signs = parsed(asked["PhoneNumberJson"]), parsed(asked["SignNameJson"])
        params = parsed(asked["TemplateParamJson"]) if "TemplateParamJson" in asked else [{}] * len(numbers)
        if len(numbers) > MAX_PERSONAL:
            raise Refusal("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制")
        if not len(numbers) == len(signs) == len(params):
            raise Refusal("isv.INVALID_PARAMETERS", "the arrays differ in length")
        return self._take(asked, [(n, s, check_params(p)) for n, s, p in zip(numbers, signs, params, strict=True)])

    def _take(self, asked: dict[str, str], each: list[tuple[str, str, dict[str, str]]]) -> bytes:
        """All of a request, or nothing of it."""
        if len(asked.get("OutId", "")) > 255:
            raise Refusal("isv.INVALID_PARAMETERS", "OutId")
        for number, _, _ in each:
            self._check_number(number, self.sent, SMS_LIMITS)
        biz_id = f"{next(self._ids):018}^0"
        for number, sign, params in each:
            sms = Sms(number, sign, asked["TemplateCode"], params, asked.get("OutId", ""), biz_id, self.now())
            self.sent.append(sms)
            if self._record:
                self._record.write(json.dumps(asdict(sms), ensure_ascii=False) + "\n")
        return json.dumps({"Code": "OK", "Message": "OK", "RequestId": f"R-{biz_id}", "BizId": biz_id}).encode()

    def _ring(self, asked: dict[str, str]) -> bytes:
        params, number = checked_call(asked), asked["CalledNumber"]
        self._check_number(number, self.rung, CALL_LIMITS)
        call_id = f"{next(self._ids):012}^1"
        self.rung.append(Rung(number, asked["TtsCode"], params, asked.get("OutId", ""), call_id, self.now(), asked))
        return json.dumps({"Code": "OK", "Message": "OK", "RequestId": f"R-{call_id}", "CallId": call_id}).encode()

    def _check_number(self, number: str, told: Sequence[Sms | Rung], limits: tuple[tuple[int, int, str], ...]) -> None:
        check_number(number)
        if number in self.number_codes:
            raise Refusal(*self.number_codes[number])
        if self.limited:
            had = [one.at for one in told if one.number == number]
            for most, within, tier in limits:
                if sum(at > self.now() - within for at in had) >= most:
                    raise Refusal("isv.BUSINESS_LIMIT_CONTROL", f"触发{tier}级流控Permits:{most}")

    def _details(self, asked: dict[str, str]) -> bytes:
        size, page = int(asked["PageSize"]), int(asked["CurrentPage"])
        if not 1 <= size <= 50:
            raise Refusal("isv.INVALID_PARAMETERS", "PageSize")
        shown_to = self.now() - self.lag
        rows = [
            s for s in self.sent
            if s.number == asked["PhoneNumber"] and _day(s.at) == asked["SendDate"] and s.at <= shown_to
            and asked.get("BizId", s.biz_id) == s.biz_id
        ]  # fmt: skip
        shown = [
            {"PhoneNum": s.number, "SendStatus": s.status, "ErrCode": {2: "USER_REJECT", 3: "DELIVERED"}.get(s.status),
             "TemplateCode": s.template, "Content": "", "SendDate": _beijing(s.at), "OutId": s.out_id}
            | ({"ReceiveDate": _beijing(s.at + CARRIED)} if s.status != 1 else {})
            for s in rows[(page - 1) * size : page * size]
        ]  # fmt: skip
        answer = {"Code": "OK", "Message": "OK", "RequestId": "R", "TotalCount": str(len(rows))}
        return json.dumps(answer | {"SmsSendDetailDTOs": {"SmsSendDetailDTO": shown}}).encode()


def sms_reports(*sent: Sms) -> bytes:
    """What Aliyun posts of these, once the carrier has answered."""
    return json.dumps(
        [
            {
                "phone_number": s.number,
                "send_time": _beijing(s.at),
                "report_time": _beijing(s.at + CARRIED),
                "success": s.status == 3,
                "err_code": "DELIVERED" if s.status == 3 else "MOBILE_NOT_ON_SERVICE",
                "err_msg": "用户接收成功" if s.status == 3 else "用户不在服务区",
                "sms_size": "1",
                "biz_id": s.biz_id,
            }
            | ({"out_id": s.out_id} if s.out_id else {})
            for s in sent
        ],
        ensure_ascii=False,
    ).encode()


def _fields(head: str) -> Iterator[tuple[str, str]]:
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(": ")
        yield name.lower(), value


def _written(status: int, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _beijing(at: float) -> str:
    return dt.datetime.fromtimestamp(at, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _day(at: float) -> str:
    return dt.datetime.fromtimestamp(at, BEIJING).strftime("%Y%m%d")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--trust", action="store_true", help="do not check signatures: costs little CPU")
    parser.add_argument("--record", type=Path, help="append each accepted text message to this file, as JSON")
    told: Any = parser.parse_args()
    with FakeAliyun(port=told.port, latency=told.latency, trust=told.trust, record=told.record) as gateway:
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, gateway.over.set)
        sys.stdout.write(f"{gateway.port}\n")
        sys.stdout.flush()
        gateway.over.wait()


if __name__ == "__main__":
    main()
