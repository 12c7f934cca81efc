"""The memory probe on this machine, and on machines that are written down."""

from pathlib import Path

import psutil
import pytest

from daemon.probes.base import Health
from daemon.probes.machine.capacity import check_percent, shown, sized
from daemon.probes.memory import Memory
from daemon.units import Bytes, Share
from probe_pages import shown_on_the_page

GB = 1024**3


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc of our own: 8 GB of which 2 are available, no swap."""
    (tmp_path / "vmstat").write_text("pswpin 0\npswpout 0\n")
    write(tmp_path, available=2)
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    return tmp_path


def write(proc: Path, *, available: float, swap: float = 0, swap_free: float = 0) -> None:
    sizes = {
        "MemTotal": 8,
        "MemFree": 1,
        "MemAvailable": available,
        "Buffers": 0,
        "Shmem": 0,
        "Cached": 1,
        "Active": 1,
        "Inactive": 1,
    }
    sizes |= {"SwapTotal": swap, "SwapFree": swap_free}
    proc.joinpath("meminfo").write_text(
        "".join(f"{name}: {int(size * GB / 1024)} kB\n" for name, size in sizes.items())
    )


def test_it_says_what_the_kernel_says() -> None:
    reading = Memory(most_used=Share(fraction=1.0)).look()
    memory = psutil.virtual_memory()
    assert reading.health is Health.UP
    assert reading.values["total"] == memory.total
    assert reading.values["used"] == pytest.approx(memory.percent, abs=5)
    assert set(reading.values) <= set(Memory.gives())


@pytest.mark.usefixtures("machine")
def test_a_machine_without_swap_has_no_value_of_it() -> None:
    reading = Memory().look()
    assert reading.values == {"used": 75.0, "available": 2 * GB, "total": 8 * GB}
    assert reading.detail == "75.0% used, 2.0 GB of 8.0 GB available"


def test_too_much_in_use_is_down(machine: Path) -> None:
    write(machine, available=0.2)
    reading = Memory().look()
    assert reading.health is Health.DOWN
    assert reading.detail == "memory: 97.5% used, at most 95% allowed"


@pytest.mark.usefixtures("machine")
def test_too_little_available_is_down() -> None:
    reading = Memory(least_available=Bytes(3 * GB)).look()
    assert reading.detail == "2.0 GB available, at least 3.0 GB wanted"
    assert reading.health is Health.DOWN


def test_swap_that_is_full_is_down_only_when_that_is_asked(machine: Path) -> None:
    write(machine, available=4, swap=2, swap_free=0)
    assert Memory().look().is_well
    reading = Memory(most_swap=Share(fraction=0.5)).look()
    assert reading.detail == "swap: 100.0% used, at most 50% allowed"
    assert (reading.values["swap"], reading.values["swap.free"]) == (100.0, 0)


def test_whoever_has_conditions_on_a_value_says_what_is_well(machine: Path) -> None:
    write(machine, available=0.1)
    assert not Memory().yielding({"available"}).look().is_well
    assert Memory().yielding({"used"}).look().is_well
    assert not Memory(most_used=Share(fraction=0.9)).yielding({"used"}).look().is_well


@pytest.mark.parametrize("text", [None, "", "MemTotal: x kB\n", "\0\0\0"])
def test_a_kernel_that_says_nothing_is_not_known(machine: Path, text: str | None) -> None:
    (machine / "meminfo").unlink()
    if text is not None:
        (machine / "meminfo").write_text(text)
    reading = Memory().look()
    assert reading.health is Health.UNKNOWN
    assert reading.values == {}


def test_it_is_near_and_for_nobody_else() -> None:
    assert Memory().is_near()
    assert not Memory.FOR_OTHERS


def test_a_limit_is_in_per_cent() -> None:
    check_percent(Share.parse("95%"))
    for text in ("95", "0%", "0"):
        with pytest.raises(ValueError, match="per cent"):
            check_percent(Share.parse(text))


def test_what_is_not_all_is_never_shown_as_all() -> None:
    assert (shown(99.97), shown(100.0), shown(0.04)) == ("99.9%", "100.0%", "0.0%")


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KB"), (3 * 1024**5, "3072.0 TB")]
)
def test_sizes_as_people_read_them(count: int, text: str) -> None:
    assert sized(count) == text


def test_the_example_of_its_page_can_be_used(tmp_path: Path) -> None:
    shown = shown_on_the_page("memory", tmp_path)
    assert set(shown) == {"memory"}
    assert {type(one) for one in shown.values()} == {Memory}
