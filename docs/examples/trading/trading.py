"""A pretended trading system; what is real in it is how it is instrumented.

It sends its metrics to the agent that `DD_AGENT_HOST` and `DD_DOGSTATSD_PORT` name, as any program with the
`datadog` package does: one UDP datagram a call, to whoever listens. It runs until it is stopped.
"""

import argparse
import itertools
import os
import random
import threading
import time

from datadog import initialize, statsd

VENUES = ("sse", "szse")
TROUBLED = "sse"  # whose line becomes slow
ORDERS_A_SECOND = 80.0
USUAL, SLOW = 40.0, 900.0  # milliseconds that an order takes at most times
REJECTED, SLOW_REJECTED = 0.01, 0.2  # how many of them the venue refuses


def instrument() -> None:
    """Say where metrics go; the tags go along with each of them."""
    initialize(
        statsd_host=os.environ.get("DD_AGENT_HOST", "127.0.0.1"),
        statsd_port=int(os.environ.get("DD_DOGSTATSD_PORT", "8125")),
        statsd_constant_tags=["service:trading"],
        hostname_from_config=False,
    )


def trade(chance: random.Random, number: int, *, slow: bool) -> None:
    """Send one order to a venue, and tell how that went."""
    venue = VENUES[number % len(VENUES)]
    troubled = slow and venue == TROUBLED
    milliseconds = chance.gauss(1.0, 0.1) * (SLOW if troubled else USUAL)
    tags = [f"venue:{venue}"]
    statsd.increment("trading.orders", tags=tags)
    statsd.histogram("trading.order.latency", milliseconds, tags=tags)
    statsd.gauge("trading.open_orders", round(milliseconds * ORDERS_A_SECOND / 1_000), tags=tags)
    if chance.random() < (SLOW_REJECTED if troubled else REJECTED):
        statsd.increment("trading.rejects", tags=tags)


def main() -> None:
    """Trade: at first all is well, then one venue is slow, then all is well for good."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calm", type=float, default=60.0, metavar="SECONDS", help="until the trouble begins")
    parser.add_argument("--slow", type=float, default=180.0, metavar="SECONDS", help="until it is over")
    told = parser.parse_args()
    instrument()
    chance = random.Random(1)  # noqa: S311 - the same trouble each time
    pause = threading.Event()
    before = None
    begin = time.monotonic()
    for number in itertools.count():
        slow = told.calm <= time.monotonic() - begin < told.calm + told.slow
        if slow is not before:
            print(f"orders at {TROUBLED} take about {SLOW if slow else USUAL:.0f} ms now", flush=True)
            before = slow
        trade(chance, number, slow=slow)
        pause.wait(1 / ORDERS_A_SECOND)


if __name__ == "__main__":
    main()
