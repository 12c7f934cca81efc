"""A rule over what is kept: when it would have fired. The windows and the judgement are those of the rules at work."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from daemon.clock import Clock, unhurried
from daemon.config.thresholds import Rule
from daemon.expressions.expression import Group, written
from daemon.series.query import TooMuch
from daemon.series.table import SLOT
from daemon.series.tally import Tally
from daemon.thresholds.evaluator import Change, Evaluator
from daemon.thresholds.heard import Heard, Stretch
from daemon.thresholds.past import HOUR, MINUTE, Past, Stored
from daemon.thresholds.standing import Turn
from daemon.thresholds.view import TOGETHER, View
from daemon.thresholds.watched import Watched
from daemon.units import spoken

DAY = 86_400
MOST_STEPS = 1_000_000  # evaluations: instants times groups
MOST_TICKS = 100_000
MOST_TURNS = 1_000  # that are told
MOST_REFERENCES = 2_000  # readings of what there was a day or a week ago

IsOpen = Callable[[Rule, float], bool]


class Kept(msgspec.Struct, frozen=True):
    """How long what came is kept in which steps, both in seconds; the shortest steps first."""

    steps: int
    lasts: float


TIERS = (Kept(SLOT, 7_200.0), Kept(MINUTE, 3 * 86_400.0), Kept(HOUR, 90 * 86_400.0), Kept(DAY, 800 * 86_400.0))


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """A group's alarm would have begun, or been over."""

    at: float
    turn: Turn
    group: Group
    value: float | None
    samples: float
    worst: float | None  # while it fired


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would have done."""

    expr: str
    step: int  # seconds from one evaluation to the next: what is old is kept in longer steps
    evaluated: int  # instants that were judged
    passed_over: int  # that were not, for too little of the window was heard
    happened: list[Happened]
    left_out: int  # beyond the first of them
    firing: int  # groups, at the end
    problem: str
    highest: float | None  # of all values that were judged
    lowest: float | None


def replay(
    query: Stored,
    clock: Clock,
    rule: Rule,
    begin: float,
    end: float,
    *,
    heard: Sequence[Stretch] = (),
    tiers: Sequence[Kept] = TIERS,
    is_open: IsOpen = lambda _rule, _at: True,
) -> Replayed:
    """Judge a rule over a stretch of the past, in turns. Raises TooMuch, StoreError."""
    shortest = _steps(rule, begin, clock.now(), tiers)
    evaluator = Evaluator(_heard(heard, begin - rule.expr.over - rule.expr.shift, end), shortest)
    evaluator.follow([rule], 0.0)
    watched = evaluator.rules[rule.name]
    tick = watched.tick
    first, ticks = int(begin // tick + 1) * tick, int((end - begin) // tick)
    if ticks > MOST_TICKS:
        raise TooMuch(f"that are {ticks:,} evaluations; at most {MOST_TICKS:,}: ask for less time")
    came = [_came(query, clock, view, first - rule.expr.over, end) for view in watched.views]
    if (steps := ticks * max(1, *(groups for groups, _ in came))) > MOST_STEPS:
        raise TooMuch(f"that are {steps:,} evaluations with all groups; at most {MOST_STEPS:,}: ask for less time")
    tally = _Told(rule, tick)
    references = _References(Past(query), watched, evaluator.heard, clock)
    for instant in range(first, first + ticks * tick, tick):
        _put(watched.views, [rows for _, rows in came], instant)
        references.renew(float(instant))
        watched.rests = not is_open(rule, float(instant))
        changes = evaluator.rest(watched, float(instant), "") if watched.rests else evaluator.evaluate(float(instant))
        for change in unhurried(clock, changes):
            if change is not None:
                tally.change(change)
        tally.evaluated(watched, float(instant))
        _breathe(clock, instant // tick)
    return tally.whole(watched)


class _Told:
    """Gathers what happened."""

    def __init__(self, rule: Rule, tick: int) -> None:
        self._rule, self._tick = rule, tick
        self._happened: list[Happened] = []
        self._left_out = self._judged = self._passed = 0
        self._highest: float | None = None
        self._lowest: float | None = None

    def change(self, change: Change) -> None:
        """One alarm began or was over."""
        if len(self._happened) >= MOST_TURNS:
            self._left_out += 1
            return
        one = change.standing
        self._happened.append(
            Happened(
                at=change.at,
                turn=change.turn,
                group=change.group,
                value=one.judged.value,
                samples=one.judged.samples,
                worst=one.worst,
            )
        )

    def evaluated(self, watched: Watched, at: float) -> None:
        """One instant is over."""
        if watched.evaluated_at != at:
            self._passed += 1
            return
        self._judged += 1
        values = [one.judged.value for _, one in watched.numbers() if one.judged.value is not None]
        if values:
            high, low = max(values), min(values)
            self._highest = high if self._highest is None else max(self._highest, high)
            self._lowest = low if self._lowest is None else min(self._lowest, low)

    def whole(self, watched: Watched) -> Replayed:
        """All of it."""
        return Replayed(
            expr=str(self._rule.expr),
            step=self._tick,
            evaluated=self._judged,
            passed_over=self._passed,
            happened=self._happened,
            left_out=self._left_out,
            firing=sum(one.phase.is_open for _, one in watched.numbers()),
            problem=watched.problem or ("" if self._judged else watched.waits),
            highest=self._highest,
            lowest=self._lowest,
        )


class _References:
    """What there was a day or a week before each instant."""

    def __init__(self, past: Past, watched: Watched, heard: Heard, clock: Clock) -> None:
        self._past, self._watched, self._heard, self._clock = past, watched, heard, clock
        self._read = 0

    def renew(self, at: float) -> None:
        """Read it anew where that is due."""
        watched = self._watched
        if not watched.rule.expr.versus or at < watched.refer_by:
            return
        self._read += 1
        if self._read > MOST_REFERENCES:
            raise TooMuch(f"what was {watched.rule.expr.versus} would be read too often: ask for less time")
        found = self._past.reference(watched.views, watched.rule.expr, at, self._heard)
        watched.references, watched.refer_by = found
        self._clock.breathe()


def _steps(rule: Rule, begin: float, now: float, tiers: Sequence[Kept]) -> int:
    """The steps in which what is needed is kept."""
    age = now - begin + rule.expr.over
    found = next((one for one in tiers if age <= one.lasts), tiers[-1])
    if found.steps > rule.expr.over:
        kept = [one for one in tiers if one.steps <= rule.expr.over]
        since = spoken((kept[-1].lasts - rule.expr.over) // MINUTE * MINUTE) if kept else "0s"
        raise TooMuch(
            f"so long ago series are kept in steps of {written(found.steps)}, and the window has"
            f" {written(rule.expr.over)}: begin at most {since} ago"
        )
    return found.steps


def _heard(stretches: Sequence[Stretch], begin: float, end: float) -> Heard:
    """When tocsin was there; before the first stretch that is known it is taken to have been."""
    known = list(stretches) or [(begin, end)]
    first = known[0]
    return Heard([(min(begin, first[0]), first[1]), *known[1:]])


class _Ahead:
    """What came, in order, of which the first is looked at before it is taken."""

    def __init__(self, rows: list[tuple[int, Group, Tally]]) -> None:
        self._rows, self._at = rows, 0

    def until(self, instant: int) -> Iterator[tuple[int, Group, Tally]]:
        """What began before this instant."""
        while self._at < len(self._rows) and self._rows[self._at][0] < instant:
            yield self._rows[self._at]
            self._at += 1


def _came(query: Stored, clock: Clock, view: View, begin: float, end: float) -> tuple[int, _Ahead]:
    """How many groups there are, and what came of them. A group is there from the first that came of it."""
    for listed in unhurried(clock, query.list(view.selector)):
        view.meet(listed.key)
    known = set(view.groups)
    for labels in known - {TOGETHER}:
        view.drop(labels)
    try:
        found = query.tallies(view.selector, begin, end, view.sight.piece, view.sight.by)
    except TooMuch:
        raise TooMuch(
            "that are more numbers than can be read at once: ask for less time, or for fewer groups"
        ) from None
    rows: list[tuple[int, Group, Tally]] = []
    for labels, steps in unhurried(clock, found.items()):
        if labels in known:
            rows += [(start, labels, tally) for start, tally in steps]
    rows.sort(key=lambda row: row[0])
    return len(known & found.keys()), _Ahead(rows)


def _put(views: Sequence[View], came: Sequence[_Ahead], instant: int) -> None:
    for view, rows in zip(views, came, strict=True):
        for start, labels, tally in rows.until(instant):
            if view.kind is not None and (one := view.group(labels, view.kind)) is not None:
                one.put(view.piece(start), tally)


def _breathe(clock: Clock, number: int) -> None:
    """Where little changes, nothing else would let the others have a turn."""
    if number % 50 == 0:
        clock.breathe()
