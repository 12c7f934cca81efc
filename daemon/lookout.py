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
        self._sight = Eyesight(lambda: settings().sight, clock, pulse, intake.alarm, intake.alarm_over)
        ledger = Ledger(store, clock)
        rests = Resting(ledger, lambda: settings().time_intervals)
        self._recorder = Recorder(store, clock, settings, rests=rests)
        self.history = History(store, clock, settings, self._recorder)
        self.scheduler = Scheduler(
            settings,
            clock,
            intake.events,
            record=self._recorder,
            sight=self._sight,
            others=Nodes(lambda: settings().nodes, clock),
            aside=aside,
            ledger=ledger,
        )
        self.board = Board(self.history, clock, settings, self.scheduler.verdicts, aside)

    def start(self, register: Register) -> None:
        """Begin to look. Raises StoreUnavailable."""
        self._recorder.start()
        register(("record of the probes", self._recorder.stop))
        self._sight.start()
        register(("sight", self._sight.stop))
        self.scheduler.start()
        register(("scheduler", self.scheduler.stop))

    def reload(self) -> None:
        """Follow the settings."""
        self.scheduler.reload()
        self._recorder.reload()
