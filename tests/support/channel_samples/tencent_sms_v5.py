"""Tencent's old SMS API (v5)."""

import json

from channel_samples import CANARY, Sample
from daemon.secret import Secret
from daemon.senders import tencent_codes
from daemon.template import Template
from fake_provider import Step, say
from messages import LIN


def line(code: str) -> Step:
    """The one number's own answer."""
    own = {"result": int(code), "errmsg": "words", "mobile": "13800000001", "nationcode": "86", "sid": "8:x", "fee": 1}
    return say(200, json.dumps({"result": 0, "errmsg": "OK", "ext": "", "detail": [own]}).encode())


SAMPLE = Sample(
    settings=lambda url: {
        "app_key": Secret(CANARY),
        "sdk_app_id": "1400006666",
        "sign_name": "托辛",
        "template_id": 7839,
        "template_params": [Template("{{ what }}"), Template("{{ message.text }}"), Template("{{ alert.code }}")],
        "endpoint": url,
    },
    yes=line("0"),
    no=line("1016"),
    to=(LIN,),
    says=line,
    cured=frozenset(code for one in tencent_codes.ANSWERS_V5 for code in one.codes if tencent_codes.cure(code)),
)
