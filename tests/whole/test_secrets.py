"""A canary in every secret field of a real daemon: it never shows, whatever is asked and whatever fails."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import zmq.green as zmq

from daemon import loading
from daemon.cli.keys import pair
from daemon.config.load import load
from daemon.config.settings import Settings
from daemon.secret import Secret
from running import Tocsind, free_port, running

CANARY = "canary-0123456789abcdefghijklmnop"
KEY = "canarycanarycanarycanarycanarycanary1234"  # a secret key must be 40 characters of Z85
PUBLIC, SECRET = (key.decode() for key in pair())
ENVIRON = {"CANARY": CANARY, "KEY": KEY}

ROOMS = ("wecom", "wecom2", "ding", "ding2", "feishu", "feishu2", "slack", "telegram", "pager", "apprise", "program")
PERSONAL = ("voice", "tencent", "tencent5", "wecoms", "telegrams", "mail")
CONFIG = """
log: {{level: debug, file: '{home}/tocsin.log', format: json}}
auth:
  tokens: [{{name: ops, token: '${{CANARY}}', may: [read, act, admin]}}]
  curve: {{secret_key: '${{KEY}}', clients: [{{name: desk, public: '{public}', may: [read, act, admin]}}]}}
links: {{base: 'http://127.0.0.1:{closed}', secret: '${{CANARY}}'}}
sources:
  locked: {{handler: generic, map: {{key: $.key, title: $.title}}, token: '${{CANARY}}'}}
  basic: {{handler: generic, map: {{key: $.key, title: $.title}}, basic: {{user: u, password: '${{CANARY}}'}}}}
  signed: {{handler: generic, map: {{key: $.key, title: $.title}}, hmac: '${{CANARY}}'}}
  stamped:
    handler: generic
    map: {{key: $.key, title: $.title}}
    hmac: {{secret: '${{CANARY}}', header: X-Sign, timestamp_header: X-Time}}
people:
  lin: {{phone: '+8613800000001', wecom: lin, telegram: '5', email: lin@it.example}}
channels:
  sms:
    type: aliyun_sms
    proxy: &road 'http://u:${{CANARY}}@127.0.0.1:{closed}'
    access_key_id: someone
    access_key_secret: '${{CANARY}}'
    security_token: '${{CANARY}}'
    sign_name: tocsin
    template_code: SMS_1
    endpoint: http://127.0.0.1:{closed}
  hook:
    type: webhook
    proxy: *road
    url: 'http://127.0.0.1:{closed}/x?token=${{CANARY}}'
    secret: '${{CANARY}}'
    token: '${{CANARY}}'
    headers: {{X-Own: '${{CANARY}}'}}
  userinfo: {{type: webhook, url: 'http://u:${{CANARY}}@127.0.0.1:{closed}/'}}
  voice:
    {{type: voice, proxy: *road, access_key_id: someone, access_key_secret: '${{CANARY}}',
         security_token: '${{CANARY}}',
     template_code: TTS_1, endpoint: 'http://127.0.0.1:{closed}'}}
  tencent:
    {{type: tencent_sms, proxy: *road, secret_id: '${{CANARY}}', secret_key: '${{CANARY}}', token: '${{CANARY}}',
     sdk_app_id: '1400006666', sign_name: tocsin, template_id: '1', endpoint: 'http://127.0.0.1:{closed}',
     receipts: {{token: '${{CANARY}}'}}}}
  tencent5:
    {{type: tencent_sms_v5, proxy: *road, app_key: '${{CANARY}}', sdk_app_id: '1400006666', sign_name: tocsin,
         template_id: 1,
     endpoint: 'http://127.0.0.1:{closed}'}}
  wecom: {{type: wecom_robot, proxy: *road, url: 'http://127.0.0.1:{closed}/cgi-bin/webhook/send?key=${{CANARY}}',
           endpoint: 'http://127.0.0.1:{closed}'}}
  wecom2: {{type: wecom_robot, proxy: *road, key: '${{CANARY}}', endpoint: 'http://127.0.0.1:{closed}'}}
  wecoms: {{type: wecom_app, proxy: *road, corp_id: ww1, agent_id: 1000002, secret: '${{CANARY}}',
       endpoint: 'http://127.0.0.1:{closed}'}}
  ding: {{type: dingtalk_robot, proxy: *road, url: 'http://127.0.0.1:{closed}/robot/send?access_token=${{CANARY}}',
          secret: 'SEC${{CANARY}}', endpoint: 'http://127.0.0.1:{closed}'}}
  ding2: {{type: dingtalk_robot, proxy: *road, access_token: '${{CANARY}}', endpoint: 'http://127.0.0.1:{closed}'}}
  feishu: {{type: feishu_robot, proxy: *road, url: 'http://127.0.0.1:{closed}/open-apis/bot/v2/hook/${{CANARY}}',
            secret: '${{CANARY}}', endpoint: 'http://127.0.0.1:{closed}'}}
  feishu2: {{type: feishu_robot, proxy: *road, token: '${{CANARY}}', endpoint: 'http://127.0.0.1:{closed}'}}
  slack: {{type: slack, proxy: *road, url: 'http://127.0.0.1:{closed}/services/T0/B0/${{CANARY}}'}}
  telegram: {{type: telegram, proxy: *road, token: '123456:${{CANARY}}', chat_id: '-1001',
       endpoint: 'http://127.0.0.1:{closed}'}}
  telegrams: {{type: telegram_person, proxy: *road, token: '123456:${{CANARY}}', endpoint: 'http://127.0.0.1:{closed}'}}
  pager: {{type: pagerduty, proxy: *road, routing_key: '${{CANARY}}', endpoint: 'http://127.0.0.1:{closed}'}}
  mail: {{type: smtp, host: 127.0.0.1, port: {closed}, security: tls, user: u, password: '${{CANARY}}',
          from: t@it.example}}
  apprise: {{type: apprise, url: 'json://127.0.0.1:{closed}/${{CANARY}}'}}
  program: {{type: command, argv: [/bin/false], env: {{KEY: '${{CANARY}}'}}}}
receivers:
  - name: ops
    notify:
      - {{to: [lin], by: [sms]}}
      - {{by: [hook]}}
      - {{by: [userinfo]}}
      - {{to: [lin], by: [voice, tencent, tencent5, wecoms, telegrams, mail]}}
      - {{by: [wecom, wecom2, ding, ding2, feishu, feishu2]}}
      - {{by: [slack, telegram, pager, apprise, program]}}
dead_man: [{{url: 'http://127.0.0.1:{closed}/${{CANARY}}', token: '${{CANARY}}'}}]
route: {{receiver: ops, group_by: ['...'], group_wait: 0s, group_interval: 0s}}
nodes: {{far: {{url: 'tcp://127.0.0.1:{closed}', server_key: '{public}', secret_key: '${{KEY}}'}}}}
sentry: {{projects: {{shop: {{id: 42, key: '${{CANARY}}', old_keys: ['${{KEY}}']}}}}}}
probes:
  web:
    type: http
    url: 'http://u:${{CANARY}}@127.0.0.1:{closed}/?q=${{CANARY}}'
    headers: {{X-Own: '${{CANARY}}'}}
    every: 1s
    fail_after: 1
  web-by-proxy:
    {{type: http, url: 'http://127.0.0.1:{closed}/', method: POST, body_secret: '${{CANARY}}', proxy: *road,
     other_proxy: *road, basic: {{user: u, password: '${{CANARY}}'}}, every: 1s, fail_after: 1}}
  web-by-token: {{type: http, url: 'https://127.0.0.1:{closed}/', bearer: '${{CANARY}}', every: 1s, fail_after: 1}}
  heart: {{type: heartbeat, key: '${{CANARY}}'}}
  plug-in:
    type: command
    command: [/bin/sh, -c, 'echo "$KEY | $KEY=1"; echo "$KEY"; echo "$KEY" >&2; exit 2']
    env: {{KEY: '${{CANARY}}'}}
    every: 1s
    fail_after: 1
  service:
    type: service
    program: shop
    url: 'http://127.0.0.1:{closed}'
    user: u
    password: '${{CANARY}}'
    ping: 'http://u:${{CANARY}}@127.0.0.1:{closed}/'
    every: 1s
    fail_after: 1
  said: {{type: tcp, host: 127.0.0.1, port: {closed}, every: 1s, fail_after: 1,
          dialogue: [{{send_secret: 'AUTH ${{CANARY}}\\r\\n', expect: OK}}]}}
  cache: {{type: redis, host: 127.0.0.1, port: {closed}, password: '${{CANARY}}', every: 1s, fail_after: 1}}
  other: {{type: zmq, host: 127.0.0.1, port: {closed}, server_key: '{public}', secret_key: '${{KEY}}', every: 1s,
           fail_after: 1}}
  kafka:
    {{type: kafka_lag, bootstrap: ['127.0.0.1:{closed}'], groups: [g], security: sasl_plaintext, user: u,
     password: '${{CANARY}}', every: 1s, fail_after: 1}}
  ckafka:
    {{type: ckafka_lag, instance: ckafka-1, group: g, region: gz, secret_id: '${{CANARY}}', secret_key: '${{CANARY}}',
     proxy: *road, endpoint: 'http://127.0.0.1:{closed}', every: 1s, fail_after: 1}}
redis_lists: [{{url: 'redis://127.0.0.1:{closed}/0', user: u, password: '${{CANARY}}'}}]
scrapes:
  - {{name: one, url: 'http://127.0.0.1:{closed}/metrics', bearer: '${{CANARY}}', every: 1s}}
  - {{name: two, url: 'http://127.0.0.1:{closed}/metrics', basic: {{user: u, password: '${{CANARY}}'}}, every: 1s}}
"""


def config(home: Path) -> str:
    return CONFIG.format(home=home, closed=free_port(), public=PUBLIC)


def inner(hint: Any) -> Iterator[Any]:
    """A type and whatever stands in its brackets."""
    yield hint
    for one in get_args(hint):
        yield from inner(one)


def secret_fields(cls: type, seen: set[type]) -> Iterator[str]:
    """Every field below this dataclass whose annotation has `Secret` anywhere in it."""
    if cls in seen:
        return
    seen.add(cls)
    for name, hint in get_type_hints(cls).items():
        kinds = list(inner(hint))
        if Secret in kinds:
            yield f"{cls.__name__}.{name}"
        for kind in kinds:
            if is_dataclass(kind) and isinstance(kind, type):
                yield from secret_fields(kind, seen)


def canaries(value: Any, where: str = "") -> Iterator[str]:
    """The fields below this value that hold a canary as a Secret."""
    if isinstance(value, Secret):
        if "canary" in value.reveal():
            yield where
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from canaries(one, where)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from canaries(one, where)
    elif is_dataclass(value):
        for one in fields(value):
            yield from canaries(getattr(value, one.name), f"{type(value).__name__}.{one.name}")


def test_every_secret_field_has_a_canary(tmp_path: Path) -> None:
    (tmp_path / "tocsin.yml").write_text(config(tmp_path))
    settings = load(tmp_path / "tocsin.yml", loading.catalog, ENVIRON).settings
    catalog = loading.catalog("")
    options = [handler.options for handler in catalog.handlers.values() if handler.options]
    kinds = [Settings, *catalog.senders.values(), *catalog.probes.values(), *options]
    seen: set[type] = set()
    wanted = {name for kind in kinds for name in secret_fields(kind, seen)}
    assert wanted >= {"Curve.secret_key", "Hmac.secret", "Webhook.headers", "Http.headers"}
    assert wanted == set(canaries(settings))
    # no Secret by its type, but it may hold one
    assert settings.probes["web"].probe.url.count(CANARY) == 2  # type: ignore[attr-defined]


def leaks(text: str) -> bool:
    return CANARY in text or KEY in text


def asked_over_zmq(daemon: Tocsind) -> list[bytes]:
    """What the ZeroMQ port tells a client that it knows by its key."""
    answers = []
    with zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.linger = 0
        socket.curve_serverkey = zmq.curve_public(KEY.encode())
        socket.curve_publickey, socket.curve_secretkey = PUBLIC.encode(), SECRET.encode()
        socket.connect(f"tcp://127.0.0.1:{daemon.zmq}")
        for method in ("status", "config.get", "probes.list", "channels.list"):
            socket.send_json({"jsonrpc": "2.0", "id": 1, "method": method})
            assert socket.poll(10_000), method
            answers.append(socket.recv())
    return answers


def asked(daemon: Tocsind) -> list[bytes]:
    """Everything that can be read from outside, and some things that fail."""
    token = {"Authorization": f"Bearer {CANARY}"}
    answers = [
        daemon.post("/webhook/locked", {"key": "a", "title": "b"}, **token)[1],
        daemon.post(
            f"/webhook/locked?token={CANARY}&x={CANARY}",
            {"key": "c", "title": "d", "more": f"see {CANARY}", CANARY: 1, "long": "x" * 16_000 + CANARY},
            **{"X-Else": CANARY},
        )[1],
        daemon.post(f"/webhook/nobody?token={CANARY}", {"key": "c"}, **token)[1],
        daemon.post(f"/webhook/locked?token={CANARY}x", {"key": "c"})[1],
        daemon.post("/webhook/signed", {"key": "a"}, **token)[1],
        daemon.post("/webhook/stamped", {"key": "a"}, **{"X-Sign": CANARY, "X-Time": "1"})[1],
        daemon.post("/webhook/basic", {"key": "a"}, Authorization="Basic dTpjYW5hcnk=")[1],
        daemon.post("/webhook/locked", b"{not json", **token)[1],
        daemon.request("GET", "/metrics", headers=token)[1],
        daemon.request("GET", "/ack/" + "A" * 40)[1],
        daemon.post(f"/ping/{CANARY}/3?rid=a", b"no space left")[1],
        daemon.post(f"/ping/{CANARY}x", b"")[1],
        daemon.request("GET", f"/ping/{CANARY}")[1],
        daemon.post(f"/receipts/tencent/{CANARY}", b"[]")[1],
        daemon.post(f"/receipts/tencent/{CANARY}x", b"[]")[1],
        daemon.post(f"/api/42/envelope/?sentry_key={CANARY}", b'{}\n{"type":"event","length":2}\n{}')[1],
        daemon.post(f"/api/42/envelope/?sentry_key={CANARY}", b'{}\n{"type":"event","length":2}\n{')[1],
        daemon.post(f"/api/42/store/?sentry_key={CANARY}x", b"{}", **{"X-Sentry-Auth": f"Sentry sentry_key={KEY}"})[1],
        daemon.post("/rpc", b"{}", Authorization=f"Bearer {CANARY}x")[1],
    ]
    reading = ["status", "channels.list", "deliveries.list", "alerts.list", "quarantine.list", "sources.list",
               "probes.list", "methods.list", "config.check", "config.get", "sentry.status",
               "errors.list"]  # fmt: skip
    calls = [(name, {}) for name in reading]
    calls += [("quarantine.show", {"id": f"Q{number}"}) for number in range(1, 7)]
    calls += [("alerts.get", {"id": "A1"}), ("deliveries.get", {"id": "D1"})]
    calls += [("alerts.explain", {"id": f"A{number}"}) for number in range(1, 33)]
    calls += [("alerts.explain", {"labels": {"a": "b"}}), ("config.replay", {})]
    calls += [("channels.test", {"channel": "sms", "to": "lin"}), ("channels.test", {"channel": "hook"})]
    calls += [
        ("channels.test", {"channel": "userinfo"}),
        ("probes.run", {"name": "web"}),
        ("probes.get", {"name": "heart"}),
    ]
    calls += [("probes.run", {"name": name}) for name in ("said", "cache", "other")]
    calls += [("channels.test", {"channel": name}) for name in ROOMS]
    calls += [("channels.test", {"channel": name, "to": "lin"}) for name in PERSONAL]
    calls += [("channels.schema", {}), ("quota.list", {})]
    for method, params in calls:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answers.append(daemon.post("/rpc", body, **token)[1])
    return answers + asked_over_zmq(daemon)


@pytest.mark.slow
def test_the_canary_never_shows(tmp_path: Path) -> None:
    text = config(tmp_path)
    with running(tmp_path, text, **ENVIRON) as daemon:
        answers = asked(daemon)
        daemon.configure(text.replace("type: aliyun_sms", "type: no_such_type"))
        token = {"Authorization": f"Bearer {CANARY}"}
        answers.append(daemon.post("/-/reload", b"", **token)[1])
        daemon.stop()
    results = [json.loads(answer) for answer in answers if answer.startswith(b"{")]
    assert sum("result" in result for result in results) >= 10, results
    shown = b"\n".join(answers).decode()
    # config.get, over both doors: ours, an SMS channel's, a node's, two probes'
    assert shown.count('"secret_key":"***"') == 10
    assert not leaks(shown)
    assert "see ***" in shown  # alerts.explain, of the body that was kept
    for file in ("stderr", "tocsin.log"):
        assert not leaks((tmp_path / file).read_text()), file
    assert (tmp_path / "tocsin.log").read_text().count("\n") > 5


@pytest.mark.slow
def test_the_canary_is_not_in_the_store_either(tmp_path: Path) -> None:
    with running(tmp_path, config(tmp_path), **ENVIRON) as daemon:
        asked(daemon)
        daemon.stop()
    for file in tmp_path.glob("tocsin.db*"):
        assert not leaks(file.read_bytes().decode(errors="replace")), file.name
