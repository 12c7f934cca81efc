"""How much memory is left on this machine?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import psutil

from daemon.probes.base import Fact, Health, OfThisMachine, Reading, Rules, probe
from daemon.probes.machine.capacity import ALL, UNREADABLE, check_percent, over, percent, shown, sized, under
from daemon.units import Bytes, Share


@probe("memory")
@dataclass(frozen=True, kw_only=True)
class Memory(OfThisMachine):
    """Ask the kernel what could still be used without swapping."""

    GIVES: ClassVar[Mapping[str, Fact]] = {
        "used": Fact("how much of the memory is not available", "percent"),
        "available": Fact("what programs can still have, caches that can be given up included", "bytes"),
        "total": Fact("the memory of the machine", "bytes"),
        "swap": Fact("how much of the swap is used; absent where there is none", "percent"),
        "swap.free": Fact("what is left of the swap; absent where there is none", "bytes"),
    }
    RULES: ClassVar[Rules] = {"used": ("most_used", ALL)}

    most_used: Share = field(
        default=Share(fraction=0.95), metadata={"doc": "down when more is used", "check": check_percent}
    )
    least_available: Bytes = field(default=Bytes(0), metadata={"doc": "down when fewer bytes are available"})
    most_swap: Share = field(
        default=ALL, metadata={"doc": "down when more of the swap is used", "check": check_percent}
    )

    def look(self) -> Reading:
        """Ask once."""
        try:
            memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        except UNREADABLE as error:
            return Reading(
                health=Health.UNKNOWN, detail=f"the kernel does not say, or not what was expected: {error!r}"
            )
        values: dict[str, float] = {
            "used": percent(memory.total - memory.available, memory.total),
            "available": memory.available,
            "total": memory.total,
        }
        wrong = over("memory:", values["used"], self.most_used)
        wrong += under("available", memory.available, self.least_available)
        well = f"{shown(values['used'])} used, {sized(memory.available)} of {sized(memory.total)} available"
        if swap.total:
            values |= {"swap": percent(swap.used, swap.total), "swap.free": swap.free}
            wrong += over("swap:", values["swap"], self.most_swap)
            well += f", swap {shown(values['swap'])} used"
        return Reading(
            health=Health.DOWN if wrong else Health.UP,
            detail="; ".join(wrong) or well,
            values=values,
            evidence={"memory": well},
        )

    def target(self) -> str:
        """There is only one."""
        return "memory of this machine"
