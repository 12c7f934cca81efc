"""What is wrong with a robot's settings is told when the configuration is read: where it stands, and not the key."""

from pathlib import Path

import pytest

from daemon.config.load import load
from daemon.errors import ConfigError
from daemon.loading import catalog
from fake_clock import FakeClock

KEY = "693a91f6-7a0c-4bc4-97a0-0ec2sifa5aaa"
TEXT = f"""\
receivers: [{{name: ops, notify: [{{by: [a, b, c]}}]}}]
route: {{receiver: ops}}
channels:
  a:
    type: wecom_robot
    url: https://qyapi.weixin.qq.com/cgi-bin/webhook/upload?key={KEY}
    mention: [LinWei, "林 伟"]
  b:
    type: dingtalk_robot
    url: https://oapi.dingtalk.example/robot/send?access_token={KEY}
    mention_mobiles: ["12345"]
  c:
    type: feishu_robot
    url: https://open.feishu.evil.example/open-apis/bot/v2/hook/{KEY}
"""
TOLD = """\
6: channels.a.url: is not the webhook of such a robot: https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…
7: channels.a.mention[1]: is not the id of a user; write the id itself, without @, or all
8: channels.b: url is not on https://oapi.dingtalk.com; for another server give access_token and endpoint
11: channels.b.mention_mobiles[0]: is not a mobile number of mainland China; write for example 13800000001
12: channels.c: url is not on https://open.feishu.cn or https://open.larksuite.com; for another server give \
token and endpoint"""


def test_each_problem_is_told_at_its_own_line_and_no_key_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.yml"
    file.write_text(TEXT)
    file.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        load(file, lambda _: catalog(""), {}, clock=FakeClock())
    told = "\n".join(problem.partition("tocsin.yml:")[2] for problem in caught.value.problems)
    assert told == TOLD
    assert KEY not in str(caught.value)
