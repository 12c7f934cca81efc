"""One probe and what the scheduler remembers of it."""

import datetime as dt

import msgspec

from daemon.clock import JUMP
from daemon.config.looking import ProbePlan
from daemon.event import Event
from daemon.probing.rhythm import Now, Rest, Rhythm
from daemon.probing.timetable import Entry
from daemon.probing.verdict import Course, Rule, contradicts, judge, resumed, shifted
from daemon.reading import Health, Past, Reading
from daemon.store.heartbeats import Heard
from daemon.store.pauses import Pause


class ProbeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How one probe stands. Times are seconds since the epoch."""

    name: str
    type: str
    target: str
    every: float
    cron: str  # in place of `every`, where there is one
    timezone: str  # in which that is meant
    verdict: Health
    since: float | None  # when the verdict began, None while it is unknown
    reading: Reading | None  # the last one
    read_at: float | None
    next_due: float | None  # None while nobody knows
    resting: str  # why nobody is meant to look, empty when somebody is
    pause: Pause | None
    skipped: int  # beats at which it did not look: too late, or still looking
    untold: int  # changes that the store could not take yet
    labels: dict[str, str]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a restart must not forget of a probe."""

    course: Course = Course()
    notes: bytes = b""  # the kind's own
    read_at: float | None = None


class Watched:
    """One probe's state; the scheduler turns it."""

    __slots__ = (
        "ahead", "amiss", "awake_since", "course", "entry", "heard", "heard_since", "is_looking", "is_telling", "notes",
        "plan", "read_at", "reading", "rest", "rhythm", "rule", "seconds", "skipped", "target", "untold", "wanted",
        "was_told", "well",
    )  # fmt: skip

    def __init__(
        self,
        plan: ProbePlan,
        rhythm: Rhythm,
        kept: Kept | None = None,
        heard: Heard | None = None,
    ) -> None:
        """`heard` are the calls of one that calls in; its notes are kept with them and nowhere else."""
        kept = kept or Kept()
        self.plan = plan
        self.target = plan.probe.target()
        self.rule = Rule(fail=plan.fail_after, recover=plan.recover_after, steady=plan.steady)
        self.rhythm = rhythm
        self.rest: Rest | None = None  # why nobody is meant to look, as far as it was noticed
        self.awake_since = 0.0
        self.heard_since = 0.0
        self.entry: Entry
        self.course = resumed(kept.course)
        self.heard = 0 if heard is None else heard.number
        self.notes = kept.notes
        if plan.is_called:
            self.notes = b"" if heard is None else heard.notes
        self.reading: Reading | None = None
        self.read_at = kept.read_at
        self.ahead: float | None = None  # of monotonic time, the wall clock when a reading was last judged
        self.skipped = 0
        self.well = self.amiss = 0  # looks, by result
        self.seconds = 0.0  # that all of them took
        self.was_told = False  # its verdict, since the start
        self.is_looking = False
        self.wanted: bool | None = None  # a look after the one that runs, and whether it counts
        self.is_telling = False
        self.untold: list[Event] = []

    def count(self, reading: Reading, took: float) -> None:
        """Add a look to what is counted."""
        self.seconds += took
        if reading.is_well:
            self.well += 1
        else:
            self.amiss += 1

    def keep_time(self, now: Now) -> None:
        """Notice that the clock was set since the last reading: the row of readings is no longer or shorter for it."""
        before, self.ahead = self.ahead, now.wall - now.mono
        if before is not None and abs(self.ahead - before) > JUMP:
            self.course = shifted(self.course, self.ahead - before)

    def past(self, now: float) -> Past:
        """What its next look is given."""
        if not self.plan.is_called:
            return Past(now=now, notes=self.notes)
        return Past(
            now=now,
            notes=self.notes,
            pace=self.plan.pace,
            awake_since=self.awake_since,
            heard_since=self.heard_since,
        )

    @property
    def health(self) -> Health:
        """How it stands for people: unknown also while nothing can be seen of it, or nobody is meant to look."""
        is_blind = self.rest is not None or (self.reading is not None and self.reading.blind)
        return Health.UNKNOWN if is_blind or self.is_unseen(self.course) else self.course.verdict

    def must_be_told(self, before: Course, reading: Reading) -> bool:
        """Whether its verdict is another one, or the first since the start. What saw nothing tells nothing.

        A verdict from before the start waits for a reading that bears it out: nobody is told `down: 200 OK`.
        """
        verdict = self.course.verdict
        if verdict is Health.UNKNOWN or reading.health is Health.UNKNOWN:
            return False
        return verdict is not before.verdict or not (self.was_told or contradicts(reading.health, verdict))

    def is_unseen(self, course: Course) -> bool:
        """Whether so many looks saw nothing that people must hear of it."""
        return course.unseen >= self.rule.fail.count

    def is_news(self, reading: Reading) -> bool:
        """Whether a look that does not count says more than is known: the first one, after a start that forgot all."""
        return self.reading is None and self.course.verdict is Health.UNKNOWN and reading.health is not Health.UNKNOWN

    def would_fall(self, health: Health) -> bool:
        """Whether one more such reading makes it down."""
        if health is not Health.DOWN or self.course.verdict is Health.DOWN:
            return False
        return judge(self.course, health, self.rule, 0.0).verdict is Health.DOWN

    def kept(self) -> Kept:
        """What a restart must not forget."""
        return Kept(course=self.course, notes=self.notes, read_at=self.read_at)

    def status(self, now: Now, zone: dt.tzinfo) -> ProbeStatus:
        """As others see it."""
        rest = self.rhythm.rest(now.wall)
        return ProbeStatus(
            name=self.plan.name,
            type=self.plan.type,
            target=self.target,
            every=self.plan.every,
            cron="" if self.plan.cron is None else str(self.plan.cron),
            timezone="" if self.plan.cron is None else str(self.plan.timezone),
            verdict=self.health,
            since=self.course.since if self.health is self.course.verdict else None,
            reading=self.reading,
            read_at=self.read_at,
            next_due=self.rhythm.next_due(now),
            resting="" if rest is None else rest.said(zone),
            pause=None if rest is None else rest.pause,
            skipped=self.skipped,
            untold=len(self.untold),
            labels=self.plan.labels,
        )
