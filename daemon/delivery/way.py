"""A channel's sender in use: each call within a hard limit, closed when the last call has ended."""

import logging
from collections.abc import Callable
from typing import TypeVar

import gevent

from daemon.errors import SendFailed
from daemon.handset import Report
from daemon.notice import Acceptance, Message, Sends

log = logging.getLogger("tocsin.delivery")

GRACE = 5.0  # seconds beyond a sender's own time-out, before a try or a question is broken off

T = TypeVar("T")


class Way:
    """One sender. Its own time-out should end a try; the hard limit ends one that hangs all the same."""

    def __init__(self, sender: Sends, grace: float) -> None:
        self.sender = sender
        self.limit = sender.timeout + grace
        self.retired = False  # what it still meets says nothing about the one that replaced it
        self._busy = 0

    def send(self, message: Message) -> Acceptance:
        """Try once; raises SendError, or whatever a broken sender raises."""
        acceptance: object = self._within_limit(lambda: self.sender.send(message))
        if not isinstance(acceptance, Acceptance):
            raise TypeError(f"a sender returned {acceptance!r:.80} in place of an Acceptance")
        return acceptance

    def find(self, message: Message, since: float) -> Acceptance | None:
        """Ask the provider whether it has the message; raises SendError, or whatever a broken sender raises."""
        found: object = self._within_limit(lambda: self.sender.find(message, since))
        if found is not None and not isinstance(found, Acceptance):
            raise TypeError(f"a sender found {found!r:.80} in place of an Acceptance")
        return found

    def reports(self, provider_id: str, address: str, taken_at: float) -> Report | None:
        """Ask the provider what became of a message; raises SendError, or whatever a broken sender raises."""
        return self._within_limit(lambda: self.sender.reports(provider_id, address, taken_at))

    def retire(self) -> None:
        """Close the sender as soon as nobody uses it."""
        self.retired = True
        self._close_when_idle()

    def _within_limit(self, call: Callable[[], T]) -> T:
        self._busy += 1
        limit = gevent.Timeout.start_new(self.limit)
        try:
            return call()
        except gevent.Timeout as over:
            if over is not limit:
                raise
            raise SendFailed(f"no answer within {self.limit:g} s", ambiguous=True) from over
        finally:
            limit.close()
            self._busy -= 1
            if self.retired:
                self._close_when_idle()

    def _close_when_idle(self) -> None:
        if self._busy:
            return
        try:
            self.sender.close()
        except Exception:
            log.exception("a sender that is no longer used did not close")
