"""One error as an application reported it, in a shape of our own: what `faults` groups and keeps samples of."""

import msgspec


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a stack. What its variables held is never kept: it may be a password."""

    module: str = ""
    filename: str = ""
    function: str = ""
    lineno: int = 0
    in_app: bool = False  # the application's own code, not a library's
    context_line: str = ""


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """One exception of a chain."""

    type: str = ""
    value: str = ""
    module: str = ""
    frames: tuple[Frame, ...] = ()  # the last one is where it was raised


class ErrorEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What an SDK sent as an `event`, cleaned: every text is bounded and every field has the type it says.

    A field that was not sent, or not as it should have been, is empty.
    """

    app: str  # the project's name in the settings
    event_id: str  # 32 hex digits; made up here where none came
    at: float  # when it happened, by this machine's clock (seconds since the epoch)
    received_at: float
    level: str = "error"  # fatal, error, warning, info, debug
    message: str = ""  # as people read it
    template: str = ""  # the message before its values were put in ("%s is not there"), where that came as well
    logger: str = ""
    transaction: str = ""  # the route, the task: what it was doing
    exceptions: tuple[Raised, ...] = ()  # the last one is what got out; those before caused it
    fingerprint: tuple[str, ...] = ()  # as the application wants it grouped; may hold "{{ default }}"
    release: str = ""
    environment: str = ""
    server_name: str = ""
    tags: tuple[tuple[str, str], ...] = ()  # sorted by name
    user: str = ""  # its id, else its name: for counting how many users saw it
    contexts: tuple[tuple[str, str], ...] = ()  # worth showing: ("runtime", "CPython 3.11.2"), ("request", "GET /pay")
    trail: tuple[str, ...] = ()  # what it did before: the last few breadcrumbs, a line each
    handled: bool | None = None  # whether the application caught it; None where it does not say
    trace_id: str = ""
    platform: str = ""
    sdk: str = ""  # "sentry.python 2.75.0"
    size: int = 0  # bytes of the event as JSON
    weight: float = 1.0  # how many of its like it stands for
