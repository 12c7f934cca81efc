"""One word for all that mutes by itself: silences, and problems that flap. Whoever knows the word knows them."""

import uuid

from daemon.store.base import Tx


def stamp(tx: Tx) -> str:
    """A word that is another one after every change."""
    row = tx.one("SELECT stamp FROM mutes_stamp")
    return row[0] if row else ""


def changed(tx: Tx) -> None:
    """Something has changed."""
    # Random, not counted: a number that was rolled back comes again with another content.
    tx.run("UPDATE mutes_stamp SET stamp = ?", (uuid.uuid4().hex,))
