"""When errors of applications raise alarms, and how many of them are kept."""

from dataclasses import dataclass, field
from typing import Literal

from daemon.config.keys import doc
from daemon.matcher import check_pattern
from daemon.units import Bytes, Seconds

Level = Literal["debug", "info", "warning", "error", "fatal"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error", "fatal")

_DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class ErrorAlarms:
    """Which errors raise alarms, and when."""

    alarm: tuple[Literal["first", "regression", "spike"], ...] = field(
        default=("first", "regression", "spike"),
        metadata=doc(
            "what raises one: `first`, an error that nobody was told of before; `regression`, one that was resolved"
            " and came again; `spike`, far more of one than usual"
        ),
    )
    level: Level = field(default="error", metadata=doc("least level that raises one"))
    environments: tuple[str, ...] = field(default=(), metadata=doc("only errors of these raise any; all if empty"))
    ignore: tuple[str, ...] = field(
        default=(),
        metadata=doc("RE2 patterns: an error whose `type: text` one of them is found in is kept, and raises none"),
    )
    clear_after: Seconds = field(
        default=Seconds(3_600.0), metadata=doc("an alarm is over when the error did not come for so long", least=60)
    )
    again_after: Seconds = field(
        default=Seconds(7 * _DAY),
        metadata=doc(
            "one that nobody resolved is told again (`regression`) when it comes after it did not for so long",
            least=3_600,
        ),
    )
    spike_factor: float = field(
        default=10.0, metadata=doc("so many times as many as usual in five minutes are a spike", least=2, most=10_000)
    )
    spike_least: int = field(
        default=50, metadata=doc("fewer than that in five minutes are none", least=1, most=1_000_000)
    )
    storm: int = field(
        default=10,
        metadata=doc("more than that in a minute that are new or came again are told as one", least=1, most=1_000),
    )

    def __post_init__(self) -> None:
        """Patterns must be such."""
        for one in self.ignore:
            check_pattern("ignore", one)


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Errors that applications report."""

    alarms: ErrorAlarms = field(default=ErrorAlarms(), metadata=doc("which raise alarms, and when"))
    apps: dict[str, ErrorAlarms] = field(
        default_factory=dict, metadata=doc("the same for single applications, wholly in place of `alarms`")
    )
    most: int = field(
        default=2_000,
        metadata=doc("different errors kept of one application; then resolved ones go first", least=10, most=100_000),
    )
    samples: int = field(default=20, metadata=doc("errors of one kind kept whole", least=2, most=100))
    samples_size: Bytes = field(
        default=Bytes(64 * 1024**2), metadata=doc("most of all those of one application", least=1024**2)
    )
    keep: Seconds = field(
        default=Seconds(90 * _DAY), metadata=doc("how long an error is kept that does not come again", least=_DAY)
    )
    keep_vars: bool = field(
        default=False,
        metadata=doc("also keep what variables held in each call; what is called a password or the like is hidden"),
    )

    def of(self, app: str) -> ErrorAlarms:
        """Which errors of an application raise alarms."""
        return self.apps.get(app, self.alarms)
