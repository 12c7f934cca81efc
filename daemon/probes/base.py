"""What every probe is: settings as fields, one method that looks once."""

from dataclasses import dataclass, field

from daemon.reading import Reading
from daemon.registry import kind as probe
from daemon.units import Seconds

__all__ = ["Probe", "Reading", "probe"]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A way to look. A subclass is a frozen, keyword-only dataclass whose fields are its settings.

    The scheduler owns the beat, the hysteresis and the event; a probe only looks, within `timeout` seconds,
    and raises nothing that it can express as a reading.
    """

    timeout: Seconds = field(default=Seconds(10.0), metadata={"doc": "the longest one look may take", "least": 0.05})

    def look(self) -> Reading:
        """Look once."""
        raise NotImplementedError

    def target(self) -> str:
        """Say what is looked at, for people: a URL without credentials, host:port."""
        raise NotImplementedError
