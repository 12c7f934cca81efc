"""The page that shows people how everything is, without saying what or where it is."""

from dataclasses import dataclass, field

from daemon.config.keys import doc
from daemon.matcher import Matcher

LONGEST = 100  # characters of whatever people read there as a name


def _can_be_read(text: str) -> None:
    if not text.isprintable() or len(text) > LONGEST:
        raise ValueError(f"must be at most {LONGEST} characters that can be printed")


def _is_a_name(text: str) -> None:
    _can_be_read(text)
    if not text.strip():
        raise ValueError("is empty; write what people are to read, or remove the line")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A group of the page: the probes that it names, in this order, then those whose alarm's labels match."""

    name: str
    probes: tuple[str, ...] = field(default=(), metadata=doc("names of probes"))
    matchers: tuple[Matcher, ...] = field(
        default=(), metadata=doc('what the labels of a probe\'s alarm must match, all of them: `team="shop"`')
    )


@dataclass(frozen=True, kw_only=True)
class StatusPage:
    """The page below `/status`, and the badges. It shows names, states and times, and nothing else of a probe."""

    public: bool = field(
        default=False,
        metadata=doc("everybody who reaches the HTTP door may see it; else a token with `read` is asked for"),
    )
    title: str = field(
        default="", metadata=doc("heading of the page; by default just that it is one", check=_can_be_read)
    )
    groups: dict[str, Shown] = field(
        default_factory=dict,
        metadata=doc("what is shown, in this order: a probe is in the first group that has it, and in no other place"),
    )
    group_by: str = field(
        default="group", metadata=doc("without `groups` all probes are shown, in groups by this label of theirs")
    )
    names: dict[str, str] = field(
        default_factory=dict, metadata=doc("what people read in place of a probe's name", check=_is_a_name)
    )
