"""Feishu's bots."""

import json

from channel_samples import CANARY, Sample
from daemon.secret import Secret
from fake_provider import Step, say


def _says(code: str) -> Step:
    """The table tells two meanings of one code apart by the words."""
    number, _, words = code.partition(" ")
    return say(200, json.dumps({"code": int(number), "msg": words or "made up", "data": {}}).encode())


SAMPLE = Sample(
    settings=lambda url: {"token": Secret(CANARY), "secret": Secret(CANARY), "endpoint": url},
    yes=say(200, b'{"code":0,"msg":"success","data":{},"StatusCode":0,"StatusMessage":"success","Extra":null}'),
    no=say(200, b'{"code":9499,"msg":"Bad Request","data":{}}'),
    says=_says,
    texts=lambda asked: [asked.body.decode()],
)
