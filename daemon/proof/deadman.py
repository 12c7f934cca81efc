"""A sign of life to somebody outside, sent only while tocsin would hear and tell of alarms."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import gevent
import msgspec
from gevent.pool import Group

from daemon import telemetry
from daemon.clock import Clock
from daemon.config.proof import DeadMan
from daemon.config.settings import Settings
from daemon.errors import SendError, StoreError
from daemon.event import OWN, Severity
from daemon.senders.http import Client
from daemon.store import alerts
from daemon.store.base import Store

log = logging.getLogger("tocsin.proof")

TIMEOUT = 10.0

Unwell = Callable[[], list[str]]  # why no sign is given; empty while all is well


class Signs:
    """One greenlet for each address."""

    def __init__(self, settings: Callable[[], Settings], clock: Clock, unwell: Unwell, name: str) -> None:
        self._settings = settings
        self._clock = clock
        self._unwell = unwell
        self._name = name
        self._given: tuple[DeadMan, ...] = ()
        self._greenlets = Group()

    def start(self) -> None:
        """Begin."""
        self.reload()

    def reload(self) -> None:
        """Go over to the current settings."""
        if self._settings().dead_man == self._given:
            return
        self.stop()
        self._given = self._settings().dead_man
        for one in self._given:
            self._greenlets.add(gevent.spawn(self._run, one))

    def stop(self) -> None:
        """Give no more signs."""
        self._greenlets.kill()

    def _run(self, given: DeadMan) -> None:
        client = client_of(given, self._clock)
        silent = False
        try:
            while True:
                silent = self._sign(client, given, silent=silent)
                self._clock.sleep(given.every)
        finally:
            client.close()

    def _sign(self, client: Client, given: DeadMan, *, silent: bool) -> bool:
        """Give one sign, or none and say why, once; return whether none was given."""
        why = self._unwell()
        if why:
            if not silent:
                log.warning("no sign of life to %s: %s", client.shown, "; ".join(why))
            telemetry.dead_man.labels("withheld").inc()
            return True
        headers = {"Content-Type": "application/json"}
        if given.token is not None:
            headers["Authorization"] = f"Bearer {given.token.reveal()}"
        try:
            client.post(msgspec.json.encode(self._said(given)), headers)
        except SendError as error:
            log.warning("a sign of life could not be given: %s", error)
            telemetry.dead_man.labels("failed").inc()
        else:
            telemetry.dead_man.labels("given").inc()
        return False

    def _said(self, given: DeadMan) -> Mapping[str, Any]:
        return {"src": "tocsin", "name": given.name or self._name, "at": self._clock.now(), "every": given.every}


def client_of(given: DeadMan, clock: Clock) -> Client:
    """The way there; ValueError when the URL is none."""
    hidden = [given.token.reveal()] if given.token is not None else []
    return Client(given.url.reveal(), timeout=TIMEOUT, clock=clock, hidden=hidden, secret_url=True)


def unwell(store: Store, failing: Mapping[str, str], not_ready: str) -> list[str]:
    """Why tocsin should not be taken for well: it does not serve, a canary failed, or an error of its own is open."""
    why = [not_ready] if not_ready else []
    why += [f"channel {name}: {one}" for name, one in failing.items()]
    try:
        own = store.read(lambda tx: alerts.open_of_source(tx, OWN))
    except StoreError as error:
        return [*why, str(error)]
    return why + [alert.title for alert in own if alert.severity.urgency <= Severity.ERROR.urgency]
