"""What others say, quoted without the secrets that they may repeat."""

from collections.abc import Iterable

from daemon import fitting
from daemon.secret import HIDDEN

MAX_EXCERPT = 200  # characters of what was said in an error's text
_READ = 4_096


def blotted(said: str, hidden: Iterable[str]) -> str:
    """Make one short line of what somebody said; `hidden` are the secrets, the longest first."""
    for secret in hidden:
        said = said.replace(secret, HIDDEN)
    return fitting.cut(fitting.line(said[:_READ]), MAX_EXCERPT)
