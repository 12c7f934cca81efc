"""WeCom's applications. How they get their access token is tested in tests/senders/test_wecom_app.py."""

import json

from channel_samples import CANARY, Sample
from daemon.notice import Recipient
from daemon.secret import Secret
from daemon.senders.wecom_app import EXPIRED, WecomApp
from fake_provider import say


def _with_token(sender: WecomApp) -> None:
    sender._client.hide(CANARY)
    sender._token.keep(CANARY, 7_200.0)


SAMPLE = Sample(
    settings=lambda url: {"corp_id": "ww1", "agent_id": 1_000_002, "secret": Secret(CANARY), "endpoint": url},
    yes=say(200, b'{"errcode":0,"errmsg":"ok","msgid":"M1"}'),
    no=say(200, b'{"errcode":81013,"errmsg":"user & party & tag all invalid"}'),
    to=(Recipient(name="lin", address="LinWei"),),
    says=lambda code: say(200, json.dumps({"errcode": int(code), "errmsg": "made up"}).encode()),
    texts=lambda asked: [json.loads(asked.body)["text"]["content"]],
    cured=EXPIRED,
    prepared=_with_token,
)
