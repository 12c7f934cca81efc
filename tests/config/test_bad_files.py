"""Everything that is wrong is said at once, each with its line, its path and what would be right."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.config.load import load
from daemon.errors import ConfigError
from daemon.registry import Catalog

Problems = Callable[..., list[str]]

GOOD = """\
channels: {hall: {type: room}}
receivers: [{name: ops, notify: [{by: [hall]}]}]
route: {receiver: ops}
"""

WAYS = "dingtalk, email, feishu, lang, phone, slack, telegram, wecom"

# what is written, and the lines that answer it; GOOD stands above it, so it begins in line 4
TABLE: dict[str, tuple[str, list[str]]] = {
    "a misspelt section": (
        "souces: {}\n",
        ['tocsin.yml:4: unknown key "souces"; did you mean "sources"?'],
    ),
    "a misspelt setting": (
        "log:\n  levl: info\n",
        ['tocsin.yml:5: log: unknown key "levl"; did you mean "level"?'],
    ),
    "a setting that nothing resembles": (
        "listen: {zzz: 1}\n",
        [
            (
                'tocsin.yml:4: listen: unknown key "zzz"; known here: http, statsd, statsd_stream, statsd_unix, syslog,'
                " syslog_unix, zmq"
            )
        ],
    ),
    "no space after a colon": (
        "log: {level:debug}\n",
        ['tocsin.yml:4: log: unknown key "level:…"; a space is missing after the colon'],
    ),
    "a word for a number": (
        "log:\n  keep: many\n",
        ['tocsin.yml:5: log.keep: "many" is not a whole number; write for example 100'],
    ),
    "a number that is too small": (
        "limits: {concurrent: 0}\n",
        ['tocsin.yml:4: limits.concurrent: "0" is too small; at least 1'],
    ),
    "a number that is too large": (
        "limits: {events: 100001}\n",
        ['tocsin.yml:4: limits.events: "100001" is too large; at most 100,000'],
    ),
    "a negative number of bytes": (
        "log: {max_bytes: -1}\n",
        ['tocsin.yml:4: log.max_bytes: "-1" is not a size; write for example 64KB, 50MB or 1GB'],
    ),
    "a duration without its unit": (
        "limits: {read_timeout: 10 sec}\n",
        ['tocsin.yml:4: limits.read_timeout: "10 sec" is not a duration; write for example 30s, 5m, 4h or 1h30m'],
    ),
    "what YAML 1.1 reads as 90": (
        "limits: {read_timeout: 1:30}\n",
        ['tocsin.yml:4: limits.read_timeout: "1:30" is not a duration; write for example 30s, 5m, 4h or 1h30m'],
    ),
    "an endless duration": (
        "limits: {read_timeout: .inf}\n",
        ['tocsin.yml:4: limits.read_timeout: ".inf" is not a duration; write for example 30s, 5m, 4h or 1h30m'],
    ),
    "a duration beyond all bounds": (
        "retention: {alerts: 999999999999y}\n",
        ['tocsin.yml:4: retention.alerts: "999999999999y" is too large; at most 3,153,600,000s'],
    ),
    "neither true nor false": (
        "auth: {allow_unauthenticated: maybe}\n",
        ['tocsin.yml:4: auth.allow_unauthenticated: "maybe" is neither true nor false'],
    ),
    "a choice that is none": (
        "log: {format: jsn}\n",
        ['tocsin.yml:4: log.format: "jsn" is not one of text, json; did you mean "json"?'],
    ),
    "a list for a text": (
        "log: {file: [a]}\n",
        ["tocsin.yml:4: log.file: must be a single value, not a list or mapping"],
    ),
    "a text for a section": (
        "listen: 0.0.0.0:80\n",
        ["tocsin.yml:4: listen: must be a mapping: lines of `name: value`, indented below it"],
    ),
    "a text for a list": (
        "auth: {tokens: abc}\n",
        ["tocsin.yml:4: auth.tokens: must be a list: write [one, two], or lines that begin with `- `"],
    ),
    "no value": (
        "log:\n  file:\n",
        ["tocsin.yml:5: log.file: has no value; write one, or remove the line"],
    ),
    "a missing setting": (
        "auth:\n  tokens:\n    - name: ops\n",
        ["tocsin.yml:6: auth.tokens[0].token: is missing (sent as Authorization: Bearer or X-Tocsin-Token)"],
    ),
    "a label of a probe that is tocsin's own": (
        "probes:\n  db: {type: touch, host: db, labels: {verdict: up}}\n  'a|b': {type: touch, host: db}\n",
        [
            "tocsin.yml:5: probes.db.labels: the label verdict is set by tocsin; choose another",
            "tocsin.yml:6: probes.a|b: a probe's name has no |, which its alarms' keys have behind it",
        ],
    ),
    "a right that does not exist": (
        "auth: {tokens: [{name: a, token: '${T}', may: [write]}]}\n",
        ['tocsin.yml:4: auth.tokens[0].may[0]: "write" is not one of read, look, act, admin'],
    ),
    "the same token name twice": (
        "auth: {tokens: [{name: a, token: '${T}'}, {name: a, token: '${U}'}]}\n",
        ['tocsin.yml:4: auth.tokens[1].name: "a" stands twice; each token has its own name'],
    ),
    "keys that are none": (
        "auth:\n  curve:\n    secret_key: '${T}'\n    clients: [{name: a, public: short}]\n",
        [
            "tocsin.yml:6: auth.curve.secret_key: is not a key: 40 characters of Z85, as `tocsinctl keygen` prints",
            (
                "tocsin.yml:7: auth.curve.clients[0].public: is not a key: 40 characters of Z85, as `tocsinctl keygen` "
                "prints"
            ),
        ],
    ),
    "an unknown handler": (
        "sources: {plan: {}}\n",
        [
            (
                'tocsin.yml:4: sources.plan.handler: there is no handler "plan"; it is the source\'s name, and '
                '`handler:` can name another; did you mean "plain"?'
            )
        ],
    ),
    "an unknown handler by name": (
        "sources: {shop: {handler: xyz}}\n",
        ['tocsin.yml:4: sources.shop.handler: there is no handler "xyz"; there are mapped, plain'],
    ),
    "a handler's own settings": (
        "sources: {shop: {handler: mapped, wrds: [a], token: []}}\n",
        [
            "tocsin.yml:4: sources.shop.token: must be a single value, not a list or mapping",
            "tocsin.yml:4: sources.shop.path: is missing",
            'tocsin.yml:4: sources.shop: unknown key "wrds"; did you mean "words"?',
        ],
    ),
    "a source that no address can hold": (
        "sources: {a/b: {handler: plain}, tocsin: {handler: plain}, probe: {handler: plain}}\n",
        [
            "tocsin.yml:4: sources.a/b: the name is part of an address: letters, digits, and . _ ~ - between them",
            "tocsin.yml:4: sources.tocsin: the name is taken by tocsin's alarms about itself; choose another",
            "tocsin.yml:4: sources.probe: the name is taken by the probes' alarms; choose another",
        ],
    ),
    "a user name with a colon": (
        "sources: {plain: {basic: {user: 'a:b', password: '${T}'}}}\n",
        ["tocsin.yml:4: sources.plain.basic.user: HTTP basic has no way to send a user name with a colon"],
    ),
    "a channel without a type": (
        "channels2: {}\nprobes: {a: {host: b}}\n",
        [
            'tocsin.yml:4: unknown key "channels2"; did you mean "channels"?',
            "tocsin.yml:5: probes.a.type: is missing; one of touch",
        ],
    ),
    "a probe that looks too often": (
        "probes:\n  db:\n    type: touch\n    host: db\n    port: 70000\n    every: 500ms\n",
        [
            'tocsin.yml:8: probes.db.port: "70000" is too large; at most 65,535',
            'tocsin.yml:9: probes.db.every: "500ms" is too small; at least 1s',
        ],
    ),
    "a phone number that is none": (
        "people: {lin: {phone: call me}}\n",
        ['tocsin.yml:4: people.lin.phone: "call me" is not a number; write for example +8613800000001'],
    ),
    "addresses that nothing reads": (
        "people: {lin: {phone: 1234567, fax: 1234568}}\nlink: http://tocsin\n",
        [
            f'tocsin.yml:4: people.lin: unknown key "fax"; known here: {WAYS}',
            'tocsin.yml:5: unknown key "link"; did you mean "links"?',
        ],
    ),
    "a store that is not built": (
        "store: postgresql://u:hunter22@db/tocsin\n",
        ["tocsin.yml:4: store: PostgreSQL is not built yet; write sqlite:////var/lib/tocsin/tocsin.db"],
    ),
    "a store that is none": (
        "store: mysql://u:hunter22@db/tocsin\n",
        [
            (
                'tocsin.yml:4: store: "mysql://***@db/tocsin" is not a store; write sqlite:/// and the file\'s path: '
                "sqlite:////var/lib/tocsin/tocsin.db"
            )
        ],
    ),
    "addresses that are none": (
        "listen:\n  http: 8420\n  zmq: 127.0.0.1:8421\n",
        [
            (
                'tocsin.yml:5: listen.http: "8420" is not an address; write host:port, for example 127.0.0.1:8420 or '
                "[::1]:8420"
            ),
            (
                'tocsin.yml:6: listen.zmq: "127.0.0.1:8421" is not a ZeroMQ endpoint; write tcp://127.0.0.1:8421 or '
                "ipc:///run/tocsin/ipc/control"
            ),
        ],
    ),
    "an unset variable": (
        "log: {file: '${NOWHERE}/a'}\n",
        ["tocsin.yml:4: log.file: the environment variable NOWHERE is not set; set it, or write ${NOWHERE:-otherwise}"],
    ),
    "half a reference": (
        "log: {file: 'a ${ b'}\n",
        ["tocsin.yml:4: log.file: ${ begins a reference: write ${NAME}, or $${ when it is meant as it stands"],
    ),
    "a duplicate key": (
        "log: {level: info, level: debug}\n",
        ['tocsin.yml:4: "level" stands twice; first in line 4'],
    ),
    "a duplicate section": (
        "route: {receiver: ops}\n",
        ['tocsin.yml:4: "route" stands twice; first in line 3'],
    ),
    "unquoted braces": (
        "store: {{ x }}\n",
        [
            "tocsin.yml:4: a key must be a plain word; a {{ }} in a value needs quotes",
            "tocsin.yml:4: store: must be a single value, not a list or mapping",
        ],
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_says_what_is_wrong_and_where(case: str, problems_of: Problems) -> None:
    written, expected = TABLE[case]
    assert sorted(problems_of(GOOD + written, T="secret-T", U="secret-U")) == sorted(expected)


def test_all_problems_of_a_file_come_at_once_in_its_order(problems_of: Problems) -> None:
    text = """\
channels:
  sms: {type: sms, pool: many}
  hall: {type: rom}
people: {lin: {}}
receivers:
  - name: ops
    notify: [{by: [sms, hal], to: [lin, wang]}]
route:
  receiver: opps
  routes: [{receiver: ops, matchers: ['a~b']}, {receiver: nobody}]
"""
    assert problems_of(text) == [
        'tocsin.yml:2: channels.sms.pool: "many" is not a whole number; write for example 100',
        "tocsin.yml:2: channels.sms.key: is missing",
        'tocsin.yml:3: channels.hall.type: there is no type "rom"; did you mean "room"?',
        'tocsin.yml:7: receivers.ops.notify[0].by: there is no channel "hal"; did you mean "hall"?',
        'tocsin.yml:7: receivers.ops.notify[0].to: there is no person "wang"',
        'tocsin.yml:9: route.receiver: there is no receiver "opps"; did you mean "ops"?',
        (
            "tocsin.yml:10: route.routes[0].matchers[0]: 'a~b' is not a matcher: write name=\"value\" with one "
            "of = != =~ !~ "
            "between them"
        ),
        'tocsin.yml:10: route.routes[1].receiver: there is no receiver "nobody"',
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "tocsin.yml:1: there is nothing in it; etc/tocsin.yml of the source is a working example"),
        ("# nothing\n---\n", "tocsin.yml:1: there is nothing in it; "),
        ("a: [1\nb: 2\n", "tocsin.yml:2: cannot be read as YAML: "),
        ("log:\n\tlevel: info\n", "tocsin.yml:2: cannot be read as YAML: a tab is used for indentation; write spaces"),
        ("log: {}\n---\nlog: {}\n", "tocsin.yml:2: a second document begins here; one file is one document"),
        ("auth: {tokens: ${T}}\n", "tocsin.yml:1: cannot be read as YAML: a ${NAME} between { and } needs quotes"),
        ("- a\n", "tocsin.yml:1: must be a mapping: lines such as `listen:`, with what belongs to it below"),
        ("just words\n", "tocsin.yml:1: must be a mapping: "),
        ("a: *nobody\n", "tocsin.yml:1: there is no such anchor; a text that begins with * needs quotes"),
        ("a: &x [*x]\n", "tocsin.yml:1: there is no such anchor; a text that begins with * needs quotes"),
        ("a: !secret x\n", "tocsin.yml:1: tags are not understood; a text that begins with ! needs quotes"),
        ("a: !!python/object:os.system x\n", "tocsin.yml:1: tags are not understood; "),
        ("a: b\nc: \x07\n", "tocsin.yml:2: the character U+0007 is not allowed in YAML; remove it"),
        (b"a: b\nc: \xff\xfe\n", "tocsin.yml:2: is not UTF-8; save it as UTF-8"),
        ("a: " + "[" * 100 + "]" * 100, "tocsin.yml:1: is nested deeper than 40 levels"),
        ("a: " + "[" * 300_000, "tocsin.yml:1: is nested deeper than 40 levels"),
        ("a: b\n" * 3_400_000, "tocsin.yml is larger than 16777216 bytes"),
    ],
)
def test_what_is_not_yaml_is_one_line(text: str | bytes, expected: str, problems_of: Problems) -> None:
    (problem,) = problems_of(text)
    assert expected in problem


def test_a_billion_laughs_are_refused(problems_of: Problems) -> None:
    text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdefghij", "abcdefghi", strict=True):
        text += f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n"
    (problem,) = problems_of(text)
    assert "holds more than 500000 values, aliases counted in full" in problem


def test_a_file_that_is_not_there_or_not_a_file_is_said_in_a_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, expected in {
        "gone.yml": "cannot be read: No such file or directory",
        ".": "is not a file",
        "pipe": "is not a file",
        "a\0b": "embedded null byte",
    }.items():
        with pytest.raises(ConfigError) as caught:
            load(tmp_path / name, lambda _: Catalog(), {})
        assert expected in caught.value.problems[0], name


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_said_in_a_line(problems_of: Problems) -> None:
    (problem,) = problems_of(GOOD, mode=0o000)
    assert problem == "tocsin.yml:1: tocsin.yml cannot be read: Permission denied"


def test_a_catalog_that_cannot_be_made_is_a_problem_like_any_other(tmp_path: Path) -> None:
    def broken(_: str) -> Catalog:
        raise ConfigError(["two handlers are called 'a'"])

    file = tmp_path / "tocsin.yml"
    file.write_text(GOOD)
    with pytest.raises(ConfigError, match="two handlers"):
        load(file, broken, {})


def test_every_problem_is_one_line_whatever_is_written(problems_of: Problems) -> None:
    text = GOOD + 'log: {"a\\nb\\x1b": 1, level: "x\\ny\\u2028z"}\nlink: "${A}"\n'
    for problem in problems_of(text):
        assert problem.isprintable(), repr(problem)
