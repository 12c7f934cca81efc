"""Where a redirect leads, and what may go there: never the credentials of one server to another."""

from typing import NamedTuple

from daemon.probes.fetch.answer import Answer
from daemon.probes.fetch.place import Place
from daemon.probes.network.dial import Missed

# Headers that say nothing of who asks: all that another server is sent of those in the settings.
HARMLESS = frozenset(("accept", "accept-encoding", "accept-language", "cache-control", "user-agent"))

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_SEE_OTHER = 303
_KEEP = frozenset((307, 308))  # these ask for the same request again


class Step(NamedTuple):
    """One request of a look. `is_ours` while it goes where the settings point, and nobody else has had a say."""

    where: Place
    method: str
    body: bytes
    is_ours: bool = True


def onward(step: Step, answer: Answer) -> Step | None:
    """The request that an answer asks for; None where it asks for none. Raises Missed where that cannot be made."""
    location = answer.headers.get("location")
    if answer.status not in _REDIRECTS or location is None:
        return None
    try:
        where = step.where.towards(_text(location))
    except ValueError:
        raise Missed(f"{answer.phrase}, but it leads to nothing that can be asked") from None
    again = answer.status in _KEEP or step.method in {"GET", "HEAD"}
    if not again and (step.method == "POST" or answer.status == _SEE_OTHER):
        step = step._replace(method="GET", body=b"")
    # Once somebody else has had a say, nothing of ours goes anywhere any more: back to our server neither.
    return step._replace(where=where, is_ours=step.is_ours and step.where.trusts(where))


def _text(location: str) -> str:
    """Headers are read as Latin-1; where a server writes UTF-8 into one, that is meant."""
    try:
        return location.encode("latin-1").decode()
    except UnicodeDecodeError:
        return location
