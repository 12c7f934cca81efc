"""Telegram's Bot API as far as tocsin meets it: reads the HTML, counts as Telegram counts, and answers in its shapes.

In a test: `with FakeTelegram() as telegram: … telegram.url …`; with `now` it keeps to Telegram's rates.
"""

import html
import json
import math
import re
from collections import deque
from collections.abc import Callable
from typing import Any, Self

from gevent.socket import socket

from fake_limits import Window
from fake_provider import FakeProvider, Step, say

TOKEN = "123456:c4n4ry-5ecret"
MOST = 4_096
NUMBERS = {"Unauthorized": 401, "Not Found": 404, "Internal Server Error": 500, "Bad Gateway": 502}
_TAG = re.compile(r"<(/?)([a-z-]+)((?:\s[^<>]*)?)>")
_KNOWN = {"b", "i", "u", "s", "code", "pre", "blockquote", "a", "tg-spoiler"}
_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|#\d+|#x[0-9a-f]+);)", re.IGNORECASE)


class BadEntitiesError(Exception):
    """Telegram cannot read the HTML."""


def error(number: int, description: str, **parameters: int) -> Step:
    """Answer that it did not work."""
    body: dict[str, Any] = {"ok": False, "error_code": number, "description": description}
    if parameters:
        body["parameters"] = parameters
    return say(number, json.dumps(body).encode())


def parsed(text: str) -> str:
    """Read the HTML: the text that the limit is counted on."""
    if _ENTITY.search(text):
        raise BadEntitiesError("Unsupported entity")
    open_tags: list[str] = []
    for closing, tag, _ in _TAG.findall(text):
        if tag not in _KNOWN:
            raise BadEntitiesError(f'Unsupported start tag "{tag}"')
        if not closing:
            open_tags.append(tag)
        elif not open_tags or open_tags.pop() != tag:
            raise BadEntitiesError(f'Unexpected end tag "{tag}"')
    if open_tags or "<" in _TAG.sub("", text):
        raise BadEntitiesError("Can't find end tag")
    return html.unescape(_TAG.sub("", text))


class FakeTelegram(FakeProvider):
    """One bot. `script` holds answers for the next requests; `messages` what was sent, `moved` groups that moved."""

    def __init__(self, now: Callable[[], float] | None = None) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []
        self.script: deque[Step] = deque()
        self.chats: set[int | str] = {-1001, 42, "@ops_room"}
        self.moved: dict[int, int] = {}
        self._rates = [Window(*rate, now) for rate in ((30, 1.0), (1, 1.0), (20, 60.0))] if now else []
        self.then(self._answer)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answer(self, _: FakeProvider, connection: socket) -> bool:
        return (self.script.popleft() if self.script else self._judged())(self, connection)

    def _judged(self) -> Step:
        asked = self.requests[-1]
        if asked.target != f"/bot{TOKEN}/sendMessage":
            return error(401, "Unauthorized") if asked.target.endswith("/sendMessage") else error(404, "Not Found")
        payload = json.loads(asked.body)
        chat = payload["chat_id"]
        if chat in self.moved:
            description = "Bad Request: group chat was upgraded to a supergroup chat"
            return error(400, description, migrate_to_chat_id=self.moved[chat])
        if chat not in self.chats:
            return error(400, "Bad Request: chat not found")
        wait = self._wait(chat)
        if wait:
            return error(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        return self._sent(payload)

    def _sent(self, payload: dict[str, Any]) -> Step:
        try:
            text = parsed(payload["text"]) if payload.get("parse_mode") == "HTML" else payload["text"]
        except BadEntitiesError as problem:
            return error(400, f"Bad Request: can't parse entities: {problem} at byte offset 0")
        if not text.strip():
            return error(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > MOST:
            return error(400, "Bad Request: message is too long")
        self.messages.append(payload)
        result = {"message_id": len(self.messages), "chat": {"id": payload["chat_id"]}, "text": text}
        return say(200, json.dumps({"ok": True, "result": result}).encode())

    def _wait(self, chat: int | str) -> int:
        if not self._rates:
            return 0
        overall, each, group = self._rates
        of_group = group.take(chat) if not (isinstance(chat, int) and chat > 0) else 0.0
        return math.ceil(max(overall.take(), each.take(chat), of_group))
