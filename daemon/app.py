"""tocsin put together: its parts started in order, stopped in reverse, reconfigured while they run."""

import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from daemon import __version__, housekeeping, loading, log, methods, sdnotify, telemetry
from daemon.agenda import Agenda
from daemon.alerting import own
from daemon.alerting.acknowledge import Acks
from daemon.alerting.audit import Auditor
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.aside import AsideThread
from daemon.clock import SystemClock
from daemon.config.check import SQLITE
from daemon.config.doors import NONE_OPENED, Opened
from daemon.config.fixed import needs_restart
from daemon.config.load import Loaded, load
from daemon.config.settings import Settings
from daemon.control.port import ControlPort
from daemon.delivery.alarms import Voice
from daemon.delivery.courier import Courier
from daemon.errors import ConfigError
from daemon.internal import Check
from daemon.lastresort import LastResort
from daemon.listener.alertmanager.api import Api
from daemon.listener.alertmanager.parts import ApiParts
from daemon.listener.outside import Fetched
from daemon.listener.parts import Parts as DoorParts
from daemon.listener.server import HttpDoor, address_of
from daemon.listener.web import Web
from daemon.lookout import Lookout
from daemon.measures import Measures
from daemon.methods.jsonrpc import answer
from daemon.methods.parts import Parts
from daemon.methods.table import Table
from daemon.probing.coming import never
from daemon.proof.canaries import Canaries
from daemon.proof.deadman import Signs, unwell
from daemon.pulse import Pulse
from daemon.resolver import NameServers, renew_hub
from daemon.selfcheck import SelfCheck
from daemon.store.sqlite import SqliteStore

logger = logging.getLogger("tocsin.app")

JUDGES = 4  # threads for what probes read; a pattern over a megabyte may take a while, and lets others run
STOP_WITHIN = 22.0  # seconds for everything in flight together; supervisor's stopwaitsecs is longer


def check(path: Path, environ: Mapping[str, str], opened: Opened = NONE_OPENED) -> Loaded:
    """Read a configuration without using it. Raises ConfigError with all its problems.

    `opened` are the doors of the daemon that would have to use it.
    """
    loaded = load(path, loading.catalog, environ, opened)
    loaded.warnings.extend([*own.unheard(loaded.settings), *never(loaded.settings, SystemClock().now())])
    return loaded


class App:
    """One running tocsin. `start` returns once the doors are open; what fails half-way is undone."""

    def __init__(self, path: Path, environ: Mapping[str, str], door: socket.socket) -> None:
        """Read the configuration; `door` is bound already, for that may take rights we no longer have.

        Raises ConfigError.
        """
        self._door = door
        self._path = path
        self._environ = environ
        self._clock = SystemClock()
        # What the socket itself says: the file may have been changed since it was bound.
        self._opened = Opened(http=address_of(door))
        self._loaded = check(path, environ, self._opened)
        self._rules = Rules(self._loaded.settings)
        self._refused: list[str] = []  # why the last reload was refused; whoever sent a signal had no answer
        self._begun_with = self._loaded.settings  # of which a reload cannot change everything
        self._started_at = self._clock.now()
        self._ready = "starting"
        self._stops: list[tuple[str, Callable[[], None]]] = []
        self._doors: dict[str, str] = {}
        self._aside = AsideThread()
        self._reader = AsideThread()
        self._judge = AsideThread(JUDGES)

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        return self._loaded.settings

    def start(self) -> None:
        """Open the store, start every part, then let requests in. Raises TocsinError."""
        try:
            log.configure(self.settings.log)
            self._start_parts()
        except BaseException:
            self.stop()
            raise
        for warning in self._loaded.warnings:
            logger.warning("configuration: %s", warning)
        self._ready = ""
        sdnotify.ready()
        logger.info("tocsin %s is ready: http %s, zmq %s", __version__, self._doors["http"], self._doors["zmq"])

    def _start_parts(self) -> None:
        """Each part registers its stop the moment it runs; the doors open last."""
        path = Path(self.settings.store.removeprefix(SQLITE))
        store = SqliteStore(path)
        self._stops.append(("store", store.close))
        self._stops.append(("side thread", self._aside.stop))
        self._stops.append(("reader of large bodies", self._reader.stop))
        self._stops.append(("judges of large answers", self._judge.stop))
        self._name_servers = name_servers = NameServers(self._clock, renew_hub)
        name_servers.start()
        self._stops.append(("name servers", name_servers.stop))
        last_resort = LastResort(self._clock, lambda: self.settings.self_checks.syslog)
        intake = Intake(store, self._clock, lambda: self._rules, last_resort.tell, self._reader)
        self._acks = Acks(store, self._clock, lambda: self._rules)
        self._agenda = agenda = Agenda(store, self._clock, lambda: self._rules, intake.nobody)
        voice = _voice(intake, last_resort)
        self._courier = courier = Courier(store, self._clock, lambda: self.settings, voice)
        courier.start()
        self._stops.append(("courier", lambda: courier.stop(self._time_left())))
        agenda.start()
        self._stops.append(("agenda", agenda.stop))
        self._start_proof(store, intake)
        pulse = Pulse(self._clock)
        self._lookout = lookout = Lookout(store, self._clock, lambda: self.settings, intake, pulse, self._judge)
        lookout.start(self._stops.append)
        hear = lookout.scheduler.calls.hear
        self._measures = measures = Measures(path, self._clock, lambda: self.settings, intake, self._judge, hear)
        measures.start(self._stops.append)
        auditor = Auditor(store, self._clock, lambda: self._rules, intake.alarm, intake.alarm_over)
        looks = (auditor.look, self._canaries.look)
        checks = SelfCheck(lambda: self.settings, self._clock, store, intake, courier.emergency, looks, pulse)
        checks.start()
        self._stops.append(("self-checks", checks.stop))
        self._open_doors(methods.build(self._parts(store, intake)), intake, self._api(store, intake))

    def _start_proof(self, store: SqliteStore, intake: Intake) -> None:
        """Canaries, which the self-checks look after, and signs of life while they and everything else are well."""
        self._canaries = canaries = Canaries(
            store, self._clock, lambda: self.settings, self._courier.canary, intake.alarm, intake.alarm_over
        )
        self._signs = signs = Signs(
            lambda: self.settings, self._clock, lambda: unwell(store, canaries.failing(), self._ready), store.name
        )
        signs.start()
        self._stops.append(("signs of life", signs.stop))

    def _open_doors(self, table: Table, intake: Intake, api: Api) -> None:
        """Let requests in, over ZeroMQ and over HTTP."""
        port = ControlPort(table, lambda: self.settings, self._clock)
        port.start()
        self._stops.append(("ZeroMQ port", port.stop))
        self._opened = replace(self._opened, zmq=port.endpoint, zmq_has_curve=self.settings.auth.curve is not None)
        web = Web(
            DoorParts(
                settings=lambda: self.settings,
                clock=self._clock,
                intake=intake,
                acks=self._acks,
                rpc=lambda raw, caller: answer(table, raw, caller),
                call=table.call,
                hear=self._courier.hear,
                sign=self._lookout.scheduler.calls.hear,
                ready=lambda: self._ready,
                reload=self.reload,
                api=api,
                outside=Fetched(self._clock),
                numbers=(self._lookout.scheduler.exposition, self._measures.exposition),
                board=self._lookout.board,
                pages=self._measures.pages,
                sentry=self._measures.sentry.gate,
                aside=self._reader,
            )
        )
        http = HttpDoor(self._door, web, lambda: self.settings.limits, self._clock, web.largest)
        http.start()
        self._stops.append(("HTTP door", lambda: http.stop(self._time_left() / 2)))
        self._doors = {"http": f"{self.settings.listen.http.rpartition(':')[0]}:{http.port}", "zmq": port.endpoint}

    def _api(self, store: SqliteStore, intake: Intake) -> Api:
        """Alertmanager's API."""
        return Api(
            ApiParts(
                store=store,
                intake=intake,
                rules=lambda: self._rules,
                clock=self._clock,
                started_at=self._started_at,
                version=__version__,
            )
        )

    def _parts(self, store: SqliteStore, intake: Intake) -> Parts:
        """What the methods work with."""
        return Parts(
            store=store,
            store_health=store.healthy,
            store_size=store.size,
            clock=self._clock,
            settings=lambda: self.settings,
            intake=intake,
            acks=self._acks,
            courier=self._courier,
            scheduler=self._lookout.scheduler,
            history=self._lookout.history,
            probe_kinds=loading.probe_kinds,
            reload=self.reload,
            check=self._checked,
            load=lambda path: self._read(path).settings,
            set_log_level=log.set_level,
            started_at=self._started_at,
            version=__version__,
            doors=lambda: self._doors | self._measures.doors(),
            warnings=lambda: [*self._loaded.warnings, *self._refused],
            aside=self._aside,
            series=self._measures.query,
            rules=self._measures.rules,
            faults=self._measures.faults,
            sentry=self._measures.sentry.status,
            sentry_again=self._measures.sentry.gate.put_back,
        )

    def _checked(self, path: str) -> tuple[list[str], list[str]]:
        """Tell the problems and warnings that a reload of this file would have; of our own when none is named."""
        try:
            return [], self._read(path).warnings
        except ConfigError as error:
            return error.problems, []

    def _read(self, path: str) -> Loaded:
        return check(Path(path) if path else self._path, self._environ, self._opened)

    def reload(self) -> list[str]:
        """Read the configuration again and go over to it; a bad one is refused, and the old one goes on.

        Returns the problems: empty when the new one is in force.
        """
        try:
            loaded = check(self._path, self._environ, self._opened)
            log.configure(loaded.settings.log)
        except ConfigError as error:
            for problem in error.problems:
                logger.error("reload refused: %s", problem)  # noqa: TRY400 - the sentence says it all
            telemetry.reloads.labels("refused").inc()
            self._refused = [f"the last reload was refused: {problem}" for problem in error.problems]
            return error.problems
        sdnotify.reloading()
        loaded.warnings.extend(needs_restart(self._begun_with, loaded.settings))
        before, self._loaded, self._refused = self._loaded.settings, loaded, []
        self._rules = Rules(loaded.settings)
        self._name_servers.renew()
        self._agenda.reload()
        self._courier.reload()
        self._signs.reload()
        self._lookout.reload()
        self._measures.reload()
        housekeeping.forget_names(before, loaded.settings)
        for warning in loaded.warnings:
            logger.warning("configuration: %s", warning)
        telemetry.reloads.labels("done").inc()
        logger.info("configuration reloaded")
        sdnotify.ready()
        return []

    def stop(self) -> None:
        """Stop every part that was started, the last one first; one that fails does not keep the others up."""
        self._ready = "stopping"
        self._stop_by = self._clock.monotonic() + STOP_WITHIN
        sdnotify.stopping()
        while self._stops:
            name, stop = self._stops.pop()
            try:
                stop()
            except Exception:  # the rest must still be stopped
                logger.exception("%s did not stop well", name)

    def _time_left(self) -> float:
        return max(0.0, self._stop_by - self._clock.monotonic())

    def reopen_log(self) -> None:
        """Open the log file anew, for logrotate."""
        log.reopen()


def _voice(intake: Intake, last_resort: LastResort) -> Voice:
    """How delivery speaks of its own troubles: through the same door as everybody."""
    return Voice(
        alarm=intake.alarm,
        over=intake.alarm_over,
        last_resort=last_resort.tell,
        hearing=lambda settings: own.hearing(settings, Check.STORE),
    )
