"""Slack's incoming webhooks as far as tocsin meets them: one word in plain text, its limits, its formatting rules.

In a test: `with FakeSlack() as slack: … slack.url …`; with `now` it keeps to one message a second, as Slack does.
"""

import json
import math
import re
from collections import deque
from collections.abc import Callable
from typing import Any, Self

from gevent.socket import socket

from fake_limits import Window
from fake_provider import FakeProvider, Step, say

PATH = "/services/T000/B000/c4n4ry-5ecret"
STATUS = {
    "ok": 200, "action_prohibited": 403, "invalid_token": 403, "channel_not_found": 404, "no_service": 404,
    "no_active_hooks": 404, "channel_is_archived": 410, "rollup_error": 500,
}  # fmt: skip
_ESCAPES = re.compile(r"&(?!amp;|lt;|gt;)")


def word(said: str) -> Step:
    """Answer one of its words, with its status."""
    return say(STATUS.get(said, 400), said.encode(), content_type="text/plain")


class FakeSlack(FakeProvider):
    """One webhook. `script` holds words for the next requests; `messages` what was posted."""

    def __init__(self, now: Callable[[], float] | None = None) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []
        self.script: deque[str] = deque()
        self._rate = Window(1, 1.0, now) if now else None
        self.then(self._answer)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answer(self, _: FakeProvider, connection: socket) -> bool:
        return self._judged()(self, connection)

    def _judged(self) -> Step:
        asked = self.requests[-1]
        if asked.target != PATH:
            return word("no_service")
        wait = self._rate.take() if self._rate else 0.0
        if wait:
            return say(429, b"rate_limited", content_type="text/plain", retry_after=str(math.ceil(wait)))
        if self.script:
            return word(self.script.popleft())
        try:
            payload = json.loads(asked.body)
        except ValueError:
            return word("invalid_payload")
        problem = wrong(payload)
        if problem:
            return word(problem)
        self.messages.append(payload)
        return word("ok")


def wrong(payload: dict[str, Any]) -> str:
    """The word for what Slack would not take of it; empty when it would."""
    if not payload.get("text") and not payload.get("blocks"):
        return "no_text"
    if len(payload.get("text", "")) > 40_000 or len(payload.get("blocks", [])) > 50:
        return "invalid_blocks"
    for block in payload.get("blocks", []):
        limit = {"header": 150, "section": 3_000, "context": 2_000}.get(block["type"])
        texts = block["elements"] if block["type"] == "context" else [block["text"]]
        if limit is None or not 1 <= len(texts) <= 10:
            return "invalid_blocks"
        for text in texts:
            kind = "plain_text" if block["type"] == "header" else "mrkdwn"
            if text["type"] != kind or not 1 <= len(text["text"]) <= limit or _ESCAPES.search(text["text"]):
                return "invalid_blocks"
    return ""
