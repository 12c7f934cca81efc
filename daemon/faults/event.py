"""One error that an application told: what `sentry` reads out of an envelope, and what is grouped here.

Everything in it is as it came, only typed: nothing is cleaned, cut or scrubbed yet, and nothing is to be believed.
"""

import msgspec

LEVELS = ("debug", "info", "warning", "error", "fatal")  # the mildest first
DEFAULT = "error"  # of an event that says none


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A call. `vars` are what its variables were, written out."""

    module: str = ""
    filename: str = ""
    function: str = ""
    lineno: int = 0  # 0: not told
    in_app: bool | None = None  # None: not told
    context_line: str = ""
    pre_context: tuple[str, ...] = ()
    post_context: tuple[str, ...] = ()
    vars: dict[str, str] = {}


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """An exception; its innermost call comes last, as the SDKs send it."""

    type: str = ""
    value: str = ""
    module: str = ""
    frames: tuple[Frame, ...] = ()
    is_handled: bool | None = None  # None: not told


class ErrorEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An error, or a message that somebody logged. Times are seconds since the epoch."""

    app: str
    event_id: str = ""
    at: float  # when it happened, as the application says
    received_at: float = 0.0
    level: str = DEFAULT
    message: str = ""  # as people read it
    template: str = ""  # before its parameters were put in (logentry.message), where that is known
    logger: str = ""
    transaction: str = ""
    culprit: str = ""
    platform: str = ""
    exceptions: tuple[Raised, ...] = ()  # the one that was not caught comes last, as the SDKs send them
    fingerprint: tuple[object, ...] = ()  # as it came: also what is not text
    release: str = ""
    environment: str = ""
    server_name: str = ""
    tags: dict[str, str] = {}
    request: dict[str, object] = {}  # url, method, query_string, headers, env, cookies, data
    user: dict[str, object] = {}
    extra: dict[str, object] = {}
