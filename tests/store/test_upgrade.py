"""A store of tocsin 0.1.0: what it holds is there after the migrations, and nobody hears it twice."""

import sqlite3
from contextlib import closing
from pathlib import Path

import gevent
import pytest

from daemon.alerting import due, gather, pipeline
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.event import State
from daemon.history.recorder import Recorder
from daemon.notice import Phase, Reason
from daemon.probing.scheduler import Scheduler
from daemon.store import alerts, notices, outbox
from daemon.store.base import Tx
from daemon.store.migrate import migrations
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN, FakeClock
from hearing import Hearing
from made import settings
from probes_by_hand import BAD, GOOD, Plans, plan

ALERT = (
    '{"id":1,"fingerprint":"%s","source":"shop","key":"k1","state":"firing","severity":"error","title":"Disk full",'
    '"text":"","labels":{"source":"shop","severity":"error"},"links":{},"started_at":1.0,"ended_at":null,'
    '"first_seen":1.0,"last_seen":1.0,"count":1}'
)
FINGERPRINT = "e" * 32
OLD = f"""
INSERT INTO alerts VALUES (1, '{FINGERPRINT}', 'shop', 'k1', 'firing', 'error', 'Disk full', '',
    '{{"source":"shop","severity":"error"}}', '{{}}', 1.0, NULL, 1.0, 1.0, 1);
INSERT INTO notices VALUES (1, 1, 'ops', 'first', 1.0, '{ALERT % FINGERPRINT}');
INSERT INTO deliveries (notice_id, channel, recipient, address, urgency, phase, created_at, due_at)
    VALUES (1, 'room', '', '', 1, 'sent', 1.0, 1.0);
"""


BEFORE_HISTORY = 12


@pytest.fixture
def upgraded(tmp_path: Path) -> SqliteStore:
    path = tmp_path / "tocsin.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(f"{migrations()[1]} {OLD} PRAGMA user_version = 1;")
    return SqliteStore(path)


def test_what_was_said_is_still_known(upgraded: SqliteStore) -> None:
    with closing(upgraded):
        (notice,) = upgraded.read(lambda tx: notices.of_alert(tx, 1))
        assert (notice.reason, notice.firing, notice.alert.title) == (Reason.FIRST, 1, "Disk full")
        (row,) = upgraded.read(lambda tx: outbox.newest(tx, alert_id=1))
        assert row.delivery.phase is Phase.SENT
        assert (upgraded.path.parent / "tocsin.db.before-2").is_file()


def test_an_open_alert_is_not_told_again_and_its_end_is_told(upgraded: SqliteStore) -> None:
    story = Hearing(upgraded, settings())

    def gathered(tx: Tx) -> None:
        for alert in alerts.all_open(tx, 0, 10):
            gather.regathered(tx, alert, story.rules, story.now)
        due.do_due(tx, story.rules, story.now, 10)

    with closing(upgraded):
        upgraded.write(gathered)
        assert [said.reason for said in story.said() if said.at == 0] == []
        (known,) = upgraded.read(lambda tx: alerts.all_open(tx, 0, 10))
        upgraded.write(lambda tx: pipeline.end(tx, [known], "over", story.rules, BEGIN + 5))
        assert [said.reason for said in story.said() if said.at == 5] == [Reason.ALL_RESOLVED]


def test_an_alarm_of_a_probe_that_was_open_before_is_ended_by_its_first_verdict(
    tmp_path: Path, clock: FakeClock
) -> None:
    """Of probes the version before kept nothing but their alarms."""
    seen = [BAD]
    plans = Plans(plan("shop", lambda: seen[0], every=10))
    paths = tmp_path / "now.db", tmp_path / "before.db"
    with closing(SqliteStore(paths[0])) as store:
        _live(store, clock, plans)
    with closing(sqlite3.connect(paths[1])) as old:
        old.executescript("".join(sql for version, sql in migrations().items() if version <= BEFORE_HISTORY))
        columns = ", ".join(name for _, name, *_ in old.execute("PRAGMA table_info(alerts)"))
        old.execute("ATTACH ? AS now", (str(paths[0]),))
        old.execute(f"INSERT INTO alerts ({columns}) SELECT {columns} FROM now.alerts")
        old.execute(f"PRAGMA user_version = {BEFORE_HISTORY}")
        old.commit()
    seen[0] = GOOD
    with closing(SqliteStore(paths[1])) as store:
        (before,) = store.read(alerts.newest)
        assert before.state is State.FIRING
        _live(store, clock, plans)
        (alert,) = store.read(alerts.newest)
        assert (alert.id, alert.state) == (before.id, State.RESOLVED)


def _live(store: SqliteStore, clock: FakeClock, plans: Plans) -> None:
    recorder = Recorder(store, clock, plans)
    recorder.start()
    intake = Intake(store, clock, lambda: Rules(plans()))
    scheduler = Scheduler(plans, clock, intake.events, record=recorder)
    scheduler.start()
    clock.advance(40)
    gevent.joinall(list(scheduler._teller._telling), timeout=2)
    scheduler.stop()
    recorder.stop()
