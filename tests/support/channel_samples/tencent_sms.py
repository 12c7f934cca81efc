"""Tencent Cloud's SMS API 3.0."""

import json

from channel_samples import CANARY, Sample
from daemon.secret import Secret
from daemon.senders import tencent_codes
from daemon.template import Template
from fake_provider import Step, say
from messages import LIN


def line(code: str) -> Step:
    """The one number's own answer."""
    status = {"SerialNo": "5000:1", "PhoneNumber": "+8613800000001", "Fee": 1, "Code": code, "Message": "words"}
    return say(200, json.dumps({"Response": {"SendStatusSet": [status], "RequestId": "a0aa"}}).encode())


SAMPLE = Sample(
    settings=lambda url: {
        "secret_id": Secret(CANARY),
        "secret_key": Secret(CANARY),
        "token": Secret(CANARY),
        "sdk_app_id": "1400006666",
        "sign_name": "托辛",
        "template_id": "1110",
        "template_params": [Template("{{ what }}"), Template("{{ message.text }}"), Template("{{ alert.code }}")],
        "endpoint": url,
    },
    yes=line("Ok"),
    no=line("FailedOperation.PhoneNumberInBlacklist"),
    to=(LIN,),
    says=line,
    cured=frozenset(code for one in tencent_codes.ANSWERS for code in one.codes if tencent_codes.cure(code)),
)
