"""`config.replay`: what another configuration would have told of the alerts that there were."""

from collections.abc import Sequence
from functools import partial

import msgspec

from daemon.alerting.replay import Difference, Replay, Result, differences
from daemon.config.settings import Settings
from daemon.errors import ConfigError, MethodError
from daemon.event import OWN
from daemon.methods.parts import Parts
from daemon.methods.table import INVALID_PARAMS, REFUSED, Table
from daemon.store import overrides, replays, silences
from daemon.store.base import Tx
from daemon.store.replays import Past
from daemon.units import seconds

MOST_ALERTS = 20_000
MOST_SILENCES = 10_000
MOST_LINES = 100
PAGE = 500  # alerts read in one go
TURN = 50  # steps from one look at the clock to the next
PATIENCE = 50.0  # seconds for each of the two configurations


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What would differ. Pairs are by the configuration in force, and by the other one.

    `unheard` are alerts of which somebody heard and nobody would; `newly_heard` the other way round. `differences` are
    the first of `differing`, the worst first. `cut` says in sentences what was left out.
    """

    since: float
    until: float
    alerts: int
    differing: int
    receivers_changed: int
    people_changed: int
    unheard: int
    newly_heard: int
    notices: tuple[int, int]
    messages: tuple[int, int]
    differences: list[Difference]
    cut: list[str]


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What is replayed."""

    since: float
    until: float
    past: list[Past]
    silences: list[silences.Silence]
    covers: list[overrides.StoredOverride]
    cut: list[str]


def add(table: Table, parts: Parts) -> None:
    """Add `config.replay`."""

    @table.method("config.replay", "admin")
    def _replay(path: str = "", since: str | float = "7d", own: bool = False) -> Replayed:
        """Run past alerts through another configuration without sending, and tell what would differ.

        `path` is a file on the daemon's machine; without one it is the file that the daemon was started with, as it is
        now. Alerts that began within `since` are taken (at most 20000, the newest), with the silences and overrides of
        that time; those about tocsin itself only with `own`. Both configurations are tried from the beginning, with
        nothing told before, every provider well, and nobody acknowledging. Nothing is sent and nothing written.
        """
        span = _span(since)
        try:
            other = parts.load(path)
        except ConfigError as error:
            said = "that configuration cannot be used:\n" + "\n".join(error.problems)
            raise MethodError(said, code=REFUSED, data={"problems": error.problems}) from error
        gathered = _gathered(parts, span, own=own)
        before = _tried(parts, parts.settings(), gathered)
        after = _tried(parts, other, gathered)
        # Thousands of alerts are compared in a thread of the store's, so that nobody waits for it.
        return parts.store.read(lambda _: _compared(gathered, before, after))


def _span(since: str | float) -> float:
    try:
        return seconds(float(since) if isinstance(since, int) else since)
    except ValueError as error:
        raise MethodError(f"config.replay: since: {error}", code=INVALID_PARAMS, data={"field": "since"}) from error


def _gathered(parts: Parts, span: float, *, own: bool) -> Gathered:
    """Read what there was, page by page."""
    until = parts.clock.now()
    since = until - span
    past: list[Past] = []
    before, cut = 0, []
    while page := parts.store.read(partial(_page, since=since, before=before)):
        past += [one for one in page if own or one.alert.source != OWN]
        before = page[-1].alert.id
        if len(past) >= MOST_ALERTS:
            past = past[:MOST_ALERTS]
            cut = [f"only the newest {MOST_ALERTS} alerts were taken"]
            break
    begin = min((one.alert.first_seen for one in past), default=until)
    known = parts.store.read(lambda tx: silences.newest(tx, MOST_SILENCES))
    quiet = [one for one in reversed(known) if one.ends_at is None or one.ends_at > begin]
    covers = parts.store.read(lambda tx: overrides.between(tx, begin, until))
    return Gathered(since=since, until=until, past=past, silences=quiet, covers=covers, cut=cut)


def _page(tx: Tx, since: float, before: int) -> list[Past]:
    """The next page; one without any alert of that time is the last."""
    found = replays.page(tx, before, PAGE)
    return [replays.past(tx, alert) for alert in found if alert.first_seen >= since]


def _tried(parts: Parts, settings: Settings, gathered: Gathered) -> Result:
    """Replay it under these settings, on a store of its own, a little at a time."""
    replay = Replay(settings, gathered.past, gathered.silences, gathered.covers, gathered.until)
    scratch = parts.store.scratch()
    end = parts.clock.monotonic() + PATIENCE
    try:
        scratch.write(replay.prepare)
        while not scratch.write(lambda tx: replay.turn(tx, TURN)):
            if parts.clock.monotonic() > end:
                break
        return scratch.write(replay.result)
    finally:
        scratch.close()


def _compared(gathered: Gathered, before: Result, after: Result) -> Replayed:
    found = differences(gathered.past, before.heard, after.heard)
    return Replayed(
        since=gathered.since,
        until=gathered.until,
        alerts=len(gathered.past),
        differing=len(found),
        receivers_changed=sum(one.receivers[0] != one.receivers[1] for one in found),
        people_changed=sum(one.people[0] != one.people[1] for one in found),
        unheard=sum(one.hears_less for one in found),
        newly_heard=sum(not one.people[0] and bool(one.people[1]) for one in found),
        notices=(before.notices, after.notices),
        messages=(before.messages, after.messages),
        differences=found[:MOST_LINES],
        cut=[*gathered.cut, *_cut(before, after)],
    )


def _cut(before: Result, after: Result) -> Sequence[str]:
    names = (("the configuration in force", before.cut_at), ("the other configuration", after.cut_at))
    return [
        f"{name} was tried only up to {cut_at:.0f} (seconds since the epoch): the figures cannot be compared"
        for name, cut_at in names
        if cut_at is not None
    ]
