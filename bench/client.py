"""What a call of the client costs an application, beside the client of Datadog: both to the same socket, in turn."""

import socket
import statistics
import sys
import timeit
from collections.abc import Callable

from measure import aim, show, table

ROUNDS = 7
CALLS = 20_000
MOST = 1.0  # of what a call of the other one costs

Calls = dict[str, Callable[[], object]]


def main() -> None:
    """Both with the same tags, one after the other in each round; the medians."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        ours, theirs = _ours(bound.getsockname()[1]), _theirs(bound.getsockname()[1])
        found = {name: _measured(ours[name], theirs[name]) for name in ours}
        bare = _bare(bound.getsockname()[1])
    rows = [[name, f"{mine:.2f}", f"{other:.2f}", f"**{mine / other:.2f}**"] for name, (mine, other) in found.items()]
    worst = max(mine / other for mine, other in found.values())
    said = aim(f"at most {MOST} of what the other one costs", f"at most {worst:.2f}", reached=worst <= MOST)
    text = f"A bare `send` of such a datagram costs {bare:.2f} µs of it."
    show("client", table(["call", "tocsin, µs", "datadog, µs", "ratio"], rows) + said + f"\n\n{text}")


def _measured(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Microseconds a call, of both."""
    seen: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for call, times in zip((ours, theirs), seen, strict=True):
            times.append(timeit.timeit(call, number=CALLS) / CALLS * 1e6)
    return statistics.median(seen[0]), statistics.median(seen[1])


def _ours(port: int) -> Calls:
    sys.path.insert(0, "client")
    import tocsin  # noqa: PLC0415 - it is not installed here

    tocsin.configure(f"127.0.0.1:{port}", app="shop", tags={"env": "live"})
    orders, rows = tocsin.Counter("orders"), tocsin.Average("rows")

    @tocsin.timed("import")
    def measured() -> None:
        pass

    return {
        "counter": orders.increment,
        "counter with a tag of its own": lambda: orders.increment(tags={"country": "cn"}),
        "one of many values": lambda: rows.add(3.5),
        "decorated function": measured,
    }


def _theirs(port: int) -> Calls:
    from datadog import DogStatsd  # noqa: PLC0415 - for the tests it is there

    client = DogStatsd(
        host="127.0.0.1",
        port=port,
        constant_tags=["app:shop", "env:live"],
        disable_telemetry=True,
        disable_buffering=True,
    )

    @client.timed("import", use_ms=True)
    def measured() -> None:
        pass

    return {
        "counter": lambda: client.increment("orders"),
        "counter with a tag of its own": lambda: client.increment("orders", tags=["country:cn"]),
        "one of many values": lambda: client.distribution("rows", 3.5),
        "decorated function": measured,
    }


def _bare(port: int) -> float:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        plain.connect(("127.0.0.1", port))
        sent = b"orders:1|c|#app:shop,env:live"
        return min(timeit.repeat(lambda: plain.send(sent), number=CALLS, repeat=3)) / CALLS * 1e6


if __name__ == "__main__":
    main()
