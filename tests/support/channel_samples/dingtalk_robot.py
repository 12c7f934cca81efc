"""DingTalk's robots."""

import json

from channel_samples import CANARY, Sample
from daemon.secret import Secret
from fake_provider import say

SAMPLE = Sample(
    settings=lambda url: {"access_token": Secret(CANARY), "secret": Secret("SEC" + CANARY), "endpoint": url},
    yes=say(200, b'{"errcode":0,"errmsg":"ok"}'),
    no=say(200, b'{"errcode":460101,"errmsg":"message too long"}'),
    says=lambda code: say(200, json.dumps({"errcode": int(code), "errmsg": "made up"}).encode()),
    texts=lambda asked: [asked.body.decode()],
)
