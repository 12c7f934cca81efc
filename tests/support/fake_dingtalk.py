"""DingTalk's robots as far as tocsin meets them: signature, size, the ten minutes of silence."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fake_provider import Asked
from fake_vendor import Body, FakeVendor, main

TOKEN, SECRET = "0123456789abcdef" * 4, "SECfedcba9876543210"


class FakeDingTalk(FakeVendor):
    """A robot with this secret, and this keyword if any."""

    rates = ((20, 60.0),)

    def __init__(self, *, secret: str = SECRET, keyword: str = "", **more: Any) -> None:
        super().__init__(**more)
        self.secret, self.keyword = secret, keyword
        self.muted_until = 0.0

    def answer(self, asked: Asked) -> tuple[int, Body]:
        parts = urlsplit(asked.target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if (asked.method, parts.path) != ("POST", "/robot/send"):
            return 404, {}
        if query.get("access_token") != TOKEN:
            return 200, _said(300_005, "token is not exist")
        return 200, self._insecure(query, asked.body) or self._taken(asked.body)

    def _insecure(self, query: dict[str, str], body: bytes) -> Body | None:
        if self.secret:
            stamp = query.get("timestamp", "0")
            if abs(int(stamp) / 1_000 - self.now()) > 3_600:
                return _said(310_000, "invalid timestamp")
            digest = hmac.new(self.secret.encode(), f"{stamp}\n{self.secret}".encode(), hashlib.sha256).digest()
            if query.get("sign") != base64.b64encode(digest).decode():
                return _said(310_000, "sign not match")
        if self.keyword and self.keyword not in body.decode():
            return _said(310_000, "keywords not in content")
        return None

    def _taken(self, body: bytes) -> Body:
        if self.now() < self.muted_until or not self.windows.take(self.now()):
            self.muted_until = max(self.muted_until, self.now() + 600)
            more = {"status": 1_111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "9ff0e7e2"}
            return more | _said(130_101, "send too fast, exceed 20 times per minute")
        if len(body) > 20_000:
            return _said(460_101, "message too long, exceed 20000 bytes")
        said = json.loads(body)
        kind = said["msgtype"]
        told = said.get(kind, {})
        text = told.get("text" if kind == "markdown" else "content", "")
        if kind not in {"text", "markdown"} or not text or (kind == "markdown" and not told.get("title")):
            return _said(40_035, "缺少参数 json")
        at = said.get("at", {})
        called = {one for one in (*at.get("atMobiles", []), *at.get("atUserIds", [])) if f"@{one}" in text}
        self.called.append(called | ({"all"} if at.get("isAtAll") else set()))
        self.room.append(told)
        return _said(0, "ok")


def _said(code: int, words: str) -> Body:
    return {"errcode": code, "errmsg": words}


if __name__ == "__main__":
    main(FakeDingTalk, __doc__)
