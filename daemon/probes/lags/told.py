"""What the kinds say that look at consumer lag: health, values, and evidence that names the worst."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from daemon import fitting
from daemon.probes.lags.lag import (
    MOST_PARTITIONS,
    SEVERITY,
    Judged,
    Key,
    Marks,
    Offsets,
    Rules,
    Shape,
    judged,
    remembered,
)
from daemon.reading import Fact, Health, Reading
from daemon.units import spoken

T = TypeVar("T")

TOLD = 5  # groups, partitions and reasons that are named
LONGEST_AGO = 3650 * 86_400.0  # seconds: notes that were spoilt may say anything
LONGEST = 60  # characters of a name that the brokers told

GIVES: Final[Mapping[str, Fact]] = {
    "shape": Fact(f"the worst of {', '.join(f'`{shape}`' for shape in Shape)}", "text", ideal=Shape.ADVANCING.value),
    "lag": Fact("messages that wait, of all partitions that have a commit", ideal=0),
    "lag.max": Fact("messages that wait in the worst partition", ideal=0),
    "lag.of": Fact('messages that wait for one group, or in one of its topics: `lag.of "group/topic"`', keyed=True),
    "partitions": Fact("partitions that were seen"),
    "uncommitted": Fact("partitions of them for which nothing is committed"),
    "unseen": Fact("partitions that could not be seen, because a broker did not answer for them", ideal=0),
}
EXPIRED = Fact("partitions that lost messages to retention before they were read", ideal=0)
MEMBERS = Fact("consumers that are in a group now; absent where the brokers do not say", keyed=True)


class Sight(msgspec.Struct):
    """All that one look saw."""

    offsets: list[Offsets] = []
    members: dict[str, int] = {}  # by group, where it is known
    unseen: int = 0  # partitions
    reasons: list[str] = []  # why something is not there
    remarks: dict[str, str] = {}  # evidence of the kind's own
    knows_beginnings: bool = False  # whether it was asked where the logs begin, of those who have not read it all

    def room(self, rows: list[T], key: Callable[[T], Key]) -> list[T]:
        """Keep no more than one look judges, the same ones each time."""
        if (more := len(rows) - MOST_PARTITIONS) > 0:
            self.remarks["left out"] = f"{more} partitions beyond the {MOST_PARTITIONS} that one look judges"
        return sorted(rows, key=key)[:MOST_PARTITIONS]


def told(sight: Sight, marks: Marks, rules: Rules, now: float) -> Reading:
    """The reading of a look; pure, and for ten thousand partitions not quick."""
    if not sight.offsets:
        return Reading(health=Health.DOWN, detail="; ".join(_first(sight.reasons)) or "there is nothing to see")
    found = judged(sight.offsets, sight.members, marks, rules, now)
    health = found[0].shape.health if rules.judge else Health.UP
    if (sight.unseen or sight.reasons) and health is Health.UP:
        health = Health.DEGRADED
    return Reading(
        health=health,
        detail="; ".join([_gist(found, now), *_first(sight.reasons)]),
        values=_values(found, sight),
        evidence=_evidence(found, sight, now),
        notes=remembered(found, marks, rules, now),
    )


def name(text: str) -> str:
    """A group or a topic, as people are shown it: brokers may say anything."""
    return fitting.cut(fitting.line(text), LONGEST)


def _gist(found: Sequence[Judged], now: float) -> str:
    """One line: the worst partition, or that all is well."""
    worst = found[0]
    if worst.shape is Shape.ADVANCING:
        return f"{worst.shape}, {_sum(found)}"
    like = sum(one.shape is worst.shape for one in found) - 1
    more = f", and {like} more" if like else ""
    return f"{_called(worst)} {_story(worst, now)}{more}"


def _story(one: Judged, now: float) -> str:
    """What is wrong with a partition, in words."""
    seen, mark = one.seen, one.mark
    match one.shape:
        case Shape.STOPPED:
            why = "messages come" if seen.committed is None else f"lag {one.lag}, nobody in the group"
            said = f"{why}, nothing committed for {_ago(mark.held, now)}"
        case Shape.STALLED:
            said = f"lag {one.lag}, {_committed(one)} for {_ago(mark.held, now)}"
        case Shape.REWOUND if mark.back is None:
            said = f"{_committed(one)} lies beyond the end of the log, {seen.end}"
        case Shape.REWOUND:
            said = f"the commit went back from {mark.was} {_ago(mark.back, now)} ago; now {_committed(one)}"
        case Shape.FALLING:
            said = f"lag {one.lag}, growing for {_ago(mark.grows, now)}"
        case _:
            said = f"lag {one.lag}, {_committed(one)} of {seen.end}"
    return f"{one.shape}: {said}"


def _ago(since: float | None, now: float) -> str:
    return spoken(min(max(0.0, now - (now if since is None else since)), LONGEST_AGO))


def _committed(one: Judged) -> str:
    return "no commit" if one.seen.committed is None else f"commit {one.seen.committed}"


def _called(one: Judged) -> str:
    return f"{name(one.seen.group)}/{name(one.seen.topic)} {one.seen.partition}"


def _values(found: Sequence[Judged], sight: Sight) -> dict[str, object]:
    values: dict[str, object] = {
        "shape": found[0].shape.value,
        "partitions": len(found),
        "uncommitted": sum(one.seen.committed is None for one in found),
        "unseen": sight.unseen,
    }
    if sight.knows_beginnings:
        values["expired"] = sum(one.seen.has_expired for one in found)
    known = [one for one in found if one.mark.lag is not None]
    if known:
        of: Counter[str] = Counter()
        for one in known:
            of[one.seen.group] += one.lag
            of[f"{one.seen.group}/{one.seen.topic}"] += one.lag
        values |= {"lag": sum(one.lag for one in known), "lag.max": max(one.lag for one in known), "lag.of": dict(of)}
    if sight.members:
        values["members"] = sight.members
    return values


def _evidence(found: Sequence[Judged], sight: Sight, now: float) -> dict[str, str]:
    """For people, in order: the worst groups, their worst partitions, and what is odd about any."""
    groups: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in found:
        groups[one.seen.group].append(one)
    worst = sorted(
        groups, key=lambda group: (-SEVERITY[groups[group][0].shape], -sum(one.lag for one in groups[group]))
    )
    shown = {f"group {name(group)}": _of_group(groups[group], sight.members.get(group)) for group in worst[:TOLD]}
    if len(worst) > TOLD:
        shown["more groups"] = str(len(worst) - TOLD)
    shown |= {_called(one): _story(one, now) for one in found[:TOLD] if one.shape is not Shape.ADVANCING or one.lag}
    odd = {
        "no commit": [one for one in found if one.seen.committed is None],
        "expired unread": [one for one in found if one.seen.has_expired],
    }
    shown |= {what: _listed(map(_called, which), len(which)) for what, which in odd.items() if which}
    if sight.reasons:
        shown["not seen"] = "; ".join(_first(sight.reasons))
    return shown | sight.remarks


def _of_group(partitions: Sequence[Judged], members: int | None) -> str:
    said = f"{partitions[0].shape}, {_sum(partitions)}"
    return said if members is None else f"{said}, {_counted(members, 'member') if members else 'nobody in it'}"


def _sum(partitions: Sequence[Judged]) -> str:
    known = [one for one in partitions if one.mark.lag is not None]
    parts = [f"lag {sum(one.lag for one in known)} in {_counted(len(known), 'partition')}"] if known else []
    if rest := len(partitions) - len(known):
        parts.append(f"no commit in {rest}")
    return ", ".join(parts)


def _listed(names: Iterable[str], count: int) -> str:
    first = [one for one, _ in zip(names, range(TOLD), strict=False)]
    return ", ".join(first) + (f" and {count - TOLD} more" if count > TOLD else "")


def _first(reasons: Sequence[str]) -> list[str]:
    """The first reasons, each once."""
    once = list(dict.fromkeys(reasons))
    return once if len(once) <= TOLD else [*once[:TOLD], f"and {len(once) - TOLD} more reasons"]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
