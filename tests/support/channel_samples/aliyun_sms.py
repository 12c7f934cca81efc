"""Aliyun's SMS gateway."""

from channel_samples import CANARY, Sample
from daemon.secret import Secret
from daemon.template import Template
from fake_provider import say
from messages import LIN

SAMPLE = Sample(
    settings=lambda url: {
        "access_key_id": "LTAI5tEXAMPLE0000000",
        "access_key_secret": Secret(CANARY),
        "security_token": Secret(CANARY),
        "sign_name": "托辛",
        "template_code": "SMS_1",
        "template_params": {"name": Template("{{ alert.title }}"), "text": Template("{{ message.text }}")},
        "endpoint": url,
    },
    yes=say(200, b'{"Code":"OK","Message":"OK","RequestId":"R-1","BizId":"9^0"}'),
    no=say(200, b'{"Code":"isv.INVALID_PARAMETERS","Message":"no","RequestId":"R-1"}'),
    to=(LIN,),
)
