"""Alertmanager's behaviour as a table: what is pushed when, and which notices are expected between which instants.

Written from its documentation (docs/configuration.md, docs/alertmanager.md of prometheus/alertmanager). Times are in
units: a second against a running process, anything on a clock that is turned by hand. A group is flushed at its first
alert's instant + group_wait, and every group_interval after that; a notice is expected at a flush or not at all.
Steps keep a distance from the flushes, so that a slow machine does not decide what a flush sees.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NEVER = 1_000.0  # units: a repeat that no timeline lives to see
SLACK = 0.9  # units by which a notice may be late
WAITS: Mapping[str, float] = {"group_wait": 1, "group_interval": 2, "repeat_interval": NEVER}


@dataclass(frozen=True)
class Push:
    """An alert is sent, firing or over. `began` is how long ago it says that it began."""

    at: float
    alert: str
    labels: Mapping[str, str] = field(default_factory=dict)
    firing: bool = True
    began: float = 0.0


@dataclass(frozen=True)
class Silence:
    """A silence is set, from now until an instant."""

    at: float
    name: str
    matchers: Mapping[str, str]
    until: float


@dataclass(frozen=True)
class Expire:
    """A silence is ended by hand."""

    at: float
    name: str


Step = Push | Silence | Expire


@dataclass(frozen=True)
class Notice:
    """One notice: about these alerts, by name, to this receiver, at `at` or at most SLACK later (or until `latest`)."""

    at: float
    firing: frozenset[str] = frozenset()
    resolved: frozenset[str] = frozenset()
    receiver: str = "room"
    latest: float = 0.0

    def fits(self, at: float) -> bool:
        return self.at - 0.1 <= at <= max(self.latest, self.at + SLACK)


@dataclass(frozen=True)
class Timeline:
    """One case. `route` is what stands in the timeline's own node of the tree; durations in it are units.

    `ours` is what tocsin says where it differs from Alertmanager on purpose (docs/decisions/0013-who-hears.md).
    `scales` is whether it can be run in real time: calendars cannot.
    """

    name: str
    steps: tuple[Step, ...]
    expect: tuple[Notice, ...]
    lasts: float
    route: Mapping[str, Any] = field(default_factory=dict)
    inhibit_rules: tuple[Mapping[str, Any], ...] = ()
    time_intervals: tuple[Mapping[str, Any], ...] = ()
    unresolved: frozenset[str] = frozenset()  # receivers that do not want to hear of ends
    ours: tuple[Notice, ...] | None = None
    scales: bool = True


def over(at: float, alert: str, **labels: str) -> Push:
    return Push(at, alert, labels, firing=False)


def fire(at: float, alert: str, **labels: str) -> Push:
    return Push(at, alert, labels)


def told(at: float, firing: str = "", resolved: str = "", to: str = "room", latest: float = 0.0) -> Notice:
    """Expect a notice: alerts are single letters."""
    return Notice(at, frozenset(firing), frozenset(resolved), to, latest)


_CRITICAL_HIDES_WARNING = (
    {"source_matchers": ['severity="critical"'], "target_matchers": ['severity="warning"'], "equal": ["zone"]},
)

TIMELINES = (
    Timeline(
        name="members-within-group-wait-are-told-together",
        route={"group_by": ["cluster"]},
        steps=(fire(0, "A", cluster="1"), fire(0.5, "B", cluster="1"), fire(1.5, "C", cluster="1")),
        expect=(told(1, "AB"), told(3, "ABC")),
        lasts=6,
    ),
    Timeline(
        name="other-label-values-are-another-group-with-its-own-beat",
        route={"group_by": ["cluster"]},
        steps=(fire(0, "A", cluster="1"), fire(0.5, "B", cluster="2"), over(2, "B", cluster="2")),
        expect=(told(1, "A"), told(1.5, "B"), told(3.5, resolved="B")),
        lasts=6,
    ),
    Timeline(
        name="group-by-dots-tells-every-alert-by-itself",
        route={"group_by": ["..."]},
        steps=(fire(0, "A", cluster="1"), fire(0.4, "B", cluster="1"), over(2, "B", cluster="1")),
        expect=(told(1, "A"), told(1.4, "B"), told(3.4, resolved="B")),
        lasts=6,
    ),
    Timeline(
        name="without-group-by-all-are-one-group",
        steps=(fire(0, "A", cluster="1"), fire(0.4, "B", cluster="2"), fire(1.6, "C", zone="x")),
        expect=(told(1, "AB"), told(3, "ABC")),
        lasts=6,
    ),
    Timeline(
        name="what-does-not-change-is-repeated",
        route={"repeat_interval": 5},
        steps=(fire(0, "A"),),
        expect=(told(1, "A"), told(7, "A"), told(13, "A")),
        lasts=14.5,
    ),
    Timeline(
        name="news-put-the-repeat-off",
        route={"repeat_interval": 5},
        steps=(fire(0, "A"), fire(3.5, "B")),
        expect=(told(1, "A"), told(5, "AB"), told(11, "AB")),
        lasts=12.5,
    ),
    Timeline(
        name="some-resolved-then-all-resolved",
        steps=(fire(0, "A"), fire(0.3, "B"), over(2, "A"), over(4, "B")),
        expect=(told(1, "AB"), told(3, "B", "A"), told(5, resolved="B")),
        lasts=8,
    ),
    Timeline(
        name="over-before-group-wait-is-never-told",
        steps=(fire(0, "A"), over(0.5, "A")),
        expect=(),
        lasts=4,
    ),
    Timeline(
        name="over-and-back-within-the-interval-is-no-news",
        steps=(fire(0, "A"), over(1.5, "A"), fire(2.2, "A")),
        expect=(told(1, "A"),),
        lasts=6,
    ),
    Timeline(
        name="back-after-its-end-was-told-is-news",
        # An empty group of Alertmanager's lives on for a while, and then its beat counts; tocsin's waits group_wait
        # anew. Here both come to the same instant.
        steps=(fire(0, "A"), over(1.6, "A"), fire(4, "A")),
        expect=(told(1, "A"), told(3, resolved="A"), told(5, "A")),
        lasts=7,
    ),
    Timeline(
        name="what-began-long-ago-does-not-wait",
        steps=(Push(0, "A", began=60),),
        expect=(told(0, "A"),),
        lasts=3.5,
    ),
    Timeline(
        name="continue-tells-two-receivers-each-at-its-own-pace",
        route={
            "routes": [
                {"receiver": "room", "matchers": ['team="x"'], "continue": True},
                {"receiver": "pager", "matchers": ['team="x"'], "group_wait": 2},
                {"receiver": "room", "matchers": ['team="x"']},
            ]
        },
        steps=(fire(0, "A", team="x"), over(2.5, "A", team="x")),
        expect=(told(1, "A"), told(2, "A", to="pager"), told(3, resolved="A"), told(4, resolved="A", to="pager")),
        lasts=6.5,
    ),
    Timeline(
        name="a-child-inherits-what-it-does-not-say",
        route={
            "receiver": "room",
            "group_by": ["cluster"],
            "routes": [{"matchers": ['severity="critical"'], "receiver": "pager", "group_wait": 0}],
        },
        steps=(
            fire(0.2, "A", severity="critical", cluster="1"),
            fire(0.6, "B", severity="info", cluster="1"),
            fire(0.9, "C", severity="critical", cluster="1"),
        ),
        expect=(told(0.2, "A", to="pager"), told(1.6, "B"), told(2.2, "AC", to="pager")),
        lasts=5.5,
    ),
    Timeline(
        name="an-empty-group-by-is-inherited",
        route={"group_by": ["cluster"], "routes": [{"matchers": ['team="x"'], "group_by": []}]},
        steps=(fire(0, "A", team="x", cluster="1"), fire(0.5, "B", team="x", cluster="2")),
        expect=(told(1, "A"), told(1.5, "B")),
        lasts=4,
    ),
    Timeline(
        name="a-receiver-that-does-not-want-ends-hears-none",
        unresolved=frozenset(("room",)),
        steps=(fire(0, "A"), fire(0.3, "B"), over(2, "A"), over(4, "B")),
        expect=(told(1, "AB"),),
        lasts=7,
    ),
    Timeline(
        name="the-inhibited-is-told-once-its-inhibitor-is-over",
        route={"group_by": ["alertname"]},
        inhibit_rules=_CRITICAL_HIDES_WARNING,
        steps=(
            fire(0, "S", severity="critical", zone="1"),
            fire(0.2, "T", severity="warning", zone="1"),
            fire(0.4, "U", severity="warning", zone="2"),
            over(4, "S", severity="critical", zone="1"),
        ),
        expect=(told(1, "S"), told(1.4, "U"), told(5, resolved="S"), told(5.2, "T")),
        lasts=8,
    ),
    Timeline(
        name="an-inhibition-that-begins-later-hides-the-end",
        route={"group_by": ["alertname"]},
        inhibit_rules=_CRITICAL_HIDES_WARNING,
        steps=(
            fire(0, "T", severity="warning", zone="1"),
            fire(1.5, "S", severity="critical", zone="1"),
            over(3.6, "T", severity="warning", zone="1"),
        ),
        expect=(told(1, "T"), told(2.5, "S")),
        lasts=7,
    ),
    Timeline(
        name="an-inhibition-in-between-does-not-tell-again",
        route={"group_by": ["alertname"]},
        inhibit_rules=_CRITICAL_HIDES_WARNING,
        steps=(
            fire(0, "T", severity="warning", zone="1"),
            fire(1.5, "S", severity="critical", zone="1"),
            over(3.6, "S", severity="critical", zone="1"),
        ),
        expect=(told(1, "T"), told(2.5, "S"), told(4.5, resolved="S")),
        lasts=8,
    ),
    Timeline(
        name="silenced-from-the-start-it-is-told-when-the-silence-ends",
        steps=(Silence(0, "s", {"team": "x"}, until=4), fire(0.2, "A", team="x")),
        expect=(told(5.2, "A"),),
        lasts=8,
    ),
    Timeline(
        name="a-silence-ended-by-hand-ends-at-once",
        steps=(Silence(0, "s", {"team": "x"}, until=900), fire(0.2, "A", team="x"), Expire(2.2, "s")),
        expect=(told(3.2, "A"),),
        lasts=6,
    ),
    Timeline(
        name="a-silence-after-the-notice-holds-back-the-repeat-only",
        route={"repeat_interval": 3},
        steps=(fire(0, "A"), Silence(1.6, "s", {"alertname": "A"}, until=6)),
        expect=(told(1, "A"), told(7, "A"), told(11, "A")),
        lasts=12.5,
    ),
    Timeline(
        name="a-silence-for-one-member-leaves-the-others",
        steps=(
            Silence(0, "s", {"team": "x"}, until=900),
            fire(0.2, "A", team="x"),
            fire(0.4, "B", team="y"),
            over(2.2, "B", team="y"),
        ),
        expect=(told(1.2, "B"), told(3.2, resolved="B")),
        lasts=6,
    ),
    Timeline(
        name="an-end-under-a-silence-is-not-told",
        steps=(fire(0, "A"), Silence(1.6, "s", {"alertname": "A"}, until=6), over(2.2, "A")),
        expect=(told(1, "A"),),
        lasts=9,
    ),
    Timeline(
        name="back-after-an-end-under-a-silence",
        steps=(
            fire(0, "A"),
            Silence(1.6, "s", {"alertname": "A"}, until=4),
            over(2.2, "A"),
            fire(5.6, "A"),
        ),
        expect=(told(1, "A"),),  # the notice log still says that it is firing: nothing until the repeat
        ours=(told(1, "A"), told(6.6, "A", latest=7.9)),
        lasts=9.5,
    ),
    Timeline(
        name="outside-the-hours-it-waits-for-them",
        route={"group_by": ["alertname"], "mute_time_intervals": ["early"]},
        time_intervals=(
            {"name": "early", "time_intervals": [{"times": [{"start_time": "01:00", "end_time": "01:04"}]}]},
        ),
        steps=(fire(0, "A"), fire(6, "B"), over(8, "B")),
        expect=(told(5, "A"), told(7, "B"), told(9, resolved="B")),
        lasts=12,
        scales=False,
    ),
)
