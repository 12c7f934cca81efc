"""A real Alertmanager on one side, the gateway that checks signatures on the other, the whole of tocsin between."""

import json
from http.client import HTTPConnection
from pathlib import Path

import pytest

from fake_aliyun import KEY_ID, KEY_SECRET, FakeAliyun
from programs import alertmanager_at
from running import running
from until import until

CONFIG = """
sources: {{alertmanager: {{token: '${{AM_TOKEN}}'}}}}
people: {{lin: {{phone: '+8613800000001'}}}}
channels:
  sms:
    type: aliyun_sms
    access_key_id: '{key_id}'
    access_key_secret: '${{SMS_SECRET}}'
    sign_name: 托辛
    template_code: SMS_154950909
    template_params: {{name: '{{{{ alert.title }}}}', code: '{{{{ alert.code }}}}'}}
    endpoint: {endpoint}
receivers: [{{name: oncall, notify: [{{to: [lin], by: [sms]}}]}}]
route: {{receiver: oncall, group_by: ['...'], group_wait: 0s, group_interval: 0s}}
"""

ALERTMANAGER = """
route: {{receiver: tocsin, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: tocsin
    webhook_configs:
      - url: http://127.0.0.1:{port}/webhook/alertmanager
        http_config: {{authorization: {{credentials: am-token}}}}
"""


def ask(port: int, method: str, path: str, body: object = None) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@pytest.mark.slow
def test_an_alert_of_a_real_alertmanager_rings_a_phone_and_so_does_its_end(tmp_path: Path) -> None:
    with FakeAliyun() as gateway:
        config = CONFIG.format(key_id=KEY_ID, endpoint=gateway.endpoint)
        with (
            running(tmp_path, config, AM_TOKEN="am-token", SMS_SECRET=KEY_SECRET) as daemon,
            alertmanager_at(tmp_path, ALERTMANAGER.format(port=daemon.http)) as port,
        ):
            alert = {
                "labels": {"alertname": "DiskFull", "instance": "db-1:9100", "severity": "critical"},
                "annotations": {"summary": "/ of db-1 is 97% full"},
                "startsAt": "2026-11-21T01:00:00Z",
            }
            assert ask(port, "POST", "/api/v2/alerts", [alert]) == 200
            until(lambda: len(gateway.sent) == 1, within=30, why=daemon.errors)
            assert ask(port, "POST", "/api/v2/alerts", [alert | {"endsAt": "2026-11-21T01:05:00Z"}]) == 200
            until(lambda: len(gateway.sent) == 2, within=30, why=daemon.errors)
            (known,) = daemon.rpc("alerts.list")
    first, second = gateway.sent
    assert (first.number, first.params) == ("13800000001", {"name": "/ of db-1 is 97% full", "code": "A1"})
    assert second.params["code"] == "A1"
    assert (known["state"], known["labels"]["instance"]) == ("resolved", "db-1:9100")
