"""The access token of a WeCom application: fetched once for all who wait, kept, and fetched anew in good time."""

from collections.abc import Callable
from typing import cast

from gevent.event import AsyncResult

from daemon.clock import Clock
from daemon.errors import SendFailed

EARLY = 0.9  # of its life is all that a token is used for: the vendor's clock and ours, and a slow request

Fetch = Callable[[float], tuple[str, float]]


class Token:
    """One token for many greenlets. Whoever comes while it is fetched waits for that, and shares what comes of it."""

    def __init__(self, clock: Clock, fetch: Fetch) -> None:
        """`fetch` gets the seconds it may take, and returns the token and its life in seconds or raises SendError."""
        self._clock = clock
        self._fetch = fetch
        self._value = ""
        self._until = 0.0
        self._coming: AsyncResult[str] | None = None

    def get(self, within: float) -> str:
        """Return one that is good; fetch it if need be. Raises SendError; nothing was sent then."""
        if self._value and self._clock.monotonic() < self._until:
            return self._value
        if self._coming is not None:
            return _shared(self._coming, within)
        coming: AsyncResult[str] = AsyncResult()
        self._coming = coming
        try:
            value, seconds = self._fetch(within)
            self.keep(value, seconds)
            coming.set(value)
        except BaseException as error:
            lost = error if isinstance(error, Exception) else SendFailed("the access token was not fetched to the end")
            coming.set_exception(lost)
            raise
        finally:
            self._coming = None
        return value

    def keep(self, value: str, seconds: float) -> None:
        """Use this one from now on, for nine tenths of its life."""
        self._value, self._until = value, self._clock.monotonic() + EARLY * seconds

    def forget(self, value: str) -> None:
        """Use this one no more: the vendor refused it. One that was fetched since then stays."""
        if self._value == value:
            self._value = ""


def _shared(coming: "AsyncResult[str]", within: float) -> str:
    """What comes of a fetch that somebody else has begun."""
    coming.wait(timeout=max(0.0, within))
    if not coming.ready():
        raise SendFailed(f"no access token within {within:g} s")
    return cast("str", coming.get(block=False))
