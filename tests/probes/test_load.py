"""The load probe: what it remembers from look to look."""

import os
from pathlib import Path

import msgspec
import psutil
import pytest

from daemon.probes import load
from daemon.probes.base import Health, Past
from daemon.probes.load import Load
from daemon.units import Share
from probe_pages import shown_on_the_page

CPU = "cpu  {user} 0 100 {idle} {iowait} 0 0 {steal} {guest} 0\n"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc of our own, on which the processors have spent something."""
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    write(tmp_path)
    return tmp_path


def write(
    proc: Path, *, user: int = 1000, idle: int = 8000, iowait: int = 500, steal: int = 400, guest: int = 300
) -> None:
    proc.joinpath("stat").write_text(
        CPU.format(user=user, idle=idle, iowait=iowait, steal=steal, guest=guest) + "btime 1\n"
    )


def after(notes: bytes | None) -> Past:
    assert notes is not None
    return Past(now=0.0, notes=notes)


def test_it_says_what_the_kernel_says() -> None:
    reading = Load(most_per_core=1e6).look()
    assert reading.health is Health.UP
    assert [reading.values[f"load.{minutes}"] for minutes in (1, 5, 15)] == pytest.approx(os.getloadavg(), abs=0.5)
    assert reading.values["per_core.5"] == reading.values["load.5"] / reading.values["cores"]
    assert set(reading.values) <= set(Load.gives())


def test_the_first_look_does_not_know_how_busy_they_were() -> None:
    assert not {"cpu", "cpu.iowait", "cpu.steal"} & set(Load().look().values)


def test_the_next_look_says_what_was_spent_in_between(machine: Path) -> None:
    notes = Load().look().notes
    write(machine, user=1250, idle=8500, iowait=600, steal=550, guest=350)
    values = Load().look_on(after(notes)).values
    # 250 user (50 of it a guest's), 500 idle, 100 waiting, 150 stolen: a thousand
    assert (values["cpu"], values["cpu.iowait"], values["cpu.steal"]) == pytest.approx((40, 10, 15))


def test_too_busy_is_down(machine: Path) -> None:
    notes = Load().look().notes
    write(machine, user=1900, idle=8100)
    reading = Load(most_per_core=1e6, most_cpu=Share(fraction=0.8)).look_on(after(notes))
    assert reading.health is Health.DOWN
    assert reading.detail == "processors: 90.0% used, at most 80% allowed"


@pytest.mark.usefixtures("machine")
def test_two_looks_at_the_same_instant_do_not_divide_by_nothing() -> None:
    assert "cpu" not in Load().look_on(after(Load().look().notes)).values


def test_what_was_spent_before_a_restart_of_the_machine_is_forgotten(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Load().look().notes
    write(machine, user=90_000, idle=90_000)
    boot = tmp_path / "boot_id"
    boot.write_text("another\n")
    monkeypatch.setattr(load, "BOOT", boot)
    assert "cpu" not in Load().look_on(after(notes)).values


def test_a_counter_that_goes_back_makes_no_negative_share(machine: Path) -> None:
    notes = Load().look().notes
    write(machine, idle=9000, iowait=400)
    values = Load().look_on(after(notes)).values
    assert (values["cpu"], values["cpu.iowait"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    "notes",
    [
        b"rubbish",
        b"\xc1",
        b"\x80",
        msgspec.msgpack.encode({"boot": 1}),
        msgspec.msgpack.encode({"boot": load._boot(), "total": float("nan"), "busy": 0, "iowait": 0, "steal": 0}),
        msgspec.msgpack.encode({"boot": load._boot(), "total": float("-inf"), "busy": 0, "iowait": 0, "steal": 0}),
        msgspec.msgpack.encode(
            {"boot": load._boot(), "total": 0, "busy": float("nan"), "iowait": 1e308, "steal": -1e308}
        ),
        b"\x00" * 100_000,
    ],
)
def test_rubbish_in_its_notes_is_no_harm(notes: bytes) -> None:
    reading = Load(most_per_core=1e6).look_on(Past(now=0.0, notes=notes))
    assert reading.is_well
    assert all(0 <= reading.values[name] <= 100 for name in reading.values if name.startswith("cpu"))
    assert reading.notes


def test_a_kernel_that_says_nothing_is_not_known_and_its_notes_are_kept(machine: Path) -> None:
    notes = Load().look().notes
    (machine / "stat").unlink()
    reading = Load().look_on(after(notes))
    assert reading.health is Health.UNKNOWN
    assert reading.notes == notes


def test_a_load_that_is_too_high_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "getloadavg", lambda: (1.0, 900.0, 3.0))
    monkeypatch.setattr(psutil, "cpu_count", lambda: 100)
    reading = Load().look()
    assert reading.health is Health.DOWN
    assert reading.detail == "load of 9.00 a processor, at most 5 allowed"
    assert reading.evidence["load"] == "load 1.00, 900.00, 3.00 on 100 processors"


def test_whoever_has_conditions_on_a_value_says_what_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "getloadavg", lambda: (1.0, 900.0, 3.0))
    monkeypatch.setattr(psutil, "cpu_count", lambda: 100)
    assert Load().yielding({"per_core.1"}).look().is_well
    assert not Load().yielding({"cpu"}).look().is_well
    assert not Load(most_per_core=6).yielding({"load.5"}).look().is_well


def test_it_is_near_and_for_nobody_else() -> None:
    assert Load().is_near()
    assert not Load.FOR_OTHERS


def test_the_example_of_its_page_can_be_used(tmp_path: Path) -> None:
    shown = shown_on_the_page("load", tmp_path)
    assert set(shown) == {"load"}
    assert {type(one) for one in shown.values()} == {Load}
