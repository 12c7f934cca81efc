"""What a server said, as one short line without the secrets that it may repeat."""

from collections.abc import Iterable

from daemon import fitting
from daemon.secret import HIDDEN

MAX_EXCERPT = 200  # of an answer in an error's text
TELLING = 4  # characters of the shortest secret that is worth hiding: a 1 stands in many a number
_MOST_READ = 4_096


def longest_first(secrets: Iterable[str]) -> list[str]:
    """The order in which they are to be hidden, for one may stand inside another; empty ones are left out."""
    return sorted({secret for secret in secrets if secret}, key=len, reverse=True)


def blotted(said: str, hidden: Iterable[str]) -> str:
    """Hide these secrets and make one short line of it."""
    for secret in hidden:
        said = said.replace(secret, HIDDEN)
    return fitting.cut(fitting.line(said[:_MOST_READ]), MAX_EXCERPT)
