"""A store of tocsin 0.1.0: what it holds is there after the migrations, and nobody hears it twice."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from daemon.alerting import due, gather, pipeline
from daemon.notice import Phase, Reason
from daemon.store import alerts, notices, outbox
from daemon.store.base import Tx
from daemon.store.migrate import migrations
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN
from hearing import Hearing
from made import settings

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
