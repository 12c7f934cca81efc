"""A turn of a loop of the history's own: whatever goes wrong in it is told, and the loop goes on."""

import logging
from collections.abc import Callable

from daemon.errors import StoreError

log = logging.getLogger("tocsin.history")


def steadily(do: Callable[[], None], late: str, never: str) -> None:
    """Do it. `late` says for people what waits while the store fails, `never` what went wrong otherwise."""
    try:
        do()
    except StoreError as error:
        log.warning("%s: %s", late, error)
    except Exception:  # a loop of the process's own: it must go on
        log.exception("%s", never)
