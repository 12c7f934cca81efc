"""A canary in every secret field: not in repr, problems, warnings, the shown tree, log lines or tracebacks."""

import dataclasses
import io
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon import log
from daemon.config.load import Loaded
from daemon.config.settings import Log
from daemon.config.shown import redacted

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

CANARY = "canary/with+odd=chars"

TEXT = """\
listen: {http: "0.0.0.0:1", zmq: "tcp://*:2"}
auth:
  tokens: [{name: ops, token: "${CANARY}"}]
  curve: {secret_key: "${KEY}", clients: [{name: a, public: "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"}]}
sources:
  plain: {token: "${CANARY}", basic: {user: u, password: "a${CANARY}"}, hmac: "${CANARY}"}
channels:
  sms: {type: sms, key: "${CANARY}", url: "https://u:${CANARY}@sms.example.com/?token=${CANARY}",
        headers: {A: "${CANARY}"},
        extra: {password: "${CANARY}", nested: {Authorization: "${CANARY}"}}}
people: {lin: {phone: "+8613800000001"}}
receivers: [{name: ops, notify: [{by: [sms], to: [lin]}]}]
route: {receiver: ops}
probes: {p: {type: touch, host: h}}
"""
KEY = "canarycanarycanarycanarycanarycanary1234"


def leaks(shown: object) -> bool:
    return CANARY in str(shown) or KEY in str(shown)


def secrets_in(value: Any) -> int:
    """How many Secret fields there are, so that none is forgotten here."""
    return repr(value).count("Secret(***)")


def test_not_in_repr_nor_in_the_shown_tree(load_text: Load) -> None:
    loaded = load_text(TEXT, CANARY=CANARY, KEY=KEY)
    sms = loaded.settings.channels["sms"].sender
    hidden = dataclasses.replace(sms, url="https://x", extra=None)  # type: ignore[type-var]
    channel = dataclasses.replace(loaded.settings.channels["sms"], sender=hidden)
    found = dataclasses.replace(loaded.settings, channels={"sms": channel})
    assert secrets_in(found) == 7
    assert not leaks(repr(found))
    assert not leaks(loaded.warnings)
    tree = redacted(loaded.settings)
    assert not leaks(json.dumps(tree))
    assert tree["channels"]["sms"]["url"] == "https://***@sms.example.com/?token=***"
    assert tree["channels"]["sms"]["extra"] == {"password": "***", "nested": {"Authorization": "***"}}
    assert tree["sources"]["plain"]["hmac"]["secret"] == "***"
    assert tree["receivers"] == [
        {
            "name": "ops",
            "notify": [{"by": ["sms"], "to": ["lin"], "send_resolved": True}],
            "escalate": [],
            "storm": None,
        },
    ]
    route = {name: value for name, value in tree["route"].items() if value is not None}
    assert route == {
        "receiver": "ops",
        "matchers": [],
        "continue": False,
        "mute_time_intervals": [],
        "active_time_intervals": [],
        "routes": [],
    }
    assert tree["probes"]["p"] == {
        "type": "touch", "every": 60.0, "cron": None, "timezone": "UTC", "every_while_failing": None, "active": [],
        "fail_after": "2", "recover_after": "2",
        "steady": 3600.0, "second_opinion": True, "upside_down": False, "depends_on": [], "from": [], "quorum": None,
        "down": [], "degraded": [], "slo": None, "labels": {}, "timeout": 10.0, "host": "h",
        "port": 80,
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        "log: {level: '${CANARY}'}",
        "log: {keep: '${CANARY}'}",
        "limits: {read_timeout: '${CANARY}', body: '${CANARY}', header: '${CANARY}'}",
        "log: {format: 'x${CANARY}'}",
        "store: 'mysql://u:${CANARY}@h/d'",
        "store: '${CANARY}'",
        "listen: {http: '${CANARY}', zmq: '${CANARY}'}",
        "people: {wang: {phone: '${CANARY}'}}",
        "route: {receiver: '${CANARY}', routes: [{matchers: ['${CANARY}'], match_re: {a: '(${CANARY}'}}]}",
        "sources: {x: {handler: '${CANARY}'}, plain: {token: 'canary/with+odd=chars', wrong: 1}}",
        "sources: {'token:canary/with+odd=chars': {}, plain: {token:canary/with+odd=chars, x: 1}}",
        "channels: {a: {type: '${CANARY}'}, b: {type: sms, key: '${CANARY}', url: 'http://${CANARY}'}}",
        "auth: {tokens: [{name: '${CANARY}', token: a}, {name: '${CANARY}', token: '${CANARY}'}]}",
        "auth: {curve: {secret_key: '${CANARY}', clients: [{name: a, public: '${CANARY}'}]}}",
        "auth: {tokens: canary/with+odd=chars}",
        "auth: {tokens: [canary/with+odd=chars]}",
        "a: *canary/with+odd=chars",
        "a: !canary/with+odd=chars x",
        "auth: {tokens: [{token: canary/with+odd=chars, name: [}]}",
        "a: {b: 'canary/with+odd=chars}",
    ],
)
def test_not_in_what_is_said_about_a_bad_file(wrong: str, problems_of: Problems) -> None:
    sections = [part for part in wrong.split(":")[:1] if part]
    rest = "".join(
        line + "\n" for line in "receivers: [{name: ops}]\nroute: {receiver: ops}\n".splitlines()
        if line.partition(":")[0] not in sections
    )  # fmt: skip
    problems = problems_of(rest + wrong + "\n", CANARY=CANARY)
    if "'token:" in wrong:  # the name of a section is no place for a secret, but `token:…` without a space is
        problems = [problem for problem in problems if "sources.token" not in problem]
    assert problems
    assert not leaks(problems), problems


@pytest.mark.parametrize("format_", ["text", "json"])
def test_not_in_the_log(format_: str, load_text: Load, tmp_path: Path) -> None:
    found = load_text(TEXT, CANARY=CANARY, KEY=KEY).settings
    file = tmp_path / "log"
    log.configure(Log(file=str(file), format=format_))  # type: ignore[arg-type]
    logger = logging.getLogger("tocsin.test")
    try:
        logger.info("settings %s and %r, key %s", found, found, KEY, extra={"source": CANARY})
        logger.warning(f"url https://x/?t=canary%2Fwith%2Bodd%3Dchars {CANARY!r} {json.dumps(CANARY)}")  # noqa: G004
        try:
            raise ValueError(f"no {CANARY}")
        except ValueError:
            logger.exception("failed with %s", CANARY, stack_info=True)
    finally:
        log.configure(Log())
    written = file.read_text()
    assert written.count("\n") == 3
    assert not leaks(written)
    assert "canary%2F" not in written
    assert "no ***" in written


def test_not_when_the_configuration_is_refused(problems_of: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    problems_of("auth: {tokens: [{name: a, token: '${LATE}'}]}\n", LATE="late-canary-123")
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    log.configure(Log())
    logging.getLogger("tocsin.test").warning("late-canary-123")
    assert "***" in said.getvalue()
    assert "late-canary" not in said.getvalue()
