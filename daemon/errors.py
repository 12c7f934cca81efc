"""Everything that can go wrong, as one tree; each error's text says what would be right.

TocsinError
├── ConfigError            the configuration cannot be used: all its problems at once
├── HandlerError           a webhook's body does not make events: 422, kept in quarantine
│   └── HandlerBroken      its handler failed at it, whatever the body is worth: 500, kept in quarantine
├── NothingToTell          a webhook was understood, and there is no alarm in it: 200, counted
├── Untrusted              a webhook does not come from whom it should: 401, kept in quarantine
├── OutsideError           what was needed to check a webhook could not be had: 503, kept in quarantine
├── StoreError
│   ├── StoreUnavailable   cannot write now (disk full, read-only, i/o error): 503, try again
│   ├── StoreCorrupt       the file is not a sound database: refuse to start
│   ├── StoreLocked        another tocsin has this store open: refuse to start
│   └── SchemaTooNew       written by a newer tocsin: refuse to start
├── SendError              a message was not accepted by its provider
│   ├── SendWait           not now: the provider named (or implied) when to come back
│   ├── SendFailed         failed for now: worth trying again
│   └── SendRefused        failed for good: this message will never go this way
├── TemplateError          a template does not compile or render
├── NoDoor                 an address or a path cannot be listened on: the text says why
├── PrivilegeError         the process cannot become the user it was told to (daemon/privileges.py)
├── MatcherError           a matcher or pattern is not valid
├── NodeError              another tocsin could not be asked, or said no
│   └── NodeAway           it could not even be reached: the next question would wait in vain as well
├── ConditionError         a probe's condition is not valid (carries what was misspelt)
├── ExpressionError        what a threshold rule watches cannot be read, or its thresholds do not fit it
├── SilenceError           a silence cannot be made or changed like this (carries the field)
│   └── NoSilence          there is none of this name
└── MethodError            a request to the daemon cannot be answered (carries the JSON-RPC code)
"""

from collections.abc import Iterable
from enum import StrEnum


class TocsinError(Exception):
    """The root: catch this to catch everything tocsin raises on purpose."""


class ConfigError(TocsinError):
    """The configuration cannot be used; `problems` holds one full sentence each, with file:line and path."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class HandlerError(TocsinError):
    """A handler could not turn this request into events; the text is shown to whoever sent it."""


class HandlerBroken(HandlerError):
    """A handler raised something else than HandlerError: the fault is the handler's; the text says where."""


class NothingToTell(TocsinError):
    """A request was understood and there is no alarm in it, as in a ping; the text says what it was."""


class Untrusted(TocsinError):
    """A request does not come from whom it should; the text says why, and what would be right."""


class OutsideError(TocsinError):
    """Something that a request's check needs could not be fetched now: its sender should come again."""


class NoDoor(TocsinError):
    """An address or a path cannot be listened on; the text says why."""


class StoreError(TocsinError):
    """The store cannot do what was asked."""


class StoreUnavailable(StoreError):
    """The store cannot write at the moment; nothing of the failed transaction is kept."""


class StoreCorrupt(StoreError):
    """The database file failed its integrity check."""


class StoreLocked(StoreError):
    """Another process has this store open."""


class SchemaTooNew(StoreError):
    """The store was written by a newer tocsin than this one."""


class Scope(StrEnum):
    """How far a refusal reaches: what else would be refused for the same reason."""

    MESSAGE = "message"  # this text, for whoever
    RECIPIENT = "recipient"  # this number or address, whatever the text; a batch is sent again one by one
    CHANNEL = "channel"  # everything on this channel (arrears, bad key): the breaker opens at once


class SendError(TocsinError):
    """A message was not accepted. `code` is the provider's own word for it."""

    def __init__(self, text: str, *, code: str = "", ambiguous: bool = False) -> None:
        """Take what happened; `ambiguous` when the provider may have accepted it all the same."""
        self.code = code
        self.ambiguous = ambiguous
        super().__init__(text)


class SendWait(SendError):
    """Come back in `seconds`; the provider is well, so this does not count against the channel.

    `scope` is CHANNEL where everything has to wait (HTTP 429), RECIPIENT where it is this number's own limit.
    """

    def __init__(self, text: str, *, seconds: float, code: str = "", scope: Scope = Scope.RECIPIENT) -> None:
        self.seconds = seconds
        self.scope = scope
        super().__init__(text, code=code)


class SendFailed(SendError):
    """Failed for now: time-out, connection, 5xx, provider busy."""


class SendRefused(SendError):
    """Failed for good; `scope` says what else would be refused too."""

    def __init__(self, text: str, *, code: str = "", scope: Scope = Scope.MESSAGE) -> None:
        self.scope = scope
        super().__init__(text, code=code)


class TemplateError(TocsinError):
    """A template does not compile, or does not render with the values at hand."""


class TemplateUnboundedError(TemplateError):
    """A template that makes or does more than any message needs."""


class MatcherError(TocsinError):
    """A matcher such as `severity="info"` or a regular expression is not valid."""


class NodeError(TocsinError):
    """Another tocsin could not be asked, or said no; the text names it."""


class NodeAway(NodeError):
    """Another tocsin could not be reached: no question went out."""


class ConditionError(TocsinError):
    """A condition is not valid; `wrong` is the word that there is not, `known` are those that there are."""

    def __init__(self, text: str, *, wrong: str = "", known: Iterable[str] = ()) -> None:
        self.wrong = wrong
        self.known = tuple(known)
        super().__init__(text)


class ExpressionError(TocsinError):
    """What a rule watches cannot be read, or its thresholds do not fit it."""


class SilenceError(TocsinError):
    """A silence cannot be made, changed or ended like this; `field` names what is wrong."""

    def __init__(self, text: str, *, field: str) -> None:
        self.field = field
        super().__init__(text)


class NoSilence(SilenceError):
    """There is no silence of this name."""


class MethodError(TocsinError):
    """A request that cannot be answered; `code` is the JSON-RPC 2.0 error code."""

    def __init__(self, text: str, *, code: int, data: object = None) -> None:
        self.code = code
        self.data = data
        super().__init__(text)
