"""Looks for tocsin's own alarms that reach nobody, and says them in the last resort."""

import logging
from collections.abc import Collection

from daemon.errors import StoreError
from daemon.event import OWN
from daemon.lastresort import LastWord
from daemon.notice import TOLD, Phase
from daemon.store import unheard
from daemon.store.base import Store
from daemon.store.unheard import Heard

log = logging.getLogger("tocsin.delivery")

PATIENCE = 45.0  # a channel's first two pauses and their trials: it may work again before anybody is told otherwise


class Untold:
    """Each alarm is said once, as long as this process lives."""

    def __init__(self, store: Store, last_resort: LastWord) -> None:
        self._store = store
        self._last_resort = last_resort
        self._said: set[int] = set()

    def look(self, working: Collection[str], now: float) -> None:
        """Find what no working channel will tell; `working` names the channels that do work."""
        try:
            known = self._store.read(lambda tx: unheard.open_alarms(tx, OWN))
        except StoreError as error:
            log.warning("it cannot be seen whether tocsin's own alarms were told: %s", error)
            return
        self._said &= {one.alert_id for one in known}
        for one in known:
            if one.alert_id not in self._said and hopeless(one, working, now):
                self._said.add(one.alert_id)
                self._last_resort(one.key, one.title, one.text, one.severity)


def hopeless(alarm: Heard, working: Collection[str], now: float) -> bool:
    """Whether nobody was told, and nothing is left that could tell anybody."""
    for sending in alarm.sendings:
        if sending.phase in TOLD:
            return False
        is_open = sending.phase in (Phase.WAITING, Phase.SENDING)
        if is_open and (now - sending.created_at < PATIENCE or any(name in working for name in sending.channels)):
            return False
    return True
