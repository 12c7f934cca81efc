"""All benchmarks, one after the other; the tables go into docs/benchmarks.md."""

import sys

import channels
import client
import intake
import isolation
import machine
import many
import probes
import redislist
import routing
import rules
import sending
import sentry
import series
import statsd
from measure import ROOT

PARTS = (
    machine,
    sending,
    channels,
    intake,
    isolation,
    routing,
    probes,
    many,
    series,
    rules,
    redislist,
    statsd,
    client,
    sentry,
)
ALL = {part.__name__: part.main for part in PARTS}

if __name__ == "__main__":
    (ROOT / "var").mkdir(exist_ok=True)
    for name in sys.argv[1:] or ALL:
        ALL[name]()
