"""What every probe is: settings as fields, one method that looks once."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self

from daemon.blotted import blotted
from daemon.reading import Ear, Fact, Health, Looks, Past, Reading
from daemon.registry import kind as probe
from daemon.units import Seconds

__all__ = ["Fact", "Health", "OfThisMachine", "Past", "Probe", "Reading", "Rules", "probe"]

Rules = Mapping[str, tuple[str, Any]]  # the value that a rule is about, its setting, and what turns it off

MOST_QUOTED = 8 * 1024  # bytes of a body that are read for the few words that people are shown


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A way to look. A subclass is a frozen, keyword-only dataclass whose fields are its settings.

    The scheduler owns the beat, the conditions, the verdict and the event; a probe only looks, within `timeout`
    seconds, and raises nothing that it can express as a reading.
    """

    PHASES: ClassVar[tuple[str, ...]] = ()  # the phases that a whole look has, in order
    GIVES: ClassVar[Mapping[str, Fact]] = {}  # the values of its readings, beside the phases
    RULES: ClassVar[Rules] = {}  # the kind's own, which give way to conditions
    PLAN: ClassVar[Mapping[str, Any]] = {}  # settings that all probes have, and that are something else by default here
    FOR_OTHERS: ClassVar[bool] = False  # whether another tocsin may have us look: never what touches this machine

    timeout: Seconds = field(default=Seconds(10.0), metadata={"doc": "the longest one look may take", "least": 0.05})

    def __post_init__(self) -> None:
        """Refuse what can never be looked at: raise ValueError, with a sentence that quotes no secret."""

    def look(self) -> Reading:
        """Look once."""
        raise NotImplementedError

    def look_on(self, past: Past) -> Reading:
        """Look once. A kind that remembers overrides this one, and leaves `notes` in its reading for the next."""
        del past
        return self.look()

    def target(self) -> str:
        """Say what is looked at, for people: a URL without credentials, host:port."""
        raise NotImplementedError

    def is_near(self) -> bool:
        """Whether it can be seen although this machine is cut off from everything else: loopback, a process."""
        return False

    def otherwise(self) -> Iterable[tuple[str, Looks]]:
        """Other ways to look at the same, each with its name: by the other address family, through a proxy."""
        return ()

    def ear(self) -> Ear | None:
        """What takes its calls, when it calls in itself instead of being looked at."""
        return None

    def quoted(self, body: bytes) -> str:
        """The beginning of what was answered, for people, without what is secret in the settings."""
        return blotted(body[:MOST_QUOTED].decode("utf-8", "replace"), ())

    @classmethod
    def gives(cls) -> Mapping[str, Fact]:
        """What conditions can name: the kind's values, and its phases as `time.<phase>`, together `time`.

        A kind that gives `body`, the text of its readings' body, gives `json` by that.
        """
        whole = {"time": Fact("seconds of the whole look", "seconds", ideal=0.0)} if cls.PHASES else {}
        phases = {f"time.{name}": Fact(f"seconds of the phase {name}", "seconds", ideal=0.0) for name in cls.PHASES}
        return {**whole, **phases, **cls.GIVES}

    def yielding(self, named: Collection[str]) -> Self:
        """Itself without those of its own rules that nobody wrote down, about values of which `down:` speaks.

        So `down: [status in 401, 403]` is enough, and the kind does not call a 401 down for itself.
        """
        usual = {one.name: one.default for one in fields(self)}
        off = {setting: none for value, (setting, none) in self.RULES.items() if value in named}
        unwritten = {name: none for name, none in off.items() if getattr(self, name) == usual[name]}
        return replace(self, **unwritten) if unwritten else self


@dataclass(frozen=True, kw_only=True)
class OfThisMachine(Probe):
    """A way to look at this machine itself, which can be seen whatever network there is, and by nobody else."""

    FOR_OTHERS: ClassVar[bool] = False

    def is_near(self) -> bool:
        """It is here."""
        return True
