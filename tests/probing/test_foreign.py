"""Settings that another tocsin sends: whatever they hold, they are a probe or are refused in one short sentence."""

import dataclasses
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from daemon.control.memory import Memory
from daemon.errors import MethodError
from daemon.loading import probe_kinds
from daemon.methods import jsonrpc, probes
from daemon.methods.parts import Parts
from daemon.methods.table import Caller, Table
from daemon.probes.base import Probe
from daemon.reading import Health, Reading
from fake_clock import FakeClock

CANARY = "hush-7f3a"
KINDS = {name: kind for name, kind in probe_kinds().items() if kind.FOR_OTHERS}  # type: ignore[attr-defined]
CENTRE = Caller(name="centre", may=("look",))


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"x": [value]}
    return value


HOSTILE: list[Any] = [
    *(None, True, -1, 0, 2**63, 1.5e308, "", "\x00", "x" * 300_000, f"http://u:{CANARY}@[::1/", f"{CANARY}://{CANARY}"),
    *(["x"] * 10_000, [None], {}, {"a": 1}, {str(number): "x" for number in range(2_000)}, deep(300)),
    *("(a{1000}){1000}", "((((a{100}){100}){100}){100})", r"\pL{1000}" * 500, "[{", ["(a{1000}){1000}"] * 50),
]


class Looked:
    """Stands in for the scheduler: what came so far would have been looked at."""

    def run_for(self, plan: Any, place: str) -> Reading:
        assert plan.probe.target()
        plan.probe.is_near()
        return Reading(health=Health.UP, detail=place)


@pytest.fixture
def table() -> Table:
    table = Table()
    probes.add(table, cast("Parts", SimpleNamespace(scheduler=Looked(), probe_kinds=probe_kinds)))
    return table


def said(table: Table, name: str, settings: Any, **more: Any) -> str:
    params = msgspec.json.decode(msgspec.json.encode({"type": name, "settings": settings} | more))
    try:
        table.call("probes.run_once", params, CENTRE)
    except MethodError as error:
        return str(error)
    return ""


def needed(kind: type[Probe]) -> dict[str, Any]:
    """The least with which it can look."""
    known = {"url": "http://x/", "port": 9}
    missing = dataclasses.MISSING
    wanted = [one for one in dataclasses.fields(kind) if one.default is missing and one.default_factory is missing]
    return {one.name: known.get(one.name, "x.example.com") for one in wanted}


@pytest.mark.parametrize("name", KINDS)
def test_any_setting_may_hold_anything(name: str, table: Table) -> None:
    kind = cast("type[Probe]", KINDS[name])
    assert said(table, name, needed(kind)) == ""
    for setting in dataclasses.fields(kind):
        for value in HOSTILE:
            error = said(table, name, needed(kind) | {setting.name: value})
            assert len(error) <= 400
            assert CANARY not in error or "Secret" not in str(setting.type)


@pytest.mark.parametrize("texts", [["x" * 100_000], ['body ~ "(a{1000}){1000}"'] * 50, ["time < 1s"] * 51, ["\x00"]])
def test_conditions_that_cannot_be_used_are_refused_shortly(texts: list[str], table: Table) -> None:
    error = said(table, "tcp", {"host": "x", "port": 9}, down=texts)
    assert 0 < len(error) <= 400


@pytest.mark.parametrize("name", ["command", "log", "disk", "", "x" * 100_000])
def test_a_kind_that_touches_this_machine_is_refused_shortly(name: str, table: Table) -> None:
    assert "is run for others" in said(table, name, {})[:100]


def test_looks_for_others_are_neither_kept_nor_logged(table: Table, caplog: pytest.LogCaptureFixture) -> None:
    """A centre asks thousands of times an hour; a repeat only looks again."""
    memory = Memory(FakeClock())
    params = {"type": "tcp", "settings": {"host": CANARY, "port": 9}}
    question = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": "probes.run_once", "params": params})
    with caplog.at_level("DEBUG"):
        assert b'"up"' in (jsonrpc.answer(table, question, CENTRE, memory) or b"")
    assert not memory._entries
    assert caplog.text == ""
