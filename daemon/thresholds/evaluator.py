"""All rules over all series: takes what came in each slot, and judges every rule once. Live and replay are the same.

Whoever calls goes through the iterators in turns (`clock.unhurried`): a slot may bring a hundred thousand series.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from daemon.config.thresholds import Rule
from daemon.expressions.expression import Group
from daemon.series.live import Live
from daemon.series.rows import Row
from daemon.series.table import SLOT
from daemon.thresholds import standing
from daemon.thresholds.gathered import Gathered
from daemon.thresholds.heard import Heard
from daemon.thresholds.standing import Standing, Turn
from daemon.thresholds.view import MOST_IN_ALL, Room, Sight, View, sight_of
from daemon.thresholds.watched import Watched

Sinks = tuple[tuple[View, Gathered], ...]


class Change(msgspec.Struct, frozen=True):
    """A group's alarm began or is over. `why` is said where it is over although nothing was judged well."""

    watched: Watched
    group: Group
    standing: Standing
    turn: Turn
    at: float
    why: str = ""


class Evaluator:
    """The windows of all rules, and the way from a series to those that want it."""

    def __init__(self, heard: Heard | None = None, coarsest: int = 0) -> None:
        """`coarsest`: the pieces of windows are not shorter; for a replay of what is kept so."""
        self._coarsest = coarsest
        self.heard = heard or Heard()
        self.rules: dict[str, Watched] = {}
        self._views: dict[Sight, View] = {}
        self._room = Room(MOST_IN_ALL)
        self._by_name: dict[str, list[View]] = {}
        self._globs: list[View] = []
        self._known: dict[Live, Sinks] = {}
        self._shared: dict[Sinks, Sinks] = {}  # many series go the same way: one tuple for all of them
        self.dirty: list[tuple[Rule, Group, Standing]] = []  # what is to be written down
        self.evaluated = self.heard.until  # the end of the last slot that was judged

    @property
    def views(self) -> list[View]:
        """The windows that there are."""
        return list(self._views.values())

    def follow(self, rules: Iterable[Rule], now: float) -> list[View]:
        """Go over to these rules; return the windows that are new, which know nothing from before `now` yet."""
        old, self.rules = self.rules, {}
        sights: dict[Sight, View] = {}
        new = []
        for rule in rules:
            views = []
            for value in rule.expr.values:
                sight = sight_of(rule.expr, value, self._coarsest)
                view = sights.get(sight) or self._views.get(sight)
                if view is None:
                    view = View(sight, now, self._room)
                    new.append(view)
                sights[sight] = view
                views.append(view)
            self.rules[rule.name] = _kept(old.get(rule.name), rule, tuple(views))
        for sight, view in self._views.items():
            if sight not in sights:
                self._room.left += len(view.groups)
        self._views = sights
        self._by_name, self._globs = {}, []
        for view in sights.values():
            where = self._globs if view.selector.is_glob else self._by_name.setdefault(view.sight.name, [])
            where.append(view)
        self._begin_anew()
        return new

    def take(self, start: int, rows: Sequence[Row]) -> Iterator[None]:
        """Take what came in a slot; `judge` comes after it."""
        if not self._views:
            return
        known = self._known
        for live, tally in rows:
            sinks = known.get(live)
            if sinks is None:
                sinks = self._meet(live)
            for _, one in sinks:
                one.take(tally)
            yield
        for view in self._views.values():
            for _ in view.close(view.piece(start)):
                yield

    def late(self, start: int, rows: Sequence[Row]) -> Iterator[None]:
        """Take what belongs to a slot that is over; the next judgement sees it."""
        for live, tally in rows if self._views else ():
            for view, one in self._known.get(live) or self._meet(live):
                one.put(view.piece(start), tally)
            yield

    def judge(self, start: int) -> Iterator[Change | None]:
        """The slot that began then is over, and everything of it was taken: judge every rule that is due."""
        end = float(start + SLOT)
        if end <= self.evaluated:
            return
        self.heard.note(float(start), end)
        self.evaluated = end
        yield from self.evaluate(end)
        if start % (6 * SLOT) == 0:
            yield from self._sweep(end)

    def evaluate(self, end: float) -> Iterator[Change | None]:
        """Judge every rule that is due at this instant."""
        for watched in list(self.rules.values()):
            if watched.due(end) and not watched.rests:
                yield from self._judge(watched, end)

    def rest(self, watched: Watched, at: float, why: str) -> Iterator[Change]:
        """Nothing of this rule is judged for now: its alarms are over."""
        watched.waits = why
        for group, one in watched.numbers():
            turn = standing.end(one, at)
            self._note(watched, group, one)
            if turn is not None:
                yield Change(watched, group, one, turn, at, why)

    def _judge(self, watched: Watched, end: float) -> Iterator[Change | None]:
        scale = watched.ready(end, self.heard)
        if not scale:
            yield None
            return
        watched.evaluated_at = end
        tick = float(watched.tick)
        for group in watched.groups():
            if watched.is_forgotten(group, end, self.heard):
                yield self._forget(watched, group, end)
                continue
            one = watched.standings.get(group)
            if one is None:
                one = watched.standings[group] = Standing(since=end)
            turn = standing.step(watched.rule, one, watched.judge(group, end, scale), end, tick)
            if one.dirty:
                self._note(watched, group, one)
            yield None if turn is None else Change(watched, group, one, turn, end)

    def _forget(self, watched: Watched, group: Group, end: float) -> Change | None:
        one = watched.standings.pop(group, None)
        for view in watched.views:
            self._drop_quiet(view, group, end)  # others may look at what still comes above a line
        turn = None if one is None else standing.end(one, end)
        if one is None or turn is None:
            return None
        self._note(watched, group, one)
        return Change(watched, group, one, "ended", end, "nothing has come of it for a day")

    def _note(self, watched: Watched, group: Group, one: Standing) -> None:
        if one.dirty:
            self.dirty.append((watched.rule, group, one))

    def _meet(self, live: Live) -> Sinks:
        """Find out once which windows want a series."""
        views = [*self._by_name.get(live.key.name, ()), *self._globs]
        found = [(view, one) for view in views if (one := view.meet(live.key)) is not None]
        sinks = tuple(found)
        sinks = self._known[live] = self._shared.setdefault(sinks, sinks)
        return sinks

    def _drop_quiet(self, view: View, group: Group, end: float) -> None:
        if view.is_quiet(group, end, self.heard):
            view.drop(group)
            self._begin_anew()  # should one of its series live on, it is met anew

    def _begin_anew(self) -> None:
        """Every series is met anew."""
        self._known.clear()
        self._shared.clear()

    def _sweep(self, end: float) -> Iterator[None]:
        """Forget series that live no more, and groups that no rule asks for by itself: those above a line."""
        asked = {watched.about for watched in self.rules.values()}
        for view in self.views:
            for group in [] if view in asked else list(view.groups):
                self._drop_quiet(view, group, end)
                yield
        for live in list(self._known):
            if not live.is_live:
                self._known.pop(live, None)
            yield


def _kept(old: Watched | None, rule: Rule, views: tuple[View, ...]) -> Watched:
    """A rule that still judges the same goes on as it stands."""
    found = Watched(rule, views)
    if old is not None and old.rule.digest == rule.digest:
        found.standings = old.standings
        found.references, found.refer_by, found.rests = old.references, old.refer_by, old.rests
        found.evaluated_at = old.evaluated_at
    return found
