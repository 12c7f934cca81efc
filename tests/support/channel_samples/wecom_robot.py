"""WeCom's robots."""

import json

from channel_samples import CANARY, Sample
from daemon.secret import Secret
from fake_provider import say

SAMPLE = Sample(
    settings=lambda url: {"key": Secret(CANARY), "endpoint": url},
    yes=say(200, b'{"errcode":0,"errmsg":"ok"}'),
    no=say(200, b'{"errcode":40058,"errmsg":"markdown.content exceed max length 4096"}'),
    says=lambda code: say(200, json.dumps({"errcode": int(code), "errmsg": "made up"}).encode()),
    texts=lambda asked: [json.loads(asked.body)["markdown"]["content"]],
)
