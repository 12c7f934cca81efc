"""Room for new errors, and what is old out of the way: nothing of an application grows without end."""

from daemon.config.errors import Errors
from daemon.faults import alarms
from daemon.store import fault_news, fault_samples, faults
from daemon.store.base import Tx
from daemon.store.fault_news import Counted, What
from daemon.store.faults import Fault

AT_ONCE = 200  # errors that are forgotten in one go
TOLD_AGAIN = 7 * 86_400.0  # seconds: what is open for long is told as still there, or it would be taken for silent
SPARE = 20  # one in so many of an application's go together, so that not each new one looks for the next that goes


class Room:
    """Makes room within one transaction."""

    def __init__(self, tx: Tx, settings: Errors, now: float) -> None:
        self._tx = tx
        self._most = settings.most
        self._now = now
        self._number: dict[str, int] = {}

    def make(self, app: str) -> None:
        """Let there be room for one more of an application."""
        if app not in self._number:
            self._number[app] = faults.number(self._tx, app)
        if self._number[app] >= self._most:
            over = self._number[app] - self._most + 1 + self._most // SPARE
            going = faults.least_missed(self._tx, app, min(over, AT_ONCE))  # the next new ones make room for more
            forget(self._tx, going, "it was deleted to make room for new ones", self._now)
            count = Counted(kind="evicted", app=app, slot=int(self._now), count=len(going))
            fault_news.count(self._tx, [count])
            self._number[app] -= len(going)
        self._number[app] += 1


def forget(tx: Tx, going: list[Fault], why: str, now: float) -> None:
    """Delete errors; what was told of them is over."""
    for one in going:
        end_alarms(tx, one, why, now)
    faults.delete(tx, [one.id for one in going])


def end_alarms(tx: Tx, fault: Fault, why: str, now: float) -> None:
    """Write down that what was told of it is over."""
    if fault.alarm:
        fault_news.add(tx, alarms.over(fault, What.OVER, why, now))
    if fault.spike:
        fault_news.add(tx, alarms.over(fault, What.CALMED, why, now))


def tidy(tx: Tx, settings: Errors, now: float) -> None:
    """Delete what did not come for long, and samples beyond their bytes: neither the first nor the newest of any."""
    forget(tx, faults.unheard(tx, now - settings.keep, AT_ONCE), "it is too old to be kept", now)
    fault_news.tell_again(tx, now - TOLD_AGAIN, AT_ONCE)
    fault_news.forget(tx, now - settings.keep)
    for app, size in fault_samples.sizes(tx):
        over = size - settings.samples_size
        going = []
        for sample, bytes_ in fault_samples.between(tx, app, 10 * AT_ONCE) if over > 0 else ():
            going.append(sample)
            over -= bytes_
            if over <= 0:
                break
        fault_samples.delete(tx, going)
