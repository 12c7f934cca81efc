"""Files that the source names, seen from its folder."""

import posixpath

from daemon.cli.importing.ledger import Reference
from daemon.cli.importing.part import Part


def path_of(part: Part, folder: str) -> str:
    """Return the path that is named."""
    named = part.text()
    if not named:
        part.wrong("names no file; name one, or remove the line")
    return posixpath.normpath(posixpath.join(folder, named))


def left_in(part: Part, folder: str) -> Reference:
    """Leave a secret in its file."""
    return Reference("file:" + part.ledger.file(path_of(part, folder), part.place))
