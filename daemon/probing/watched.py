"""One probe and what the scheduler remembers of it."""

import msgspec

from daemon.config.looking import ProbePlan
from daemon.event import Event
from daemon.probing.beat import beat_of
from daemon.probing.timetable import Entry
from daemon.probing.verdict import Course, Rule, judge
from daemon.reading import Health, Past, Reading


class ProbeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How one probe stands. Times are seconds since the epoch."""

    name: str
    type: str
    target: str
    every: float
    verdict: Health
    since: float | None  # when the verdict began, None while it is unknown
    reading: Reading | None  # the last one
    read_at: float | None
    next_due: float
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
        "beat", "course", "entry", "is_looking", "is_telling", "next", "notes", "plan", "read_at", "reading", "rule",
        "skipped", "target", "untold", "was_late", "was_told",
    )  # fmt: skip

    def __init__(self, plan: ProbePlan, now: float, kept: Kept | None = None) -> None:
        """`now` is monotonic."""
        kept = kept or Kept()
        self.plan = plan
        self.target = plan.probe.target()
        self.rule = Rule(fail=plan.fail_after, recover=plan.recover_after, steady=plan.steady)
        self.beat = beat_of(plan.name, plan.every)
        self.next = self.beat.after(now)
        self.entry: Entry
        self.course = kept.course
        self.notes = kept.notes
        self.reading: Reading | None = None
        self.read_at = kept.read_at
        self.skipped = 0
        self.was_late = False
        self.was_told = False  # its verdict, since the start
        self.is_looking = False
        self.is_telling = False
        self.untold: list[Event] = []

    def past(self, now: float) -> Past:
        """What its next look is given."""
        return Past(now=now, notes=self.notes)

    @property
    def health(self) -> Health:
        """How it stands for people: unknown also while nothing can be seen of it."""
        is_blind = self.reading is not None and self.reading.blind
        return Health.UNKNOWN if is_blind or self.is_unseen(self.course) else self.course.verdict

    def is_unseen(self, course: Course) -> bool:
        """Whether so many looks saw nothing that people must hear of it."""
        return course.unseen >= self.rule.fail.count

    def would_fall(self, health: Health) -> bool:
        """Whether one more such reading makes it down."""
        if health is not Health.DOWN or self.course.verdict is Health.DOWN:
            return False
        return judge(self.course, health, self.rule, 0.0).verdict is Health.DOWN

    def kept(self) -> Kept:
        """What a restart must not forget."""
        return Kept(course=self.course, notes=self.notes, read_at=self.read_at)

    def status(self, ahead: float) -> ProbeStatus:
        """As others see it; `ahead` turns monotonic into wall-clock time."""
        return ProbeStatus(
            name=self.plan.name,
            type=self.plan.type,
            target=self.target,
            every=self.plan.every,
            verdict=self.health,
            since=self.course.since,
            reading=self.reading,
            read_at=self.read_at,
            next_due=self.beat.due(self.next) + ahead,
            skipped=self.skipped,
            untold=len(self.untold),
            labels=self.plan.labels,
        )
