"""Everything that looks and remembers what it saw, put together: sight, other tocsins, the record, the scheduler."""

from collections.abc import Callable

from daemon.alerting.intake import Intake
from daemon.aside import Aside
from daemon.clock import Clock
from daemon.config.settings import Settings
from daemon.history.query import History
from daemon.history.recorder import Recorder
from daemon.probing.ledger import Ledger
from daemon.probing.resting import Resting
from daemon.probing.scheduler import Scheduler
from daemon.probing.sight import Eyesight
from daemon.probing.vantage import Nodes
from daemon.pulse import Pulse
from daemon.reading import Health
from daemon.store.base import Store
from daemon.web.board import Board

Register = Callable[[tuple[str, Callable[[], None]]], None]  # of what is to be stopped, by name


class Lookout:
    """The parts, for whoever asks them. What was seen last is written down after the last look has ended."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Callable[[], Settings],
        intake: Intake,
        pulse: Pulse,
        aside: Aside,
    ) -> None:
        self.sight = Eyesight(lambda: settings().sight, clock, pulse, intake.alarm, intake.alarm_over)
        ledger = Ledger(store, clock)
        rests = Resting(ledger, lambda: settings().time_intervals)
        self.recorder = Recorder(store, clock, settings, rests=rests)
        self.history = History(store, clock, settings, self.recorder)
        self.board = Board(self.history, clock, settings, self._states, aside)
        self.scheduler = Scheduler(
            settings,
            clock,
            intake.events,
            record=self.recorder,
            sight=self.sight,
            others=Nodes(lambda: settings().nodes, clock),
            aside=aside,
            ledger=ledger,
        )

    def _states(self) -> dict[str, Health]:
        """How each probe stands."""
        return {one.name: one.verdict for one in self.scheduler.status()}

    def start(self, register: Register) -> None:
        """Begin to look. Raises StoreUnavailable."""
        self.recorder.start()
        register(("record of the probes", self.recorder.stop))
        self.sight.start()
        register(("sight", self.sight.stop))
        self.scheduler.start()
        register(("scheduler", self.scheduler.stop))

    def reload(self) -> None:
        """Follow the settings."""
        self.scheduler.reload()
        self.recorder.reload()
