"""One by one against pools of greenlets, through a provider that answers after 100 ms, outbox on."""

from chart import bars
from measure import LOAD, ROOT, aim, drained, free_port, median, process, show, table

ROUNDS = 3
LATENCY = 0.1
AIM, AIM_POOL = 0.8, 100  # of the limit, with that pool
MESSAGES = {1: 30, 50: 2_000, 100: 4_000, 500: 8_000}


def main() -> None:
    """Every pool in turn, several rounds."""
    seen: dict[int, list[dict[str, float]]] = {pool: [] for pool in MESSAGES}
    port = free_port()
    with process("bench/provider.py", str(port), str(LATENCY * 1000), cpu=LOAD, port=port):
        for _ in range(ROUNDS):
            for pool, messages in MESSAGES.items():
                seen[pool].append(drained("aliyun_sms", pool, messages, port))
    rates = {f"pool {pool}" if pool > 1 else "one by one": rate(rounds) for pool, rounds in seen.items()}
    (ROOT / "docs" / "benchmarks.svg").write_text(bars("messages per second", rates), encoding="utf-8")
    show("sending", f"{report(seen)}\n\n![messages per second by pool](benchmarks.svg)")


def rate(rounds: list[dict[str, float]]) -> float:
    """Messages per second, the middle of the rounds."""
    return median([one["messages"] / one["seconds"] for one in rounds])


def report(seen: dict[int, list[dict[str, float]]]) -> str:
    """Medians of the rounds."""
    alone = rate(seen[1])
    rows = [
        [
            f"{pool}",
            f"{rate(rounds):.0f}",
            f"{rate(rounds) / alone:.1f}",
            f"{rate(rounds) * LATENCY / pool:.0%}",
            f"{median([one['cpu'] / one['messages'] * 1e6 for one in rounds]):.0f}",
            f"{median([one['memory'] for one in rounds]):.0f}",
        ]
        for pool, rounds in seen.items()
    ]
    share = rate(seen[AIM_POOL]) * LATENCY / AIM_POOL
    return table(["pool", "messages/s", "× one by one", "of the limit", "CPU µs/message", "memory MB"], rows) + aim(
        f"a pool of {AIM_POOL} sends at least {AIM:.0%} of its limit", f"{share:.0%}", reached=share >= AIM
    )


if __name__ == "__main__":
    main()
