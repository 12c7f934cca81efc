"""Feishu's custom bots as far as tocsin meets them: the inverted signature, size, two rates at once."""

import base64
import hashlib
import hmac
import html
import json
import re
from typing import Any

from fake_provider import Asked
from fake_vendor import Body, FakeVendor, main

TOKEN, SECRET = "4a1b2c3d-0000-4000-8000-0123456789ab", "fsSecret0123456789"
_IN_TEXT = re.compile(r'<at user_id="([^"]+)">[^<]*</at>')
_IN_CARD = re.compile(r"<at id=([^>]+)></at>")
_COLOURS = {"red", "orange", "blue", "green", "grey"}


class FakeFeishu(FakeVendor):
    """A robot with this secret, and this keyword if any."""

    rates = ((100, 60.0), (5, 1.0))

    def __init__(self, *, secret: str = SECRET, keyword: str = "", **more: Any) -> None:
        super().__init__(**more)
        self.secret, self.keyword = secret, keyword

    def answer(self, asked: Asked) -> tuple[int, Body]:
        path, _, token = asked.target.rpartition("/")
        if (asked.method, path) != ("POST", "/open-apis/bot/v2/hook"):
            return 404, {}
        if token != TOKEN:
            return 200, _said(19_001, "param invalid: incoming webhook access token invalid")
        if len(asked.body) > 20 * 1_024:
            return 400, _said(9_499, "Bad Request")
        said = json.loads(asked.body)
        return 200, self._insecure(said, asked.body) or self._taken(said)

    def _insecure(self, said: dict[str, Any], body: bytes) -> Body | None:
        if self.secret:
            stamp = said.get("timestamp", "0")
            digest = hmac.new(f"{stamp}\n{self.secret}".encode(), b"", hashlib.sha256).digest()
            if abs(int(stamp) - self.now()) > 3_600 or said.get("sign") != base64.b64encode(digest).decode():
                return _said(19_021, "sign match fail or timestamp is not within one hour from current time")
        if self.keyword and self.keyword not in body.decode():
            return _said(19_024, "Key Words Not Found")
        return None

    def _taken(self, said: dict[str, Any]) -> Body:
        if not self.windows.take(self.now()):
            return _said(11_232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")
        if said.get("msg_type") == "text":
            self.called.append({*_IN_TEXT.findall(said["content"]["text"])})
            self.room.append(said["content"])
        elif said.get("msg_type") == "interactive":
            card = said["card"]
            head, elements = card["header"], card["elements"]
            if head["template"] not in _COLOURS or head["title"]["tag"] != "plain_text" or not elements:
                return _said(11_246, "card error")
            self.called.append({*_IN_CARD.findall(elements[0]["content"])})
            self.room.append(card)
        else:
            return _said(19_002, "params error, msg_type need")
        return _said(0, "success") | {"StatusCode": 0, "StatusMessage": "success", "Extra": None}


def seen(card: Body) -> str:
    """What people read in a card: the entities of its Markdown are signs."""
    return html.unescape(card["elements"][0]["content"])


def _said(code: int, words: str) -> Body:
    return {"code": code, "msg": words, "data": {}}


if __name__ == "__main__":
    main(FakeFeishu, __doc__)
