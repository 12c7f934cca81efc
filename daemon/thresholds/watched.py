"""One rule at work: its windows, how each of its groups stands, and the number that an evaluation finds."""

from collections.abc import Iterator, Mapping

from daemon.config.thresholds import NoData, Rule
from daemon.expressions.expression import AMOUNTS, PERCENTILE, Group, Value
from daemon.thresholds.gathered import Gathered
from daemon.thresholds.heard import ENOUGH, Heard
from daemon.thresholds.standing import NOTHING, WORST, Judged, Phase, Standing
from daemon.thresholds.view import FORGET, TOGETHER, View


class Watched:
    """A rule and its windows: one, or two of which the first is divided by the second."""

    def __init__(self, rule: Rule, views: tuple[View, ...]) -> None:
        self.rule = rule
        self.views = views
        self.standings: dict[Group, Standing] = {}
        self.evaluated_at = 0.0
        self.waits = ""  # why it was not evaluated the last time it was due
        self.references: Mapping[Group, float] | None = None  # what it was a day or a week ago
        self.refer_by = 0.0  # until when that is good enough
        self.rests = False  # outside of its active hours

    @property
    def about(self) -> View:
        """The window that says which groups there are."""
        return self.views[-1]

    @property
    def tick(self) -> int:
        """The seconds from one evaluation to the next."""
        return self.about.sight.piece

    @property
    def problem(self) -> str:
        """Why it cannot do what was meant; empty when it can."""
        for view, value in zip(self.views, self.rule.expr.values, strict=True):
            if view.refused is not None:
                said = value.refusal(view.refused)
                return said or f"{value.name} is a {view.refused} and a {view.kind}: only the latter is watched"
            if view.most is not None:
                return f"{value.selector} has more than {view.most:,} groups: the rest is not watched"
        return ""

    def due(self, end: float) -> bool:
        """Whether its window goes on at this instant."""
        return end % self.tick == 0

    def groups(self) -> list[Group]:
        """What it judges: everything together, or each group that it knows."""
        if self.rule.expr.by == ():
            return [TOGETHER]
        return [*self.about.groups, *(one for one in self.standings if one not in self.about.groups)]

    def ready(self, end: float, heard: Heard) -> float:
        """What amounts are to be multiplied with, for nobody was there to hear the rest; 0 when it cannot be judged."""
        over = self.rule.expr.over
        begin = max(end - over, *(view.begun for view in self.views))
        share = heard.of(begin, end) / over
        if not share or (share < ENOUGH and not self._needs_no_more):
            self.waits = f"only {share:.0%} of its window was heard so far"
            return 0.0
        if self.rule.expr.versus and self.references is None:
            why = f"too little of what there was {self.rule.expr.versus} was heard"
            self.waits = why if self.refer_by else f"what there was {self.rule.expr.versus} is not read yet"
            return 0.0
        self.waits = ""
        return 1.0 if share >= 1 else 1.0 / share

    @property
    def _needs_no_more(self) -> bool:
        """Whether a part of the window will do: it says how many values are enough, and a gap cannot make it fire.

        An average, a percentile or a ratio of amounts is one of whatever was heard, be the window a day and tocsin an
        hour old; and a highest value that is too high stays it.
        """
        rule = self.rule
        if not rule.at_least or rule.no_data is not NoData.KEEP or rule.expr.versus:
            return False
        functions = [value.function for value in rule.expr.values]
        if len(functions) > 1 and all(one in AMOUNTS for one in functions):
            return True
        extreme = "max" if rule.above is not None else "min"
        return all(one in ("avg", PERCENTILE) for one in functions) or functions == [extreme]

    def judge(self, group: Group, end: float, scale: float) -> Judged:
        """The number of a group at an instant at which it is due."""
        expr = self.rule.expr
        piece = self.about.piece(end - 1)
        if self.rule.is_absence:
            return _absence(self.about, group, piece)
        found = [
            _asked(view, value, group, piece, scale if value.function in AMOUNTS else 1.0)
            for view, value in zip(self.views, expr.values, strict=True)
        ]
        value, samples = found[-1]
        if expr.divisor is not None:
            above = found[0][0]
            # Of what never came there were none: no errors at all are no missing data.
            above = 0.0 if above is None and expr.value.function in AMOUNTS else above
            value = above / value if above is not None and value else None
        if expr.versus and value is not None:
            before = (self.references or {}).get(group)
            value = value / before if before else None
        return NOTHING if value is None else Judged(value, samples)

    def is_forgotten(self, group: Group, end: float, heard: Heard) -> bool:
        """Whether nothing came of a group for so long that it is no more."""
        if self.rule.expr.by == ():
            return False
        if group in self.about.groups:
            return self.about.is_quiet(group, end, heard)
        stood = self.standings.get(group)  # as it was when the process before this one ended
        return stood is not None and (stood.phase is Phase.OK or stood.since < heard.since(end, FORGET))

    def numbers(self) -> Iterator[tuple[Group, Standing]]:
        """How each group stands."""
        yield from list(self.standings.items())

    def worst(self) -> Standing | None:
        """How that group stands of which people want to hear first; None when there is none."""
        return min(self.standings.values(), key=self._urgency, default=None)

    def _urgency(self, one: Standing) -> tuple[int, float]:
        value = one.judged.value
        return WORST.index(one.phase), float("inf") if value is None else -self.rule.badness(value)


def _absence(view: View, group: Group, piece: int) -> Judged:
    one = view.groups.get(group)
    is_absent = one is None or one.heard <= piece - view.size
    return Judged(float(is_absent), 0.0 if one is None else one.samples(piece))


def _asked(view: View, value: Value, group: Group, piece: int, scale: float) -> tuple[float | None, float]:
    one: Gathered | None = view.groups.get(group)
    if one is None:
        return None, 0.0
    found = one.ask(value, piece)
    if found is not None and value.function == "rate":
        found /= view.sight.over
    return (None if found is None else found * scale), one.samples(piece)
