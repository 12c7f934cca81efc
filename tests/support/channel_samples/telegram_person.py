"""Telegram's Bot API, to people."""

import dataclasses

from channel_samples import CANARY, telegram
from daemon.notice import Recipient
from daemon.secret import Secret

SAMPLE = dataclasses.replace(
    telegram.SAMPLE,
    settings=lambda url: {"token": Secret(f"123456:{CANARY}"), "endpoint": url},
    to=(Recipient(name="lin", address="42"),),
)
