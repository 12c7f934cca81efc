"""What is written is what is meant: types, references, kinds, routes as Alertmanager writes them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from daemon.config.load import Loaded, load
from daemon.config.settings import Settings
from daemon.errors import ConfigError, HandlerBroken
from daemon.event import Severity
from daemon.hook import Hook
from daemon.notice import Acceptance, Message
from daemon.registry import Catalog, Handler
from daemon.senders.base import Sender

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

GOOD = """\
channels: {hall: {type: room}}
receivers: [{name: ops, notify: [{by: [hall]}]}]
route: {receiver: ops}
"""


@dataclass(frozen=True, kw_only=True)
class Room(Sender):
    def send(self, message: Message) -> Acceptance:
        return Acceptance(detail=message.title)


def settings(load_text: Load, text: str, **environ: str) -> Settings:
    return load_text(GOOD + text, **environ).settings


def test_texts_keep_what_yaml_would_make_of_them(load_text: Load) -> None:
    found = settings(
        load_text,
        """
people: {lin: {phone: +8613800000001}, wang: {phone: 0086138}}
sources: {plain: {token: 0123, labels: {version: 1.10, on: off, when: 2026-11-21, nothing: "", tilde: "~", no: 1e3}}}
log: {file: 1_000}
""",
    )
    assert found.people["lin"].phone == "+8613800000001"
    assert found.people["wang"].phone == "0086138"
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
    assert found.log.file == "1_000"


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
handlers_dir: /${LINK}
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
    assert found.handlers_dir == "/${DIR} file:/etc/passwd"
    assert [token.token.reveal() for token in found.auth.tokens] == ["from a file", "a$$b"]


def test_a_value_from_the_environment_cannot_ask_for_a_file(load_text: Load) -> None:
    assert settings(load_text, "log: {file: '${LINK}'}", LINK="file:/etc/hostname").log.file == "file:/etc/hostname"


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


def test_the_odd_options_of_somebodys_handler_are_problems_and_nothing_else(problems_of: Problems) -> None:
    def catalog(options: type) -> Catalog:
        return Catalog(
            handlers={"odd": Handler(name="odd", handle=lambda _: [], samples={}, options=options)},
            senders={"room": Room},
        )

    @dataclass(frozen=True, kw_only=True)
    class Unresolved:
        a: "NoSuchType" = None  # type: ignore[name-defined]  # noqa: F821

    @dataclass(frozen=True, kw_only=True)
    class Impossible:
        a: complex = 1j
        b: int | str = 1

    @dataclass(frozen=True, kw_only=True)
    class Rude:
        a: str = "a"

        def __post_init__(self) -> None:
            raise KeyError(self.a)

    @dataclass(frozen=True, kw_only=True)
    class Taken:
        token: str = ""

    text = GOOD + "sources: {odd: {a: x, b: y, token: '${T}'}}\n"
    for options, expected in {
        Unresolved: "the settings of Unresolved cannot be read: name 'NoSuchType' is not defined",
        Impossible: "sources.odd.b: the program gives this setting a type that no file can hold: int | str",
        Rude: "sources.odd: 'x'",
        Taken: "Taken has settings that it cannot have, for all have them: token",
    }.items():
        assert any(expected in one for one in problems_of(text, catalog=catalog(options), T="s3cret")), options


def test_words_of_an_enumeration_and_sets_are_settings_too(load_text: Load) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Options:
        worst: Severity = Severity.ERROR
        others: frozenset[Severity] = frozenset()
        ratio: float | None = 0.5

    odd = Handler(name="odd", handle=lambda _: [], samples={}, options=Options)
    loaded = load_text(
        GOOD + "sources: {odd: {worst: critical, others: [info, info], ratio: ~}}",
        catalog=Catalog(handlers={"odd": odd}, senders={"room": Room}),
    )
    options = loaded.settings.sources["odd"].options
    assert options == Options(worst=Severity.CRITICAL, others=frozenset({Severity.INFO}), ratio=None)


def test_a_template_that_does_not_compile_is_a_problem(problems_of: Problems) -> None:
    text = GOOD.replace("}}\n", "}, sms: {type: sms, key: '${K}', params: {a: '{{ b'}}}\n", 1)
    (problem,) = problems_of(text, K="kkkkkk")
    assert problem.startswith('tocsin.yml:1: channels.sms.params.a: "{{ b" line 1: ')


def test_anchors_and_merges_are_understood(load_text: Load) -> None:
    text = (
        GOOD
        + "probes:\n  a: &p {type: touch, host: a, every: 5s}\n  b: {<<: *p, host: b}\n  c: {<<: [*p], every: 6s}\n"
    )
    probes = load_text(text).settings.probes
    assert [(probe.probe.target(), probe.every) for probe in probes.values()] == [("a", 5), ("b", 5), ("a", 6)]


def test_a_byte_order_mark_and_windows_lines_are_fine(load_text: Load) -> None:
    assert load_text(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()).settings.route.receiver == "ops"


def test_a_broken_handler_file_closes_no_door_but_its_own(load_text: Load) -> None:
    catalog = Catalog(
        handlers={},
        senders={"room": Room},
        problems=["handlers.d/x.py:1: SyntaxError"],
    )
    assert load_text(GOOD, catalog=catalog).warnings == ["handlers.d/x.py:1: SyntaxError"]
    loaded = load_text(GOOD + "sources: {x: {its_own: setting}}", catalog=catalog)
    assert loaded.warnings[1].startswith('tocsin.yml:4: sources.x: its handler "x" could not be loaded')
    with pytest.raises(HandlerBroken, match="'x' could not be loaded"):
        loaded.settings.sources["x"].handler.handle(Hook(source="x", body=b"{}"))


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
