"""All benchmarks, one after the other; the tables go into docs/benchmarks.md."""

import sys

import intake
import isolation
import machine
import routing
import sending
from measure import ROOT

ALL = {
    "machine": machine.main,
    "sending": sending.main,
    "intake": intake.main,
    "isolation": isolation.main,
    "routing": routing.main,
}

if __name__ == "__main__":
    (ROOT / "var").mkdir(exist_ok=True)
    for name in sys.argv[1:] or ALL:
        ALL[name]()
