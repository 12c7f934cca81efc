"""Tencent's two SMS APIs as far as tocsin meets them: signatures, limits and codes are checked, nothing is sent.

`with FakeTencent() as tencent: … tencent.url …` answers both `SendSms` (API 3.0) and `sendmultisms2` (v5).
"""

import datetime as dt
import hashlib
import itertools
import json
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from gevent.socket import socket
from tencentcloud.common.sign import Sign

from fake_provider import Asked, FakeProvider, Step, say

SECRET_ID, SECRET_KEY = "AKIDexample", "SKexample"
APP_ID, APP_KEY = "1400006666", "k1"
MAX_NUMBERS, MAX_PARAM = 200, 6
SKEW, SKEW_V5 = 300, 600
BEIJING = dt.timezone(dt.timedelta(hours=8))
_URL = re.compile(r"https?://|www\.|\d+\.\d+\.\d+\.\d+|[a-z]+\.(?:com|cn|net|internal)")


class Refusal(Exception):
    """The whole request is refused."""

    def __init__(self, code: str, words: str = "made up") -> None:
        self.code, self.words = code, words
        super().__init__(code)


@dataclass
class Sms:
    """One text message to one number (E.164)."""

    number: str
    params: list[str]
    session: str
    serial: str
    at: float
    report: str = "SUCCESS"


@dataclass
class FakeTencent:
    """`script` are steps for the next requests in place of the work; `number_codes` a code for single numbers."""

    now: Callable[[], float] = time.time
    max_param: int = MAX_PARAM
    token: str = ""
    sent: list[Sms] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)  # the bodies, as they came
    number_codes: dict[str, str] = field(default_factory=dict)
    script: deque[Step] = field(default_factory=deque)
    unnamed: set[str] = field(default_factory=set)  # numbers that the answer passes over
    provider: FakeProvider = field(default_factory=FakeProvider)
    _serials: Any = field(default_factory=lambda: itertools.count(1))

    def __enter__(self) -> Self:
        self.provider.start(self._step)
        return self

    def __exit__(self, *_: object) -> None:
        self.provider.stop()

    @property
    def url(self) -> str:
        return self.provider.url

    @property
    def numbers(self) -> list[str]:
        """Every number that was sent to, as often as it was."""
        return [sms.number for sms in self.sent]

    def then(self, *steps: Step) -> None:
        self.script.extend(steps)

    def _step(self, provider: FakeProvider, connection: socket) -> bool:
        asked = provider.requests[-1]
        body = json.loads(asked.body)
        self.asked.append(body)
        if self.script:
            return self.script.popleft()(provider, connection)
        work = self._api3 if "x-tc-action" in asked.headers else self._v5
        answer = json.dumps(work(asked, body), ensure_ascii=False).encode()
        return say(200, answer, date=formatdate(self.now(), usegmt=True))(provider, connection)

    # ---- API 3.0

    def _api3(self, asked: Asked, body: dict[str, Any]) -> dict[str, Any]:
        try:
            self._check_tc3(asked)
            match asked.headers["x-tc-action"]:
                case "SendSms":
                    said = {"SendStatusSet": self._send(body)}
                case "PullSmsSendStatusByPhoneNumber":
                    said = {"PullSmsSendStatusSet": self._pull(body)}
                case _:
                    raise Refusal("InvalidAction", "no such action")
        except Refusal as refusal:
            said = {"Error": {"Code": refusal.code, "Message": refusal.words}}
        return {"Response": {**said, "RequestId": "a0aa"}}

    def _check_tc3(self, asked: Asked) -> None:
        headers, at = asked.headers, int(asked.headers["x-tc-timestamp"])
        if abs(at - self.now()) > SKEW:
            raise Refusal("AuthFailure.SignatureExpire")
        if headers.get("x-tc-version") != "2021-01-11" or not headers.get("x-tc-region"):
            raise Refusal("MissingParameter")
        if headers.get("x-tc-token", "") != self.token:
            raise Refusal("AuthFailure.TokenFailure")
        date = dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d")
        signed = f"content-type:{headers['content-type']}\nhost:{headers['host']}\n"
        request = f"POST\n/\n\n{signed}\ncontent-type;host\n{hashlib.sha256(asked.body).hexdigest()}"
        to_sign = f"TC3-HMAC-SHA256\n{at}\n{date}/sms/tc3_request\n{hashlib.sha256(request.encode()).hexdigest()}"
        right = Sign.sign_tc3(SECRET_KEY, date, "sms", to_sign)
        if headers["authorization"] != (
            f"TC3-HMAC-SHA256 Credential={SECRET_ID}/{date}/sms/tc3_request, SignedHeaders=content-type;host, "
            f"Signature={right}"
        ):
            raise Refusal("AuthFailure.SignatureFailure")

    def _send(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        numbers = body["PhoneNumberSet"]
        if len(numbers) > MAX_NUMBERS:
            raise Refusal("LimitExceeded.PhoneNumberCountLimit")
        if len({number.startswith("+86") for number in numbers}) > 1:
            raise Refusal("UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber")
        if body["SmsSdkAppId"] != APP_ID:
            raise Refusal("InvalidParameterValue.SdkAppIdNotExist")
        wrong = self._wrong(body["TemplateParamSet"])
        codes = {
            "long": "InvalidParameterValue.TemplateParameterLengthLimit",
            "url": "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
            "empty": "InvalidParameterValue.TemplateParameterFormatError",
        }
        lines = []
        for number in numbers:
            code = self.number_codes.get(number) or (codes[wrong] if wrong else "Ok")
            serial = self._taken(number, body["TemplateParamSet"], body["SessionContext"]) if code == "Ok" else ""
            if number not in self.unnamed:
                lines.append({"SerialNo": serial, "PhoneNumber": number, "Code": code, "Message": "made up", "Fee": 1})
        return lines

    def _pull(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        if body["BeginTime"] < self.now() - 7 * 86_400:
            raise Refusal("InvalidParameterValue.BeginTimeVerifyFail")
        if body["Offset"] or not 0 < body["Limit"] <= 100:
            raise Refusal("InvalidParameterValue.LimitVerifyFail")
        return [
            {"UserReceiveTime": int(sms.at), "CountryCode": "86", "SubscriberNumber": sms.number[3:],
             "PhoneNumber": sms.number, "SerialNo": sms.serial, "ReportStatus": sms.report,
             "Description": "DELIVRD" if sms.report == "SUCCESS" else "MK:0001", "SessionContext": sms.session}
            for sms in self._reported(body["PhoneNumber"], body["BeginTime"], body["EndTime"])
        ]  # fmt: skip

    # ---- v5

    def _v5(self, asked: Asked, body: dict[str, Any]) -> dict[str, Any]:
        url = urlsplit(asked.target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        try:
            if query["sdkappid"] != APP_ID:
                raise Refusal("1019")
            if abs(body["time"] - self.now()) > SKEW_V5:
                raise Refusal("1021", "request time exception")
            mobiles = ",".join(tel["mobile"] for tel in body.get("tel", ()))
            told = f"appkey={APP_KEY}&random={query['random']}&time={body['time']}"
            told += f"&mobile={mobiles}" if "tel" in body else ""
            if body["sig"] != hashlib.sha256(told.encode()).hexdigest():
                raise Refusal("1001", "sig error")
            match url.path:
                case "/v5/tlssmssvr/sendmultisms2":
                    return {"result": 0, "errmsg": "OK", "ext": body["ext"], "detail": self._send_v5(body)}
                case "/v5/tlssmssvr/pullstatus4mobile":
                    rows = self._pull_v5(body)
                    return {"result": 0, "errmsg": "ok", "count": len(rows), "data": rows}
            raise Refusal("60008", "service timeout or request format error")
        except Refusal as refusal:
            return {"result": int(refusal.code), "errmsg": refusal.words}

    def _send_v5(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        if len(body["tel"]) > MAX_NUMBERS:
            raise Refusal("1046")
        wrong = self._wrong(body["params"])
        if wrong:
            raise Refusal({"long": "1036", "url": "1017", "empty": "1014"}[wrong])
        lines = []
        for tel in body["tel"]:
            number = f"+{tel['nationcode']}{tel['mobile']}"
            code = int(self.number_codes.get(number, "0"))
            line = {"result": code, "errmsg": "made up", "fee": 1, **tel}
            if not code:
                line["sid"] = self._taken(number, body["params"], body["ext"])
            if number not in self.unnamed:
                lines.append(line)
        return lines

    def _pull_v5(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        number = f"+{body['nationcode']}{body['mobile']}"
        return [callback(sms) for sms in self._reported(number, body["begin_time"], body["end_time"])]

    # ---- both

    def _wrong(self, params: list[str]) -> str:
        for param in params:
            if not param:
                return "empty"
            if len(param) > self.max_param:
                return "long"
            if _URL.search(param):
                return "url"
        return ""

    def _taken(self, number: str, params: list[str], session: str) -> str:
        serial = f"5000:{next(self._serials)}"
        self.sent.append(Sms(number, params, session, serial, self.now()))
        return serial

    def _reported(self, number: str, begin: float, end: float) -> list[Sms]:
        return [sms for sms in self.sent if sms.number == number and begin <= sms.at <= end and sms.report]


def callback(sms: Sms) -> dict[str, Any]:
    """The row that is posted when the carrier has spoken."""
    return {
        "user_receive_time": dt.datetime.fromtimestamp(sms.at, BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
        "nationcode": "86",
        "mobile": sms.number[3:],
        "report_status": sms.report,
        "errmsg": "DELIVRD" if sms.report == "SUCCESS" else "MK:0001",
        "description": "用户短信送达成功",
        "sid": sms.serial,
    }
