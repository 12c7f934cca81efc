"""So many HTTP probes on the real scheduler, in a process of its own; print what a look costs and how late it began."""

from gevent import monkey

monkey.patch_all()

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
from daemon.probing.beat import beat_of  # noqa: E402
from daemon.probing.scheduler import Scheduler  # noqa: E402
from daemon.reading import Past, Reading  # noqa: E402
from daemon.units import Seconds  # noqa: E402

late: list[float] = []
wrong: list[str] = []


class Timed:
    """A probe that notes by how much each of its looks began too late."""

    def __init__(self, probe: Http, name: str, every: float) -> None:
        self._probe = probe
        self._beat = beat_of(name, every)
        self.timeout = probe.timeout
        self.target = probe.target
        self.gives = probe.gives
        self.is_near = probe.is_near
        self.otherwise = probe.otherwise

    def look_on(self, past: Past) -> Reading:
        """Look, as the real one does."""
        late.append((time.monotonic() - self._beat.offset) % self._beat.every)
        reading = self._probe.look_on(past)
        if not reading.is_well:
            wrong.append(reading.detail)
        return reading


def main() -> None:
    """Warm up for a whole round, then measure."""
    port, probes, every, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    plans = {}
    for number in range(probes):
        probe = Timed(Http(url=f"http://127.0.0.1:{port}/health/{number}"), f"probe-{number}", every)
        plans[f"probe-{number}"] = ProbePlan(name=f"probe-{number}", type="http", probe=probe, every=Seconds(every))
    live = Settings(probes=plans)
    scheduler = Scheduler(lambda: live, SystemClock(), lambda _events: None)
    scheduler.start()
    Signal().wait(every + 1)  # every probe has looked, and none will change its verdict
    Signal().wait(every)
    gc.collect()
    gc.freeze()
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
