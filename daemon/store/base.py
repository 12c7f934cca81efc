"""What a store offers: transactions that are on disk when `write` returns, and reads beside them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Row = tuple[Any, ...]


class Tx(Protocol):
    """One transaction, as the table modules see it. It lives in the store's thread: no gevent inside."""

    def one(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """Run and return the first row, or None."""

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run and return all rows."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run and return how many rows it touched."""

    def insert(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run an INSERT and return the new row's id."""

    def each(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run once for each row: much faster than one by one where there are hundreds."""

    def announce(self, topic: str) -> None:
        """Say that something changed; listeners hear of it once, after the commit."""


class Scratch(Protocol):
    """A store in memory that nobody else sees."""

    def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` inside a transaction."""

    def close(self) -> None:
        """Throw it away."""


class Store(Protocol):
    """The durable state. All of it goes through `write` and `read`."""

    @property
    def name(self) -> str:
        """A random word that tells this store's ids from those of any other."""

    def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` inside a transaction; return its result once that is on disk.

        `work` runs in the store's own thread, together with what other greenlets gathered meanwhile (group
        commit); what it raises undoes only itself and is raised here. When one of them raises, all are undone and run
        again, so `work` must do nothing but read and write through its Tx. StoreUnavailable when the disk says no.
        """

    def read(self, work: Callable[[Tx], T]) -> T:
        """Run `work` on a read-only snapshot, beside the writer."""

    def scratch(self) -> Scratch:
        """Make an empty store in memory, for what is only tried; its work runs beside everything else."""

    def on(self, topic: str, listener: Callable[[], None]) -> None:
        """Call `listener` (in the hub, so it must not wait) after every commit that announced `topic`."""

    def close(self) -> None:
        """Finish what is queued, then close."""


def columns(names: Iterable[str]) -> tuple[str, str]:
    """Make the column list and the matching placeholders of an INSERT."""
    names = list(names)
    return ", ".join(names), ", ".join("?" * len(names))
