"""The machine that the figures were taken on."""

import os
import platform
import re
import time
from pathlib import Path

from measure import ROOT, median, show

SYNCS = 200


def main() -> None:
    """One sentence above the tables."""
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    processors = f"{os.cpu_count()} processors ({model[1] if model else platform.machine()})"
    system = f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}, Python {platform.python_version()}"
    disk = f"its disk takes {sync_ms():.2f} ms for an fsync of 4 KiB"
    show("machine", f"These were taken on {processors}, {system}; {disk}.")


def sync_ms() -> float:
    """The median time to bring 4 KiB to the disk that the stores of these benchmarks lie on."""
    path = ROOT / "var" / "sync.test"
    took = []
    with path.open("wb") as file:
        for _ in range(SYNCS):
            file.write(b"x" * 4096)
            file.flush()
            begin = time.perf_counter()
            os.fsync(file.fileno())
            took.append((time.perf_counter() - begin) * 1000)
    path.unlink()
    return median(took)


if __name__ == "__main__":
    main()
