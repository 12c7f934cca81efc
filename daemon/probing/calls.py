"""What others say to the scheduler while it runs: pause this one, go on with that one, and the calls of heartbeats."""

import logging
from collections.abc import Callable, Mapping

from daemon.clock import Clock
from daemon.probing.ledger import Ledger, NoLedger
from daemon.probing.watched import Watched
from daemon.reading import Sign
from daemon.store.pauses import Pause

log = logging.getLogger("tocsin.probing")


class Calls:
    """Each is on disk before anything is done about it."""

    def __init__(
        self,
        clock: Clock,
        ledger: Ledger | NoLedger,
        watched: Mapping[str, Watched],
        look: Callable[[Watched, bool], None],
        plan_anew: Callable[[Watched], None],
    ) -> None:
        """`look` has a probe looked at soon, and is told whether that counts; `plan_anew` asks when it looks next."""
        self._clock = clock
        self._ledger = ledger
        self._watched = watched
        self._look = look
        self._plan_anew = plan_anew

    def hear(self, name: str, sign: Sign) -> None:
        """Take a call; it is on disk when this returns. Raises KeyError for what takes none, StoreUnavailable."""
        ear = self._watched[name].plan.ear
        if ear is None:
            raise KeyError(name)
        heard = self._ledger.take(name, ear, sign)
        watched = self._watched.get(name)
        if watched is None or heard.number < watched.heard:
            return  # it was removed meanwhile, or knows of a later call already
        watched.heard, watched.notes = heard.number, heard.notes
        if watched.rest is None:
            self._look(watched, sign.is_end)

    def pause(self, name: str, author: str, comment: str, until: float | None) -> Pause:
        """Look at it no more, until then or until somebody says so. Raises KeyError, StoreUnavailable."""
        _ = self._watched[name]
        pause = self._ledger.pause(name, author, comment, until)
        self._hold(name, pause)
        log.info("%s is paused by %s", name, author, extra={"probe": name})
        return pause

    def resume(self, name: str, by: str) -> Pause | None:
        """Look at it again; return the pause that is over, None when it was in none. Raises KeyError."""
        _ = self._watched[name]
        pause = self._ledger.resume(name, by)
        self._hold(name, None)
        if pause is not None:
            log.info("%s is looked at again, says %s", name, by, extra={"probe": name})
        return pause

    def _hold(self, name: str, pause: Pause | None) -> None:
        watched = self._watched.get(name)
        if watched is not None:
            watched.rhythm.pause = pause
            self._plan_anew(watched)
