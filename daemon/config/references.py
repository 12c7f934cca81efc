"""Secrets by reference: `${NAME}`, `${NAME:-otherwise}`, `$$` for a dollar sign, `file:/path` for a whole value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from daemon.config.regular import read_regular
from daemon.privileges import owner

MAX_SECRET_FILE = 64 * 1024

_REFERENCE = re.compile(r"\$\$|\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<otherwise>[^}]*))?\})?")
FILE = "file:"


class UnresolvedError(Exception):
    """A reference leads nowhere; the text is a sentence without any value in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A text with its references followed."""

    text: str
    taken: tuple[str, ...] = ()  # the values that do not stand in the configuration itself
    from_file: bool = False
    exposed: bool = False  # everybody on this machine can read the file


def resolve(text: str, environ: Mapping[str, str]) -> Resolved:
    """Follow the references in one text. Raises UnresolvedError."""
    taken: list[str] = []

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name, otherwise = match["name"], match["otherwise"]
        if name is None:
            raise UnresolvedError("${ begins a reference: write ${NAME}, or $${ when it is meant as it stands")
        found = environ.get(name)
        if found or (found is not None and otherwise is None):
            taken.append(found)
            return found
        if otherwise is None:
            raise UnresolvedError(
                f"the environment variable {name} is not set; set it, or write ${{{name}:-otherwise}}"
            )
        return otherwise

    plain = _REFERENCE.sub(value, text) if "$" in text else text
    # Only what is written in the configuration can ask for a file; a value from the environment cannot.
    if text.startswith((FILE + "/", FILE + "${")):
        return _content(plain.removeprefix(FILE))
    return Resolved(text=plain, taken=tuple(taken))


def _content(path: str) -> Resolved:
    """Read a secret's file: its text without the line break at the end."""
    try:
        raw, exposed = read_regular(path, MAX_SECRET_FILE)
        text = raw.decode()
    except OSError as error:
        hint = ""
        if isinstance(error, PermissionError):
            user, group = owner()
            hint = f"; it is read as the user {user}: chgrp {group} and chmod 640 it"
        raise UnresolvedError(f"the file {path} cannot be read: {error.strerror}{hint}") from error
    except UnicodeDecodeError as error:
        raise UnresolvedError(f"the file {path} is not UTF-8: byte {error.start}") from error
    except ValueError as error:
        raise UnresolvedError(f"the file {path} {error}") from error
    text = text.removesuffix("\n").removesuffix("\r")
    return Resolved(text=text, taken=(text,), from_file=True, exposed=exposed)
