"""The first answer to a request that changes something, kept for the client that asks the same again."""

from collections import OrderedDict
from collections.abc import Callable

from gevent.event import Event

from daemon.clock import Clock
from daemon.methods.jsonrpc import Answer

KEPT_FOR = 120.0  # seconds: longer than any client waits before it repeats itself
MOST = 1_000
MOST_BYTES = 16 * 1024**2


class _Entry:
    """One request: `answer` is None until it is done, `kept_at` until the answer is kept for repeats."""

    __slots__ = ("answer", "digest", "done", "kept_at")

    def __init__(self, digest: bytes) -> None:
        self.digest = digest
        self.answer: bytes | None = None
        self.kept_at: float | None = None
        self.done = Event()


class Memory:
    """Implements `daemon.methods.jsonrpc.Remembers`, within bounds of time, number and bytes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self._bytes = 0

    def once(self, client: str, request_id: str, digest: bytes, work: Callable[[], Answer]) -> bytes:
        """Do the work, or return what it answered when the same request of the same client came before.

        A repeat that comes while the first is in work waits for its answer. The same id with another body
        is a client that numbers all its requests alike: the new one counts, the old one is forgotten.
        """
        key = (client, request_id)
        while (entry := self._known(key, digest)) is not None:
            entry.done.wait()
            if entry.answer is not None:
                return entry.answer
        entry = self._entries[key] = _Entry(digest)
        try:
            entry.answer, final = work()
        except BaseException:  # killed in mid-work: whoever waits for the answer must do it himself
            self._forget(key, entry)
            raise
        finally:
            entry.done.set()
        if final and self._entries.get(key) is entry:
            self._keep(key, entry)
        else:
            self._forget(key, entry)
        return entry.answer

    def _known(self, key: tuple[str, str], digest: bytes) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        stale = entry.kept_at is not None and self._clock.monotonic() - entry.kept_at >= KEPT_FOR
        if entry.digest == digest and not stale:
            return entry
        self._forget(key, entry)
        return None

    def _keep(self, key: tuple[str, str], entry: _Entry) -> None:
        entry.kept_at = self._clock.monotonic()
        self._bytes += len(entry.answer or b"")
        self._entries.move_to_end(key)
        while len(self._entries) > MOST or self._bytes > MOST_BYTES:
            # Those still in work stay: forgetting one would let its repeat do the work a second time.
            self._forget(*next((key, old) for key, old in self._entries.items() if old.kept_at is not None))

    def _forget(self, key: tuple[str, str], entry: _Entry) -> None:
        if self._entries.get(key) is entry:
            del self._entries[key]
            self._bytes -= len(entry.answer or b"") if entry.kept_at is not None else 0
