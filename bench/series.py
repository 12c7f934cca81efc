"""What a hundred thousand series cost when something comes in each of them every ten seconds."""

from daemon.series.key import Kind
from measure import ROOT, aim, figures, median, show, table

ROUNDS = 3
SERIES = 100_000
AIM_CPU, AIM_STALL = 1.0, 50.0  # seconds of a slot of ten; milliseconds, for 99 in 100 looks


def main() -> None:
    """The same several times, each in a process of its own."""
    rounds = [figures("bench/keeper.py", str(SERIES), str(ROOT / "var")) for _ in range(ROUNDS)]
    show("series", report({name: median([one[name] for one in rounds]) for name in rounds[0]}))


def report(found: dict[str, float]) -> str:
    """Two tables, and the aim."""
    costs = [
        ("closing a slot, and packing it", found["close_cpu"]),
        ("writing it", found["write_cpu"]),
        ("adding up a minute, once in six slots", found["roll_cpu"]),
        ("all of it, for each slot", each(found)),
    ]
    text = table(
        (f"{SERIES:,} series", "processor", "part of ten seconds"),
        [(name, f"{cpu:.3f} s", f"{cpu / 10:.1%}") for name, cpu in costs],
    )
    kinds = [(kind.value, f"{found[f'{kind}_idle']:.0f}", f"{found[f'{kind}_busy']:.0f}") for kind in Kind]
    text += "\n\n" + table(("bytes of memory for one", "between two slots", "with what came in a slot"), kinds)
    middle, late, most = (found[f"stall_{name}"] * 1e3 for name in ("p50", "p99", "most"))
    text += (
        f"\n\nOn disk a series takes {found['slot_bytes']:.1f} bytes for each slot in which something came. The event"
        f" loop was late by {middle:.1f} ms in the middle, {late:.1f} ms for 99 in 100 looks, and {most:.0f} ms once."
    )
    got = f"{each(found):.2f} s and {late:.1f} ms"
    wanted = f"below {AIM_CPU:.0f} s of processor time a slot, and 99 in 100 looks late by less than {AIM_STALL:.0f} ms"
    return text + aim(wanted, got, reached=each(found) < AIM_CPU and late < AIM_STALL)


def each(found: dict[str, float]) -> float:
    """Processor time of one slot in ten seconds, with its part of the minute."""
    return found["close_cpu"] + found["write_cpu"] + found["roll_cpu"] / 6


if __name__ == "__main__":
    main()
