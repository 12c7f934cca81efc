"""How busy is this machine?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import msgspec
import psutil

from daemon.probes.base import Fact, Health, OfThisMachine, Past, Reading, Rules, probe
from daemon.probes.machine.capacity import ALL, UNREADABLE, check_percent, over, percent, shown
from daemon.reading import unpacked
from daemon.units import Share

BOOT = Path("/proc/sys/kernel/random/boot_id")  # another one at each start of the machine, and of no other


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds that the processors have spent since the machine started."""

    boot: str
    total: float
    busy: float
    iowait: float
    steal: float


@probe("load")
@dataclass(frozen=True, kw_only=True)
class Load(OfThisMachine):
    """Ask the kernel for the load, and how much processor time went by since the last look."""

    GIVES: ClassVar[Mapping[str, Fact]] = {
        "load.1": Fact("load, averaged over a minute"),
        "load.5": Fact("load, averaged over five minutes"),
        "load.15": Fact("load, averaged over fifteen minutes"),
        "per_core.1": Fact("load of a minute, divided by the processors"),
        "per_core.5": Fact("load of five minutes, divided by the processors"),
        "per_core.15": Fact("load of fifteen minutes, divided by the processors"),
        "cores": Fact("processors"),
        "cpu": Fact("how busy they were since the last look; absent at the first one", "percent"),
        "cpu.iowait": Fact("how long they only waited for a disk, since the last look", "percent"),
        "cpu.steal": Fact("how long other virtual machines had them, since the last look", "percent"),
    }
    RULES: ClassVar[Rules] = {
        f"{kind}.{minutes}": ("most_per_core", math.inf) for kind in ("load", "per_core") for minutes in (1, 5, 15)
    }

    most_per_core: float = field(
        default=5.0,
        metadata={"doc": "down when the load of five minutes, divided by the processors, is higher", "least": 0.01},
    )
    most_cpu: Share = field(
        default=ALL,
        metadata={"doc": "down when the processors were busier since the last look", "check": check_percent},
    )

    def look(self) -> Reading:
        """Ask once, without knowing of an earlier look."""
        return self.look_on(Past(now=0.0))

    def look_on(self, past: Past) -> Reading:
        """Ask once; what was spent until now is noted for the next look."""
        try:
            averages, cores, spent = psutil.getloadavg(), psutil.cpu_count() or 1, _spent()
        except UNREADABLE as error:
            return Reading(
                health=Health.UNKNOWN,
                detail=f"the kernel does not say, or not what was expected: {error!r}",
                notes=past.notes or None,
            )
        values: dict[str, float] = {"cores": cores, **_since(past.notes, spent)}
        for minutes, load in zip((1, 5, 15), averages, strict=True):
            values |= {f"load.{minutes}": load, f"per_core.{minutes}": load / cores}
        wrong = []
        if values["per_core.5"] > self.most_per_core:
            wrong.append(f"load of {values['per_core.5']:.2f} a processor, at most {self.most_per_core:g} allowed")
        if "cpu" in values:
            wrong += over("processors:", values["cpu"], self.most_cpu)
        well = "load " + ", ".join(f"{load:.2f}" for load in averages) + f" on {cores} processors"
        if "cpu" in values:
            well += f", {shown(values['cpu'])} busy"
        return Reading(
            health=Health.DOWN if wrong else Health.UP,
            detail="; ".join(wrong) or well,
            values=values,
            evidence={"load": well},
            notes=msgspec.msgpack.encode(spent),
        )

    def target(self) -> str:
        """There is only one."""
        return "load of this machine"


def _spent() -> Spent:
    times = psutil.cpu_times()
    idle, iowait = times.idle, times.iowait
    # What guests had is in `user` and `nice` as well.
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return Spent(
        boot=_boot(), total=total, busy=total - idle - iowait, iowait=iowait, steal=getattr(times, "steal", 0.0)
    )


def _boot() -> str:
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError):
        return ""


def _since(notes: bytes, now: Spent) -> dict[str, float]:
    """What was spent since the look that left these notes; nothing when it was before the machine started."""
    then = unpacked(notes, Spent)
    if then is None:
        return {}
    span = now.total - then.total
    if then.boot != now.boot or not span > 0:
        return {}
    # The kernel does not promise that each of them only rises.
    parts = {"cpu": now.busy - then.busy, "cpu.iowait": now.iowait - then.iowait, "cpu.steal": now.steal - then.steal}
    return {name: min(100.0, max(0.0, percent(part, span))) for name, part in parts.items()}
