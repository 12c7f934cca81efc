"""What an earlier process left of each probe, read at the start."""

from collections.abc import Sequence

import msgspec

from daemon.config.looking import ProbePlan
from daemon.history import incident, standing
from daemon.history.account import Account, Reached
from daemon.history.batch import TIMES, UNTIL, Batch
from daemon.history.entry import Entry
from daemon.history.incident import Incident
from daemon.history.stretches import Time, Turn
from daemon.probing.watched import Kept
from daemon.store import facts, incidents, probes, readings, turns
from daemon.store.base import Row, Tx
from daemon.store.turns import VERDICT

RECENT = 180_000  # milliseconds of readings, the last there are, that may not have changed how a probe stands


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of one probe."""

    number: int
    digests: tuple[str, str]
    kept: Kept
    account: Account
    settled: list[Turn]  # by the readings that came after it was written down how it stands
    incident: Incident | None
    cover: Time | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What there is in the store."""

    until: int  # up to when everything is written down (ms); 0 when nothing is
    numbers: dict[str, int]
    left: dict[str, Left]
    stray: list[int]  # probes that were watched, but not long enough to leave anything


def read(tx: Tx) -> Found:
    """Read all of it."""
    numbers = probes.numbers(tx)
    names = {number: name for name, number in numbers.items()}
    last = readings.last_of_each(tx, RECENT)
    covered = turns.covered(tx)
    still_open = {row[0]: incident.read(row) for row in incidents.still_open(tx)}
    left = {}
    for one in probes.standings(tx):
        found = standing.unpacked(one)
        if found is None or one.probe not in names:
            continue
        kept, account = found
        settled = []
        if since := [at for at in last.get(one.probe, ()) if at > account.reached]:
            settled = _read_again(account, since)
            kept = standing.read_again(kept, since[-1] / 1_000)
        left[names[one.probe]] = Left(
            number=one.probe,
            digests=(one.settings, one.target),
            kept=kept,
            account=account,
            settled=settled,
            incident=still_open.get(one.probe),
            cover=TIMES[covered[one.probe]] if one.probe in covered else None,
        )
    stray = [number for number in probes.gone(tx) if (last_turn := turns.last(tx, number)) and _is_watched(last_turn)]
    return Found(until=int(facts.get(tx, UNTIL) or 0), numbers=numbers, left=left, stray=stray)


def taken_over(left: Left, plan: ProbePlan, batch: Batch) -> Entry:
    """Go on with what is left of a probe that is still configured; whether it means anything is seen later."""
    here = Entry(left.number, plan, left.digests, left.account, left.kept)
    here.cover, here.incident = left.cover, left.incident
    batch.turn(left.number, VERDICT, left.settled)
    return here


def abandoned(left: Left, now: int, batch: Batch) -> None:
    """It was removed while nobody ran: it was watched as long as its last reading says something."""
    at = min(now, max(left.account.reached, left.account.speaks_until))
    batch.turn(left.number, VERDICT, [*left.settled, *left.account.leave(at)])
    batch.gone.add(left.number)
    if left.incident is not None:
        batch.incident(left.incident.over(at, incident.REMOVED))


def _read_again(account: Account, since: Sequence[int]) -> list[Turn]:
    """The readings since then changed nothing, or that would have been written down with them."""
    speaks = account.speaks_until - account.reached
    return [
        turn for at in since for turn in account.step(Reached(at=at, speaks_until=at + speaks, verdict=account.verdict))
    ]


def _is_watched(row: Row) -> bool:
    return TIMES[row[1]] is not Time.UNWATCHED
