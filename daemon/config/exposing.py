"""Which series of applications stand on /metrics."""

from dataclasses import dataclass, field

from daemon import matcher
from daemon.config.keys import doc

_HOW = 'write for example http.time, http.*, or http.time{route="/pay",app=~"shop.*"}'


def _means_series(text: str) -> None:
    """As daemon/series/selector.py will read it. Raises ValueError or MatcherError."""
    name, brace, inside = (part.strip() for part in text.partition("{"))
    if not name or (brace and not inside.endswith("}")):
        raise ValueError(f"names no series; {_HOW}")
    if inside not in ("", "}"):
        matcher.parse("{" + inside)


@dataclass(frozen=True, kw_only=True)
class Expose:
    """The series of applications that a Prometheus may scrape; none by default."""

    everything: bool = field(default=False, metadata=doc("all of them; `expose: true` says the same"))
    select: tuple[str, ...] = field(
        default=(),
        metadata=doc(
            'some of them: `http.*`, `http.time{app="shop"}`; in the name * stands for anything', check=_means_series
        ),
    )
    most: int = field(
        default=10_000,
        metadata=doc("how many at most; those that were there first are shown", least=1, most=100_000),
    )

    @property
    def is_on(self) -> bool:
        """Whether any is to be shown."""
        return self.everything or bool(self.select)
