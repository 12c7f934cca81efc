"""Finding the handlers, senders and probes: those in the packages, and the operator's own in handlers.d."""

import os
import stat
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec

import daemon.probes
import daemon.senders
import handlers
from daemon.errors import ConfigError, HandlerBroken, HandlerError
from daemon.event import Event
from daemon.hook import Hook
from daemon.registry import Catalog, Handle, Handler, handlers_in, kinds_in

_ROOT = 0


def catalog(handlers_dir: str) -> Catalog:
    """Collect everything that settings can name. Files of `handlers_dir` are read anew at each call."""
    own, problems = handlers_from(handlers_dir) if handlers_dir else ({}, [])
    return Catalog(
        handlers=built_in_handlers() | own,
        senders=kinds_in(daemon.senders),
        probes=probe_kinds(),
        problems=problems,
    )


def probe_kinds() -> dict[str, type]:
    """Collect the kinds of probes."""
    return kinds_in(daemon.probes)


def built_in_handlers() -> dict[str, Handler]:
    """Collect the handlers of the package."""
    return handlers_in(handlers.modules())


def handlers_from(directory: str) -> tuple[dict[str, Handler], list[str]]:
    """Load every `*.py` of a directory; return the handlers and a sentence for each file that gave none.

    It is code that runs as tocsin: what somebody other than root or tocsin's user could have written is
    not loaded. A name that is taken stays with the one who had it.
    """
    found: dict[str, Handler] = {}
    problems: list[str] = []
    taken = built_in_handlers()
    try:
        distrust = _distrust(Path(directory).stat(), directory)
        paths = sorted(path for path in Path(directory).glob("*.py") if not path.name.startswith("."))
    except OSError as error:
        return {}, [f"{directory}: the directory of handlers cannot be read: {error.strerror}"]
    if distrust:
        return {}, [distrust]
    for path in paths:
        try:
            loaded = _load(path)
        except ConfigError as error:
            problems += error.problems
            continue
        for name, handler in loaded.items():
            if other := taken.get(name) or found.get(name):
                problems.append(f"{path}: the name {name!r} is taken by {other.origin}; choose another")
            else:
                found[name] = handler
    return found, problems


def _load(path: Path) -> dict[str, Handler]:
    """Run one file as a module of its own; whatever is wrong with it is a ConfigError."""
    source = _read(path)
    module = ModuleType(f"tocsin_handlers_d_{path.stem}")
    module.__file__ = str(path)
    # Dataclasses look their module up by name, so it stays; a broken file leaves the one that ran before.
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))  # noqa: S102 - it is the operator's own code
        loaded = handlers_in([module])
    except ConfigError as error:
        _restore(module.__name__, before)
        raise ConfigError([f"{path}: {problem}" for problem in error.problems]) from error
    except (Exception, SystemExit) as error:  # a file somebody wrote may raise anything at all
        _restore(module.__name__, before)
        raise ConfigError([f"{_place(error, path)}: {_reason(error)}; the file is not loaded"]) from error
    if not loaded:
        _restore(module.__name__, before)
        raise ConfigError([f'{path}: there is no handler in it; mark a function with @handler("name", samples=…)'])
    return {
        name: msgspec.structs.replace(handler, handle=_guarded(handler.handle, path), origin=str(path))
        for name, handler in loaded.items()
    }


def _guarded(handle: Handle, path: Path) -> Handle:
    """Hold an operator's handler to the contract of the others: events come out of it, or a HandlerError.

    Whatever else it raises is HandlerBroken, also when it wants to end the process.
    """

    def guarded(hook: Hook) -> Iterator[Event]:
        try:
            for event in handle(hook):
                yield _sound(event)
        except HandlerError:
            raise
        except (Exception, SystemExit) as error:
            raise HandlerBroken(f"{_place(error, path)}: {_reason(error)}") from error

    return guarded


def _sound(event: Event) -> Event:
    """Hold an event to its types: a key that is a number would fail far from whoever could mend it."""
    if not isinstance(event, Event):
        raise TypeError(f"it made {type(event).__name__}, not Event")
    return msgspec.convert(msgspec.structs.asdict(event), Event)


def _restore(name: str, before: ModuleType | None) -> None:
    if before is None:
        del sys.modules[name]
    else:
        sys.modules[name] = before


def _read(path: Path) -> bytes:
    """Read a file that is to be trusted; judged once it is open, so that nobody can swap it in between."""
    try:
        # Not waiting matters for a pipe, which is then refused like everything that is not a file.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ConfigError([f"{path}: it is not a file"])
            if distrust := _distrust(status, path):
                raise ConfigError([distrust])
            return os.read(descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ConfigError([f"{path}: it cannot be read: {error.strerror}"]) from error


def _distrust(status: os.stat_result, path: str | Path) -> str:
    """Say why this must not be run, or nothing."""
    if status.st_uid not in (_ROOT, os.geteuid()):
        return f"{path}: it belongs to user {status.st_uid}; only root's and tocsin's own files are loaded: chown it"
    if status.st_mode & stat.S_IWOTH:
        return f"{path}: everybody may write to it, so it is not loaded: chmod o-w it"
    return ""


def _place(error: BaseException, path: Path) -> str:
    """The file, and the line of it where it went wrong if it was there."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    if isinstance(error, SyntaxError):
        lines = [error.lineno or 1]
    return f"{path}:{lines[-1]}" if lines else str(path)


def _reason(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
