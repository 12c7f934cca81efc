"""A canary in every secret field of a real daemon: it never shows, whatever is asked and whatever fails."""

import json
from pathlib import Path

import pytest

from running import Tocsind, free_port, running

CANARY = "canary-0123456789abcdefghijklmnop"

CONFIG = """
log: {{level: debug, file: '{home}/tocsin.log', format: json}}
auth:
  tokens: [{{name: ops, token: '${{CANARY}}', may: [read, act, admin]}}]
sources:
  locked: {{handler: generic, map: {{key: $.key, title: $.title}}, token: '${{CANARY}}'}}
  basic: {{handler: generic, map: {{key: $.key, title: $.title}}, basic: {{user: u, password: '${{CANARY}}'}}}}
  signed: {{handler: generic, map: {{key: $.key, title: $.title}}, hmac: '${{CANARY}}'}}
people:
  lin: {{phone: '+8613800000001'}}
channels:
  sms:
    type: aliyun_sms
    access_key_id: someone
    access_key_secret: '${{CANARY}}'
    security_token: '${{CANARY}}'
    sign_name: tocsin
    template_code: SMS_1
    endpoint: http://127.0.0.1:{closed}
  hook: {{type: webhook, url: 'http://127.0.0.1:{closed}/x?token=${{CANARY}}', secret: '${{CANARY}}'}}
receivers: [{{name: ops, notify: [{{to: [lin], by: [sms]}}, {{by: [hook]}}]}}]
route: {{receiver: ops}}
"""


def asked(daemon: Tocsind) -> list[bytes]:
    """Everything that can be read from outside, and some things that fail."""
    token = {"Authorization": f"Bearer {CANARY}"}
    answers = [
        daemon.post("/webhook/locked", {"key": "a", "title": "b"}, **token)[1],
        daemon.post(f"/webhook/locked?token={CANARY}", {"key": "c", "title": "d"})[1],
        daemon.post(f"/webhook/nobody?token={CANARY}", {"key": "c"}, **token)[1],
        daemon.post(f"/webhook/locked?token={CANARY}x", {"key": "c"})[1],
        daemon.post("/webhook/signed", {"key": "a"}, **token)[1],
        daemon.post("/webhook/basic", {"key": "a"}, Authorization="Basic dTpjYW5hcnk=")[1],
        daemon.post("/webhook/locked", b"{not json", **token)[1],
        daemon.request("GET", "/metrics", headers=token)[1],
        daemon.post("/rpc", b"{}", Authorization=f"Bearer {CANARY}x")[1],
    ]
    reading = ["status", "channels.list", "deliveries.list", "alerts.list", "quarantine.list", "sources.list",
               "probes.list", "methods.list", "config.check"]  # fmt: skip
    calls = [(name, {}) for name in reading]
    calls += [("quarantine.show", {"id": f"Q{number}"}) for number in (1, 2, 3, 4)]
    calls += [("alerts.get", {"id": "A1"}), ("deliveries.get", {"id": "D1"})]
    calls += [("channels.test", {"channel": "sms", "to": "lin"}), ("channels.test", {"channel": "hook"})]
    for method, params in calls:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answers.append(daemon.post("/rpc", body, **token)[1])
    return answers


@pytest.mark.slow
def test_the_canary_never_shows(tmp_path: Path) -> None:
    config = CONFIG.format(home=tmp_path, closed=free_port())
    with running(tmp_path, config, CANARY=CANARY) as daemon:
        answers = asked(daemon)
        daemon.configure(config.replace("type: aliyun_sms", "type: no_such_type"))
        token = {"Authorization": f"Bearer {CANARY}"}
        answers.append(daemon.post("/-/reload", b"", **token)[1])
        daemon.stop()
    results = [json.loads(answer) for answer in answers if answer.startswith(b"{")]
    assert sum("result" in result for result in results) >= 10, results
    shown = b"\n".join(answers).decode()
    assert CANARY not in shown
    for file in ("stderr", "tocsin.log"):
        assert CANARY not in (tmp_path / file).read_text(), file
    assert (tmp_path / "tocsin.log").read_text().count("\n") > 5


@pytest.mark.slow
def test_the_canary_is_not_in_the_store_either(tmp_path: Path) -> None:
    with running(tmp_path, CONFIG.format(home=tmp_path, closed=free_port()), CANARY=CANARY) as daemon:
        asked(daemon)
        daemon.stop()
    for file in tmp_path.glob("tocsin.db*"):
        assert CANARY.encode() not in file.read_bytes(), file.name
