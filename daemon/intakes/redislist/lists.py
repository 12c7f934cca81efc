"""All servers whose lists are read, as the settings have them."""

from collections.abc import Callable

from daemon.clock import Clock
from daemon.config.redislists import RedisList
from daemon.config.settings import Settings
from daemon.intakes.redislist.drain import Tools
from daemon.intakes.redislist.marks import Marks
from daemon.intakes.redislist.reader import Reader
from daemon.internal import Alarm, AlarmOver
from daemon.series.table import Table
from daemon.store.base import Store


class RedisLists:
    """One reader for each server."""

    def __init__(
        self,
        store: Store,
        table: Table,
        clock: Clock,
        settings: Callable[[], Settings],
        alarm: Alarm,
        over: AlarmOver,
    ) -> None:
        """`store` is that of what is measured. Raises StoreError."""
        self._settings = settings
        self._alarm = alarm
        self._over = over
        self.marks = Marks(store)
        self._tools = Tools(table, clock, self.marks, store.name)
        self._readers: list[tuple[RedisList, Reader]] = []

    def start(self) -> None:
        """Begin to read."""
        self.reload()

    def reload(self) -> None:
        """Go over to the current settings; servers whose settings are as before are read on."""
        wanted, readers = self._settings().redis_lists, self._readers
        self._readers = []
        servers = {given.server for given in wanted}
        for given, reader in readers:
            if given in wanted:
                self._readers.append((given, reader))
            else:
                reader.stop()
                if given.server not in servers:
                    reader.give_up()
        known = [given for given, _ in self._readers]
        for given in wanted:
            if given not in known:
                reader = Reader(given, self._tools, self._alarm, self._over)
                self._readers.append((given, reader))
                reader.start()

    def stop(self) -> None:
        """Read no more."""
        for _, reader in self._readers:
            reader.stop()
        self._readers = []
