"""What is written is what is meant: types, references, kinds, routes as Alertmanager writes them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.config.load import Loaded, load
from daemon.config.settings import Settings
from daemon.errors import ConfigError
from daemon.matcher import Matcher
from daemon.registry import Catalog

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

GOOD = """\
channels: {hall: {type: room}}
receivers: [{name: ops, notify: [{by: [hall]}]}]
route: {receiver: ops}
"""


def settings(load_text: Load, text: str, **environ: str) -> Settings:
    return load_text(GOOD + text, **environ).settings


def test_texts_keep_what_yaml_would_make_of_them(load_text: Load) -> None:
    found = settings(
        load_text,
        """
people: {lin: {phone: +8613800000001, wecom: 007}}
sources: {plain: {token: 0123, labels: {version: 1.10, on: off, when: 2026-11-21, nothing: "", tilde: "~", no: 1e3}}}
link: 1_000
""",
    )
    assert found.people["lin"].phone == "+8613800000001"
    assert found.people["lin"].wecom == "007"
    token = found.sources["plain"].token
    assert token
    assert token.reveal() == "0123"
    assert found.sources["plain"].labels == {
        "version": "1.10",
        "on": "off",
        "when": "2026-11-21",
        "nothing": "",
        "tilde": "~",
        "no": "1e3",
    }
    assert found.link == "1_000"


@pytest.mark.parametrize(("text", "expected"), [("yes", True), ("Off", False), ("TRUE", True), ("'no'", False)])
def test_true_and_false_are_taken_in_all_of_yamls_words(text: str, expected: bool, load_text: Load) -> None:
    assert settings(load_text, f"auth: {{allow_unauthenticated: {text}}}").auth.allow_unauthenticated is expected


def test_durations_and_sizes_are_read_as_people_write_them(load_text: Load) -> None:
    found = settings(
        load_text, "limits: {read_timeout: 1h, idle_timeout: 90, body: 64KiB}\nlog: {max_bytes: 0, keep: +3}\n"
    )
    assert (found.limits.read_timeout, found.limits.idle_timeout, found.limits.body) == (3_600, 90, 65_536)
    assert (found.log.max_bytes, found.log.keep) == (0, 3)


def test_empty_sections_are_empty(load_text: Load) -> None:
    found = settings(load_text, "sources:\npeople: ~\nprobes: {}\nlog:\nauth: {tokens: }\n")
    assert (found.sources, found.people, found.probes, found.auth.tokens) == ({}, {}, {}, ())
    assert found.log == Settings().log


def test_references_are_followed_wherever_they_stand(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\r\n")
    (tmp_path / "token").chmod(0o600)
    found = settings(
        load_text,
        """
log: {file: "${DIR}/x-${NAME:-a b}-${EMPTY:-full}-$$-$1-$${N}.log", keep: "${KEEP}"}
link: ${LINK}
auth:
  tokens:
    - {name: one, token: "file:${DIR}/token"}
    - {name: two, token: "a${TWO}b"}
""",
        DIR=str(tmp_path),
        EMPTY="",
        KEEP="7",
        LINK="${DIR} file:/etc/passwd",
        TWO="$$",
    )
    assert found.log.file == f"{tmp_path}/x-a b-full-$-$1-${{N}}.log"
    assert found.log.keep == 7
    assert found.link == "${DIR} file:/etc/passwd"
    assert [token.token.reveal() for token in found.auth.tokens] == ["from a file", "a$$b"]


def test_a_value_from_the_environment_cannot_ask_for_a_file(load_text: Load) -> None:
    assert settings(load_text, "link: ${LINK}", LINK="file:/etc/hostname").link == "file:/etc/hostname"


def test_secret_files_that_cannot_be_had_are_problems(problems_of: Problems, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "big").write_bytes(b"x" * 65_537)
    (tmp_path / "empty").write_bytes(b"\n")
    tokens = "".join(
        f"    - {{name: {name}, token: 'file:{tmp_path}/{name}'}}\n" for name in ("gone", "binary", "big", "empty", ".")
    )
    found = problems_of(GOOD + "auth:\n  tokens:\n" + tokens + "    - {name: half, token: 'file:half'}\n")
    assert [problem.partition(": ")[2] for problem in found] == [
        f"auth.tokens[0].token: the file {tmp_path}/gone cannot be read: No such file or directory",
        f"auth.tokens[1].token: the file {tmp_path}/binary is not UTF-8: byte 0",
        f"auth.tokens[2].token: the file {tmp_path}/big is larger than 65536 bytes",
        "auth.tokens[3].token: the secret is empty; give it a value, or remove the line",
        f"auth.tokens[4].token: the file {tmp_path}/. is not a file",
        "auth.tokens[5].token: a secret's file is written with its full path: file:/path",
    ]


def test_an_empty_secret_never_opens_a_door(problems_of: Problems) -> None:
    text = GOOD + "sources:\n  plain:\n    token: ${T}\n  mapped:\n    path: a\n    token:\n"
    assert problems_of(text, T="") == [
        "tocsin.yml:6: sources.plain.token: the secret is empty; give it a value, or remove the line",
        "tocsin.yml:9: sources.mapped.token: has no value; write one, or remove the line",
    ]


def test_secrets_that_everybody_can_read_are_pointed_out(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc")
    (tmp_path / "token").chmod(0o644)
    text = f"{GOOD}sources: {{plain: {{token: plainly}}, mapped: {{path: a, token: 'file:{tmp_path}/token'}}}}\n"
    assert load_text(text, mode=0o644).warnings == [
        (
            "tocsin.yml:4: sources.plain.token: a secret in a file that everybody can read; write ${NAME} or "
            "file:/path, or "
            "chmod o-r it"
        ),
        "tocsin.yml:4: sources.mapped.token: everybody on this machine can read that file: chmod o-r it",
    ]
    (tmp_path / "token").chmod(0o600)
    assert load_text(text, mode=0o640).warnings == []


def test_a_source_has_the_common_settings_and_its_handlers_own(load_text: Load) -> None:
    source = settings(
        load_text,
        "sources: {shop: {handler: mapped, path: $.a, words: [on, 1], token: '${T}', hmac: '${T}'}}",
        T="s3cret",
    ).sources["shop"]
    assert (source.name, source.handler.name) == ("shop", "mapped")
    assert (source.options.path, source.options.words) == ("$.a", ("on", "1"))
    assert source.hmac
    assert source.hmac.secret.reveal() == "s3cret"
    assert source.hmac.algorithm == "sha256"


def test_a_channel_has_the_couriers_settings_and_its_senders_own(load_text: Load) -> None:
    text = """
channels:
  hall: {type: room}
  sms: {type: sms, key: "${K}", pool: 3, timeout: 2s, params: {name: "{{ alert.title }}"}, headers: {A: "${K}"},
        extra: {a: [1, ~, {b: "${K}"}]}}
people: {lin: {phone: +8613800000001}}
receivers: [{name: ops, notify: [{by: [sms, hall], to: [lin], send_resolved: no}]}]
route: {receiver: ops}
probes: {db: {type: touch, host: db, port: 5432, every: 30s, labels: {severity: critical}}}
"""
    found = load_text(text, K="kkkkkk").settings
    channel = found.channels["sms"]
    assert (channel.name, channel.type, channel.pool, channel.sender.timeout) == ("sms", "sms", 3, 2.0)
    assert channel.sender.params["name"].source == "{{ alert.title }}"  # type: ignore[attr-defined]
    assert channel.sender.extra == {"a": ["1", None, {"b": "kkkkkk"}]}  # type: ignore[attr-defined]
    assert found.receivers["ops"].notify[0].send_resolved is False
    plan = found.probes["db"]
    assert (plan.name, plan.probe.target(), plan.every, plan.labels) == ("db", "db", 30.0, {"severity": "critical"})


def test_what_a_constructor_refuses_is_a_problem_of_its_section(problems_of: Problems) -> None:
    text = GOOD + "channels2:\nprobes:\n"
    text = text.replace(
        "{hall: {type: room}}", "{hall: {type: room}, sms: {type: sms, key: '${K}', url: 'ftp://${K}'}}"
    )
    assert "tocsin.yml:1: channels.sms: ftp://*** is not an https address" in problems_of(
        text.replace("channels2:\n", "zzz: 1\n"), K="hunter2222"
    )


def test_a_template_that_does_not_compile_is_a_problem(problems_of: Problems) -> None:
    text = GOOD.replace("}}\n", "}, sms: {type: sms, key: '${K}', params: {a: '{{ b'}}}\n", 1)
    (problem,) = problems_of(text, K="kkkkkk")
    assert problem.startswith('tocsin.yml:1: channels.sms.params.a: "{{ b" line 1: ')


def test_a_route_tree_of_alertmanager_pastes_in_unchanged(load_text: Load) -> None:
    text = """\
channels: {hall: {type: room}}
receivers:
  - name: 'default-receiver'
    notify: [{by: [hall]}]
  - name: 'database-pager'
    notify: [{by: [hall]}]
  - name: 'team-X-mails'
    notify: [{by: [hall]}]
route:
  group_by: ['alertname', 'cluster', '...']
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  receiver: 'default-receiver'
  routes:
  - receiver: 'database-pager'
    group_wait: 10s
    matchers:
    - service=~"mysql|cassandra"
    - '{team="x", env!="dev"}'
    continue: true
    mute_time_intervals: [holidays]
  - match: {severity: critical}
    match_re: {service: ^(foo1|foo2|baz)$}
    receiver: team-X-mails
"""
    loaded = load_text(text)
    database, old = loaded.settings.route.routes
    assert database.matchers == (
        Matcher("service", "=~", "mysql|cassandra"),
        Matcher("team", "=", "x"),
        Matcher("env", "!=", "dev"),
    )
    assert database.continue_
    assert old.matchers == (Matcher("severity", "=", "critical"), Matcher("service", "=~", "^(foo1|foo2|baz)$"))
    assert loaded.warnings == [
        "tocsin.yml:10: route.group_by: is accepted, but has no effect yet",
        "tocsin.yml:11: route.group_wait: is accepted, but has no effect yet",
        "tocsin.yml:12: route.group_interval: is accepted, but has no effect yet",
        "tocsin.yml:13: route.repeat_interval: is accepted, but has no effect yet",
        "tocsin.yml:17: route.routes[0].group_wait: is accepted, but has no effect yet",
        "tocsin.yml:22: route.routes[0].mute_time_intervals: is accepted, but has no effect yet",
    ]


def test_routes_that_lead_nowhere_are_problems(problems_of: Problems) -> None:
    text = """\
channels: {hall: {type: room}}
receivers: [{name: ops, notify: [{by: [hall]}]}, {name: ops}]
route:
  matchers: [a=b]
  continue: true
  routes:
    - match_re: {a: '('}
      group_wait: soon
      routes: [{receiver: none}]
"""
    assert problems_of(text) == [
        "tocsin.yml:2: receivers.ops: stands twice; first at tocsin.yml:2",
        "tocsin.yml:3: route.receiver: is missing; name the receiver of what no other route takes",
        "tocsin.yml:4: route.matchers: the root route takes every alarm: move its matchers to a route below it",
        "tocsin.yml:5: route.continue: the root route has no sibling to go on with; remove it",
        "tocsin.yml:7: route.routes[0].match_re.a: '(' is not an RE2 pattern: missing ): (",
        'tocsin.yml:8: route.routes[0].group_wait: "soon" is not a duration; write for example 30s, 5m, 4h or 1h30m',
        'tocsin.yml:9: route.routes[0].routes[0].receiver: there is no receiver "none"',
    ]


def test_a_file_without_a_route_says_what_is_missing(problems_of: Problems) -> None:
    assert problems_of("listen: {}\n") == [
        "tocsin.yml:1: route.receiver: is missing; name the receiver of what no other route takes"
    ]


def test_a_leg_reaches_everybody_it_names(problems_of: Problems) -> None:
    text = """\
channels: {hall: {type: room}, sms: {type: sms, key: "${K}"}}
people: {lin: {email: lin@example.com}, wang: {phone: "13800000001"}}
receivers:
  - name: ops
    notify:
      - {by: [sms]}
      - {by: [sms, hall], to: [lin, wang]}
      - {by: [hall], to: [lin]}
      - {by: []}
      - {by: [hall, hall]}
route: {receiver: ops}
"""
    assert problems_of(text, K="kkkkkk") == [
        (
            "tocsin.yml:6: receivers.ops.notify[0].to: names nobody, but sms sends to a person's phone; "
            "write to: [somebody]"
        ),
        "tocsin.yml:7: receivers.ops.notify[1].to: lin has no phone, which sms needs; add people.lin.phone",
        "tocsin.yml:9: receivers.ops.notify[3].by: names no channel",
        'tocsin.yml:10: receivers.ops.notify[4].by: "hall" stands twice',
    ]


def test_what_is_never_used_is_pointed_out(load_text: Load) -> None:
    text = """\
channels: {hall: {type: room}, attic: {type: room}}
people: {lin: {}}
receivers: [{name: ops, notify: [{by: [hall]}]}, {name: night}, {name: quiet}]
route: {receiver: ops, routes: [{receiver: quiet}]}
store: sqlite:///tocsin.db
"""
    assert load_text(text).warnings == [
        "tocsin.yml:1: channels.attic: no receiver uses it",
        "tocsin.yml:2: people.lin: no receiver uses it",
        "tocsin.yml:3: receivers.night: no route uses it",
        "tocsin.yml:3: receivers.quiet: quiet tells nobody: its alarms are recorded only; give it `notify:`",
        "tocsin.yml:5: store: stands below the folder where tocsind is started; sqlite://// begins a full path",
    ]


def test_anchors_and_merges_are_understood(load_text: Load) -> None:
    text = (
        GOOD
        + "probes:\n  a: &p {type: touch, host: a, every: 5s}\n  b: {<<: *p, host: b}\n  c: {<<: [*p], every: 6s}\n"
    )
    probes = load_text(text).settings.probes
    assert [(probe.probe.target(), probe.every) for probe in probes.values()] == [("a", 5), ("b", 5), ("a", 6)]


def test_a_byte_order_mark_and_windows_lines_are_fine(load_text: Load) -> None:
    assert load_text(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()).settings.route.receiver == "ops"


def test_a_broken_handler_file_is_a_warning_until_a_source_needs_it(load_text: Load, problems_of: Problems) -> None:
    catalog = Catalog(
        handlers={},
        senders={"room": load_text(GOOD).catalog.senders["room"]},
        problems=["handlers.d/x.py:1: SyntaxError"],
    )
    assert load_text(GOOD, catalog=catalog).warnings == ["handlers.d/x.py:1: SyntaxError"]
    assert problems_of(GOOD + "sources: {x: {}}", catalog=catalog)[0].startswith(
        'tocsin.yml:4: sources.x.handler: there is no handler "x"'
    )


def test_the_handlers_folder_is_seen_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.yml"
    file.write_text("handlers_dir: ${D:-handlers.d}\nroute: {receiver: ops}\nreceivers: [{name: ops}]\n")
    asked: list[str] = []

    def catalog_of(folder: str) -> Catalog:
        asked.append(folder)
        return Catalog()

    loaded = load(file, catalog_of, {})
    assert asked == [str(tmp_path / "handlers.d")]
    assert loaded.settings.handlers_dir == str(tmp_path / "handlers.d")
    load(file, catalog_of, {"D": "/elsewhere"})
    assert asked[1:] == ["/elsewhere"]
    file.write_text("route: {receiver: ops}\nreceivers: [{name: ops}]\n")
    load(file, catalog_of, {})
    assert asked[2:] == [""]
    file.write_text("handlers_dir: [a]\n")
    with pytest.raises(ConfigError, match="handlers_dir: must be a single value"):
        load(file, catalog_of, {})
