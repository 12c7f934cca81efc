"""What a thousand threshold rules cost over a hundred thousand series, beside what it costs to close their slot."""

from measure import ROOT, aim, figures, median, show, table

ROUNDS = 3
SERIES, RULES = 100_000, 1_000
AIM_CPU, AIM_STALL = 1.0, 50.0  # seconds of a slot of ten; milliseconds, for 99 in 100 looks


def main() -> None:
    """The same several times, each in a process of its own."""
    rounds = [figures("bench/judge.py", str(SERIES), str(RULES), str(ROOT / "var")) for _ in range(ROUNDS)]
    show("rules", report({name: median([one[name] for one in rounds]) for name in rounds[0]}))


def report(found: dict[str, float]) -> str:
    """A table, and the aim."""
    costs = [
        ("closing a slot of all series", found["close_cpu"]),
        ("taking it into the windows, and judging all rules", found["cpu"]),
        ("the same, the dearest slot", found["cpu_most"]),
    ]
    text = table(
        (f"{SERIES:,} series, {RULES:,} rules, {found['groups']:,.0f} groups", "processor", "part of ten seconds"),
        [(name, f"{cpu:.3f} s", f"{cpu / 10:.1%}") for name, cpu in costs],
    )
    times, each = found["cpu"] / found["close_cpu"], found["rule_mb"] * 1e6 / SERIES
    middle, most_looks, once = (found[f"stall_{part}"] * 1e3 for part in ("p50", "p99", "most"))
    text += (
        "\n\nEach rule watches a hundred series, all of which are touched in each slot; all functions, windows from a"
        f" minute to an hour. Judging takes {times:.1f} times what closing the slot does, and the windows take"
        f" {each:,.0f} bytes of memory for each series. Meanwhile the event loop was late by {middle:.1f} ms in the"
        f" middle, {most_looks:.1f} ms for 99 in 100 looks, and {once:.0f} ms once."
    )
    got = f"{found['cpu_most']:.2f} s and {found['stall_p99'] * 1e3:.1f} ms"
    wanted = f"below {AIM_CPU:.0f} s of processor time a slot, and 99 in 100 looks late by less than {AIM_STALL:.0f} ms"
    return text + aim(wanted, got, reached=found["cpu_most"] < AIM_CPU and found["stall_p99"] * 1e3 < AIM_STALL)


if __name__ == "__main__":
    main()
