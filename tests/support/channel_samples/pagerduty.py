"""PagerDuty's Events API v2."""

import json

from channel_samples import CANARY, Sample
from daemon.secret import Secret
from daemon.senders.pagerduty import BAD_KEY
from fake_pagerduty import answer
from fake_provider import Asked, Step

NUMBERS = {"success": 202, "throttle exceeded": 429, "internal server error": 500}


def says(code: str) -> Step:
    if code == BAD_KEY:
        return answer("invalid event", 400, "Event object is invalid", ("Invalid routing key",))
    return answer(code, NUMBERS.get(code, 400), "Whatever")


def texts(asked: Asked) -> list[str]:
    return [json.loads(asked.body)["payload"]["summary"]]


SAMPLE = Sample(
    settings=lambda url: {"routing_key": Secret(CANARY), "endpoint": url},
    yes=says("success"),
    no=answer("invalid event", 400, "Event object is invalid", ("'payload.source' is missing or blank",)),
    says=says,
    texts=texts,
)
