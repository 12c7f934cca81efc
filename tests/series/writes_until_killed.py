"""Counts views and writes slot after slot, saying on standard output how many are on disk, until it is killed."""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from fake_clock import FakeClock  # noqa: E402
from measured import Measured  # noqa: E402

here = Measured(Path(sys.argv[1]), FakeClock())
total = 0
while True:
    total += 1
    here.live("views", route=f"/{total % 300}").add(1)
    here.live("others", route=f"/{total % 300}").add(0.1)
    here.close()
    sys.stdout.write(f"{total}\n")
    sys.stdout.flush()
