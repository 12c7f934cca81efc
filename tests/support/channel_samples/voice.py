"""Aliyun's voice gateway."""

import json

from channel_samples import CANARY, Sample
from daemon.secret import Secret
from daemon.template import Template
from fake_provider import Step, say
from messages import LIN


def says(code: str) -> Step:
    reply = {"Code": code, "Message": "no", "RequestId": "R-1"}
    return say(200, json.dumps(reply | ({"CallId": "9^1"} if code == "OK" else {})).encode())


SAMPLE = Sample(
    settings=lambda url: {
        "access_key_id": "LTAI5tEXAMPLE0000000",
        "access_key_secret": Secret(CANARY),
        "security_token": Secret(CANARY),
        "signature": "rpc",
        "template_code": "TTS_1",
        "template_params": {"name": Template("{{ alert.title }}"), "text": Template("{{ message.text }}")},
        "endpoint": url,
    },
    yes=says("OK"),
    no=says("isv.INVALID_PARAMETERS"),
    to=(LIN,),
    says=says,
)
