"""Telegram's Bot API, to a chat."""

import json

from channel_samples import CANARY, Sample
from daemon.secret import Secret
from daemon.senders.telegram import MIGRATED, NOT_HTML
from fake_provider import Asked, Step, say
from fake_telegram import NUMBERS, error, parsed


def says(code: str) -> Step:
    if code == "ok":
        return YES
    if code.isdigit():
        return error(int(code), "Whatever else")
    return error(NUMBERS.get(code, 400), code)


def texts(asked: Asked) -> list[str]:
    return [parsed(json.loads(asked.body)["text"])]


YES = say(200, b'{"ok":true,"result":{"message_id":5,"date":1795222800}}')
SAMPLE = Sample(
    settings=lambda url: {"token": Secret(f"123456:{CANARY}"), "endpoint": url, "chat_id": "-1001"},
    yes=YES,
    no=error(400, "Bad Request: message is too long"),
    says=says,
    texts=texts,
    cured=frozenset((NOT_HTML, MIGRATED)),
)
