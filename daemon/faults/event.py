"""One error as an application reported it, in a shape of our own: what is grouped here, and kept samples of."""

import msgspec

OLDEST = 30 * 86_400.0  # seconds: an error says of itself when it was, but not everything is believed

Pairs = tuple[tuple[str, str], ...]  # sorted by name

# A batch has thousands of these at once, and they hold no cycles: `gc=False` keeps the collector, which stops
# everybody, from looking through them.


class Frame(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One call of a stack. `vars` is what its variables held: scrubbed, and kept only where a setting says so."""

    module: str = ""
    filename: str = ""
    function: str = ""
    lineno: int = 0
    in_app: bool = False  # the application's own code, not a library's
    context_line: str = ""
    pre_context: tuple[str, ...] = ()  # the lines before it
    post_context: tuple[str, ...] = ()
    vars: Pairs = ()


class Raised(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One exception of a chain."""

    type: str = ""
    value: str = ""
    module: str = ""
    frames: tuple[Frame, ...] = ()  # the last one is where it was raised


class ErrorEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an SDK sent as an `event`, cleaned: every text is bounded and every field has the type it says.

    A field that was not sent, or not as it should have been, is empty.
    """

    app: str  # the project's name in the settings
    event_id: str = ""  # 32 hex digits; made up where none came
    at: float  # when it happened, by this machine's clock (seconds since the epoch)
    received_at: float = 0.0
    level: str = "error"  # fatal, error, warning, info, debug
    message: str = ""  # as people read it
    template: str = ""  # the message before its values were put in ("%s is not there"), where that came as well
    logger: str = ""
    transaction: str = ""  # the route, the task: what it was doing
    culprit: str = ""  # what old SDKs say of where it was
    exceptions: tuple[Raised, ...] = ()  # the last one is what got out; those before caused it
    fingerprint: tuple[object, ...] = ()  # as the application wants it grouped; may hold "{{ default }}", or anything
    release: str = ""
    environment: str = ""
    server_name: str = ""
    tags: Pairs = ()
    user: str = ""  # its id, else its name: for counting how many users saw it
    contexts: Pairs = ()  # worth showing: ("runtime", "CPython 3.11.2"), ("request", "GET /pay")
    request: Pairs = ()  # headers, cookies, environment and what else came with the request; scrubbed before it is kept
    extra: Pairs = ()  # what the application adds of its own; scrubbed before it is kept
    trail: tuple[str, ...] = ()  # what it did before: the last few breadcrumbs, a line each
    handled: bool | None = None  # whether the application caught it; None where it does not say
    trace_id: str = ""
    platform: str = ""
    sdk: str = ""  # "sentry.python 2.75.0"
    size: int = 0  # bytes of the event as JSON


def when(event: ErrorEvent, now: float) -> float:
    """When it was: as it says, unless that is to come, or long ago."""
    return event.at if now - OLDEST <= event.at <= now else now
