"""So many HTTP probes on the real scheduler, in a process of its own; print what a look costs and how late it began."""

from gevent import monkey

monkey.patch_all()

import functools  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

from gevent.event import Event as Signal  # noqa: E402

from daemon.clock import SystemClock  # noqa: E402
from daemon.config.looking import ProbePlan  # noqa: E402
from daemon.config.settings import Settings  # noqa: E402
from daemon.probes.http import Http  # noqa: E402
from daemon.probing.beat import Beat, beat_of  # noqa: E402
from daemon.probing.scheduler import Scheduler  # noqa: E402
from daemon.reading import Past, Reading  # noqa: E402
from daemon.units import Seconds  # noqa: E402

EVERY = 10.0  # seconds from one look of a probe to the next

late: list[float] = []
wrong: list[str] = []


class Timed(Http):
    """A probe that notes by how much each of its looks began too late."""

    def look_on(self, past: Past) -> Reading:
        """Look, as the real one does."""
        late.append((time.monotonic() - self.beat.offset) % self.beat.every)
        reading = super().look_on(past)
        if not reading.is_well:
            wrong.append(reading.detail)
        return reading

    @functools.cached_property
    def beat(self) -> Beat:
        """When it is due."""
        return beat_of(name_of(self.url), EVERY)


def name_of(url: str) -> str:
    """The name of the probe that looks at this URL."""
    return f"probe-{url.rpartition('/')[2]}"


def main() -> None:
    """Warm up for a whole round, then measure."""
    root, probes, seconds, ca_file = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    looking = [Timed(url=f"{root}/health/{number}", ca_file=ca_file) for number in range(probes)]
    plans = {
        (name := name_of(probe.url)): ProbePlan(name=name, type="http", probe=probe, every=Seconds(EVERY))
        for probe in looking
    }
    live = Settings(probes=plans)
    scheduler = Scheduler(lambda: live, SystemClock(), lambda _events: None)
    scheduler.start()
    Signal().wait(2 * EVERY)  # every probe has looked twice, and none will change its verdict
    gc.collect()
    gc.freeze()
    Signal().wait(0.5)
    late.clear()
    cpu, begin = time.process_time(), time.monotonic()
    Signal().wait(seconds)
    used, took, looks = time.process_time() - cpu, time.monotonic() - begin, list(late)
    scheduler.stop()
    if wrong:
        sys.exit(f"{len(wrong)} looks were not well: {wrong[0]}")
    looks.sort()
    print(
        json.dumps(
            {
                "looks": len(looks),
                "seconds": took,
                "cpu": used / len(looks) * 1e6,
                "p50": looks[len(looks) // 2] * 1000,
                "p99": looks[int(len(looks) * 0.99)] * 1000,
                "max": looks[-1] * 1000,
                "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
