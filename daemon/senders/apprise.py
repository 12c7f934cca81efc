"""Send over any of the services that the Apprise library knows, by its URL."""

import functools
import logging
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from gevent import Timeout

from daemon.blotted import blotted
from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.event import Severity, State
from daemon.fitting import Size
from daemon.notice import Acceptance, Message
from daemon.secret import Secret
from daemon.senders.base import Sender, sender
from daemon.senders.headed import headed
from daemon.senders.http import BUSY
from daemon.texts.built_in import Kind

MISSING = "needs the apprise library, which is not installed: pip install 'tocsin[apprise]'"
MOST = 32_768  # characters of a body, for services that name no limit
LEAST = 64

_KINDS: Final[dict[str, Kind]] = {"text": "long", "markdown": "markdown", "html": "html"}
_TYPES: Final = {Severity.WARNING: "warning", Severity.INFO: "info"}
_LOGGERS = ("apprise", "urllib3", "requests_oauthlib", "oauthlib")  # their lines quote URLs, bodies and tokens
_STATUS = re.compile(r"\berror=(\d{3})\b")
_TELLING = re.compile(r"[^/:@?&=,;#]{4,}")
_TOO_MANY = 429
_EVERYTHING = frozenset((401, 402, 403, 404, 405, 407, 410))
_THIS = frozenset((400, 413, 414, 415, 422))


def check_apprise(url: Secret) -> None:
    """Refuse what Apprise does not know; the ValueError does not show it."""
    _opened(url.reveal())


@sender("apprise")
@dataclass(frozen=True, kw_only=True)
class ByApprise(Sender):
    """A room: whatever the Apprise URL names, https://appriseit.com/services/."""

    url: Secret = field(
        metadata={
            "doc": "one Apprise URL, such as ntfys://host/topic; a secret, for most carry a token",
            "check": check_apprise,
        }
    )

    def __post_init__(self) -> None:
        """Refuse what could not be sent; the library is loaded here, so only where such a channel is configured."""
        try:
            _ = self._service
        except ValueError as error:
            raise ValueError(f"url {error}") from None

    def send(self, message: Message) -> Acceptance:
        """Notify once, in this greenlet and within the time of a try."""
        library, service = _library(), self._service[0]
        shape = service.resolve_format(library.NotifyFormat.TEXT)
        title, body = _fitted(message, service, _KINDS[shape.value])
        deadline = Timeout(self.timeout)
        try:
            with deadline:
                result = self._service.notify(
                    body=body, title=title, notify_type=_type(message), body_format=shape, log_level=logging.WARNING
                )
        except Timeout as error:
            if error is not deadline:  # somebody else's, who waits for this greenlet
                raise
            raise SendFailed(f"{self.target()}: no answer within {self.timeout:g} s", ambiguous=True) from None
        except Exception as error:  # noqa: BLE001 - a hundred services, each free to raise what it likes
            said = f"{self.target()}: {type(error).__name__} {self._blotted(str(error))}"
        else:
            if result:
                return Acceptance(detail=f"{self.target()} took it")
            said = "; ".join(dict.fromkeys(self._blotted(entry.message) for entry in result.logs()))
            raise _error(f"{self.target()}: {said or 'it was not taken'}", len(service))
        raise SendFailed(said, ambiguous=True)

    def target(self) -> str:
        """Name the kind of service: all that follows may be a secret."""
        return f"apprise {self._service[0].schema}://"

    @functools.cached_property
    def _service(self) -> Any:
        return _opened(self.url.reveal())

    def _blotted(self, said: str) -> str:
        return blotted(said, self._hidden)

    @functools.cached_property
    def _hidden(self) -> list[str]:
        url = self.url.reveal().partition("://")[2]
        pieces = {*_TELLING.findall(url), *_TELLING.findall(unquote(url)), *map(unquote, _TELLING.findall(url))}
        return sorted(pieces, key=len, reverse=True)


@functools.cache
def _library() -> Any:
    """Load Apprise, once it is wanted; it is to tell nobody but us what it does."""
    try:
        import apprise  # noqa: PLC0415 - a large library, and an extra
    except ImportError:
        raise ValueError(MISSING) from None
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.addHandler(logging.NullHandler())
    return apprise


def _opened(url: str) -> Any:
    """An `Apprise` with the one service of this URL; it keeps nothing on disk and starts no threads."""
    library = _library()
    asset = library.AppriseAsset(async_mode=False, storage_mode="memory")
    service = library.Apprise.instantiate(url, asset=asset)
    if service is None:
        raise ValueError("is none that Apprise knows, or lacks something: see https://appriseit.com/services/")
    found = library.Apprise(asset=asset)
    found.add(service)
    return found


def _type(message: Message) -> str:
    if message.state is State.RESOLVED:
        return "success"
    return _TYPES.get(message.alert.severity, "failure")


def _fitted(message: Message, service: Any, kind: Kind) -> tuple[str, str]:
    """The title, where the service shows one, and the text, within the limits that its plug-in names."""
    most = max(LEAST, min(int(service.body_maxlen or MOST), MOST))
    text = message.fitted(Size(most), kind)
    longest = int(service.title_maxlen)
    if longest <= 0:
        return "", text
    title, rest = headed(message, text)
    return Size(longest).cut(title), rest or title


def _error(said: str, targets: int) -> SendError:
    """Sort what the library says only in words: the HTTP status, where it names the same one each time."""
    found = set(_STATUS.findall(said))
    code = found.pop() if len(found) == 1 else ""
    if targets > 1 or not code:  # some of several targets may have it
        return SendFailed(said, code=code, ambiguous=targets > 1)
    status = int(code)
    if status == _TOO_MANY:
        return SendWait(said, seconds=BUSY, code=code, scope=Scope.CHANNEL)
    if status in _EVERYTHING | _THIS:
        return SendRefused(said, code=code, scope=Scope.CHANNEL if status in _EVERYTHING else Scope.MESSAGE)
    return SendFailed(said, code=code)
