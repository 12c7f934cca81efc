"""Slack's incoming webhooks."""

import json

from channel_samples import CANARY, Sample
from daemon.secret import Secret
from fake_provider import Asked
from fake_slack import word


def _texts(asked: Asked) -> list[str]:
    blocks = json.loads(asked.body)["blocks"]
    return [block["text"]["text"] for block in blocks if block["type"] == "section"]


SAMPLE = Sample(
    settings=lambda url: {
        "url": Secret(url and f"{url}/services/T000/B000/{CANARY}"),
        "mention": ("here", "U024BE7LH"),
    },
    yes=word("ok"),
    no=word("invalid_payload"),
    says=word,
    texts=_texts,
)
