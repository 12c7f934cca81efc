"""What of the rules is on disk: how groups stand, events until alerting has them, when tocsin was there to hear."""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import msgspec

from daemon.config.thresholds import Rule
from daemon.errors import StoreError
from daemon.event import Event
from daemon.expressions.expression import Group
from daemon.store import facts, standings
from daemon.store.base import Store, Tx
from daemon.store.standings import Kept
from daemon.thresholds.heard import Heard, Stretch
from daemon.thresholds.standing import Phase, Standing

log = logging.getLogger("tocsin.thresholds")

HEARD = "rules_heard"
TOGETHER = 200  # events that are told at once

Accept = Callable[[list[Event]], object]


class Ledger:
    """Writes before it tells, and strikes off after: what a process leaves behind is told by the next one."""

    def __init__(self, store: Store, accept: Accept) -> None:
        self._store = store
        self._accept = accept
        self._noted = 0.0
        self._unwritten: tuple[dict[tuple[str, str], Kept | None], list[Event]] = ({}, [])

    def heard(self) -> Heard:
        """When tocsin was there. Raises StoreError."""
        raw = self._store.read(lambda tx: facts.get(tx, HEARD))
        return Heard(msgspec.json.decode(raw, type=list[Stretch])) if raw else Heard()

    def stood(self) -> list[tuple[Kept, Group, Standing]]:
        """How groups stood when it was last written down. Raises StoreError."""
        return [(one, group_of(one.labels), _standing(one)) for one in self._store.read(standings.every)]

    def note(
        self,
        changed: Iterable[tuple[Rule, Group, Standing]],
        gone: Iterable[tuple[str, str]],
        events: Sequence[Event],
        heard: Heard,
    ) -> None:
        """Write down what has changed; what cannot be written now is written with the next."""
        rows, waiting = self._unwritten
        rows.update(dict.fromkeys(gone))
        for rule, group, standing in changed:
            standing.dirty = False
            kept = _kept(rule, group, standing)
            rows[(kept.rule, kept.labels)] = None if standing.phase is Phase.OK else kept
        waiting.extend(events)
        del waiting[: -standings.MOST_EVENTS]
        if not (rows or waiting or heard.until != self._noted):  # it is less where the clock was set back
            return
        well = [about for about, one in rows.items() if one is None]
        kept_rows = [one for one in rows.values() if one is not None]
        stretches = msgspec.json.encode(heard.stretches).decode()

        def work(tx: Tx) -> None:
            standings.note(tx, kept_rows, well, waiting)
            facts.note(tx, HEARD, stretches)

        try:
            self._store.write(work)
        except StoreError as error:
            log.warning("how rules stand could not be written, and is tried again: %s", error)
            return
        self._noted = heard.until
        self._unwritten = ({}, [])

    def tell(self) -> None:
        """Hand on what alerting has not taken yet, oldest first; what it cannot take now stays."""
        try:
            while batch := self._store.read(lambda tx: standings.waiting(tx, TOGETHER)):
                self._hand_on([one.event for one in batch])
                self._store.write(partial(standings.taken, until=batch[-1].id))
        except StoreError as error:
            log.warning("alarms of rules wait, and are told again: %s", error)

    def _hand_on(self, events: list[Event]) -> None:
        """Hand them on together; one that cannot be taken at all keeps no other back. Raises StoreError."""
        try:
            self._accept(events)
        except StoreError:
            raise
        except Exception:  # whatever is wrong with one of them, the rest must be told
            if len(events) == 1:
                log.exception("the alarm %s cannot be taken, and is dropped", events[0].key)
                return
            for event in events:
                self._hand_on([event])


def labels_of(group: Group) -> str:
    """A group as it is written down."""
    return msgspec.json.encode(group).decode()


def group_of(text: str) -> Group:
    """And as it is read."""
    return msgspec.json.decode(text, type=Group)


def _kept(rule: Rule, group: Group, one: Standing) -> Kept:
    return Kept(
        rule=rule.name,
        labels=labels_of(group),
        digest=rule.digest,
        phase=one.phase.value,
        since=one.since,
        held=one.held,
        began_at=one.began_at,
        fired_at=one.fired_at,
        worst=one.worst,
        nothing_since=one.nothing_since,
    )


def _standing(one: Kept) -> Standing:
    return Standing(
        phase=Phase(one.phase),
        since=one.since,
        held=one.held,
        fired_at=one.fired_at,
        began_at=one.began_at,
        worst=one.worst,
        nothing_since=one.nothing_since,
    )
