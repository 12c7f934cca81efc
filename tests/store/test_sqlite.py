"""The SQLite engine: group commit, isolation of failures, and every way a disk can say no."""

import re
import shutil
import sqlite3
import tracemalloc
from pathlib import Path

import gevent
import pytest
from gevent.event import Event

from daemon import telemetry
from daemon.errors import SchemaTooNew, StoreCorrupt, StoreError, StoreLocked, StoreUnavailable
from daemon.store import migrate, quarantine, sqlite
from daemon.store.base import Tx
from daemon.store.sqlite import SqliteStore


def put(value: str) -> "object":
    def work(tx: Tx) -> int:
        return tx.insert("INSERT INTO trace (alert_id, at, steps) VALUES (1, 0, ?)", (value,))

    return work


@pytest.fixture(autouse=True)
def _an_alert(store: SqliteStore) -> None:
    store.write(
        lambda tx: tx.run(
            "INSERT INTO alerts VALUES (1, 'f', 's', 'k', 'firing', 'error', 't', '', '{}', '{}', 0, NULL, 0, 0, 1)"
        )
    )


def values(store: SqliteStore) -> list[str]:
    return [row[0] for row in store.read(lambda tx: tx.all("SELECT steps FROM trace ORDER BY id"))]


def test_each_store_has_a_name_of_its_own_that_it_keeps(store: SqliteStore, tmp_path: Path) -> None:
    other = SqliteStore(tmp_path / "other.db")
    name = other.name
    other.close()
    assert re.fullmatch(r"[0-9a-f]{8}", name)
    assert name != store.name
    again = SqliteStore(tmp_path / "other.db")
    assert again.name == name
    again.close()


def test_write_returns_what_the_work_returned(store: SqliteStore) -> None:
    assert store.write(lambda tx: tx.one("SELECT 7")) == (7,)


def test_what_was_written_is_there_for_another_process_at_once(store: SqliteStore) -> None:
    store.write(put("a"))
    other = sqlite3.connect(store.path)
    assert other.execute("SELECT steps FROM trace").fetchall() == [("a",)]
    other.close()


def test_many_writers_share_few_transactions(store: SqliteStore) -> None:
    def counts() -> list[float]:
        seconds = telemetry.REGISTRY.get_sample_value("tocsin_store_commit_seconds_count") or 0
        return [telemetry.store_commits._value.get(), seconds, telemetry.store_operations._value.get()]

    before = counts()
    gevent.joinall([gevent.spawn(store.write, put(str(i))) for i in range(200)], raise_error=True)
    assert sorted(map(int, values(store))) == list(range(200))
    commits, timed, operations = (after - ago for after, ago in zip(counts(), before, strict=True))
    assert 1 <= commits == timed <= 5
    assert operations == 200


def test_one_failing_operation_does_not_fail_its_neighbours(store: SqliteStore) -> None:
    def broken(tx: Tx) -> None:
        put("undone")(tx)
        raise KeyError("mine")

    first, second, third = (
        gevent.spawn(store.write, put("a")),
        gevent.spawn(store.write, broken),
        gevent.spawn(store.write, put("b")),
    )
    gevent.joinall([first, second, third])
    assert values(store) == ["a", "b"]
    assert isinstance(second.exception, KeyError)


def test_a_violated_constraint_is_a_store_error_of_its_own(store: SqliteStore) -> None:
    with pytest.raises(StoreError, match="constraint"):
        store.write(lambda tx: tx.run("INSERT INTO notice_alerts VALUES (999, 999)"))
    assert store.healthy() == ""


def test_listeners_hear_of_a_topic_once_after_the_commit(store: SqliteStore) -> None:
    heard: list[list[str]] = []
    store.on("news", lambda: heard.append(["news"]))

    def work(tx: Tx) -> None:
        put("a")(tx)
        tx.announce("news")
        tx.announce("news")

    store.write(work)
    gevent.idle()
    assert heard == [["news"]]


def test_a_failed_operation_announces_nothing(store: SqliteStore) -> None:
    heard: list[str] = []
    store.on("news", lambda: heard.append("news"))

    def work(tx: Tx) -> None:
        tx.announce("news")
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        store.write(work)
    gevent.idle()
    assert heard == []


def test_a_writer_that_gave_up_waiting_does_not_disturb_the_others(store: SqliteStore) -> None:
    go = Event()
    impatient = gevent.spawn(lambda: (go.wait(), store.write(put("a"))))
    patient = gevent.spawn(lambda: (go.wait(), store.write(put("b"))))
    go.set()
    gevent.idle()
    impatient.kill()
    patient.get()
    assert values(store)[-1] == "b"


def test_the_hub_runs_while_the_disk_works(store: SqliteStore) -> None:
    ticks = []

    def long(tx: Tx) -> None:
        tx.one(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n"
        )

    writing = gevent.spawn(store.write, long)
    while not writing.ready():
        ticks.append(1)
        gevent.idle()
    assert len(ticks) > 3


def test_now_and_then_the_log_is_copied_into_the_database(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "CHECKPOINT_EVERY", 1)
    store.write(put("a"))
    assert store._copying is not None
    store._copying.join()
    without_its_log = tmp_path / "copy.db"
    shutil.copy(store.path, without_its_log)
    other = sqlite3.connect(without_its_log)
    assert other.execute("SELECT steps FROM trace").fetchall() == [("a",)]
    other.close()


def test_readers_cannot_write(store: SqliteStore) -> None:
    with pytest.raises(StoreError, match="readonly"):
        store.read(put("a"))


def test_a_full_disk_is_unavailable_and_well_again_afterwards(store: SqliteStore) -> None:
    store.write(lambda tx: tx.one("PRAGMA max_page_count"))
    pages = store.read(lambda tx: tx.one("PRAGMA page_count"))
    assert pages
    store._writer.execute(f"PRAGMA max_page_count = {pages[0]}")
    with pytest.raises(StoreUnavailable, match="full"):
        store.write(put("x" * 1_000_000))
    assert "full" in store.healthy()
    store._writer.execute("PRAGMA max_page_count = 1000000")
    store.write(put("again"))
    assert store.healthy() == ""
    assert values(store) == ["again"]


def test_a_full_disk_fails_every_operation_of_the_batch_and_keeps_none(store: SqliteStore) -> None:
    pages = store.read(lambda tx: tx.one("PRAGMA page_count"))
    assert pages
    store._writer.execute(f"PRAGMA max_page_count = {pages[0]}")
    writers = [gevent.spawn(store.write, put(text)) for text in ("small", "x" * 1_000_000, "tiny")]
    gevent.joinall(writers)
    assert [type(writer.exception) for writer in writers] == [StoreUnavailable] * 3
    assert values(store) == []


def test_a_read_only_store_is_unavailable(store: SqliteStore) -> None:
    store._writer.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreUnavailable, match="read-only"):
        store.write(put("a"))
    store._writer.execute("PRAGMA query_only = OFF")


def test_a_second_process_is_refused(store: SqliteStore) -> None:
    with pytest.raises(StoreLocked, match="another process"):
        SqliteStore(store.path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="does its folder exist"):
        SqliteStore(tmp_path / "nowhere" / "tocsin.db")


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "newer.db"
    SqliteStore(path).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 9999")
    other.close()
    with pytest.raises(SchemaTooNew, match="schema 9999"):
        SqliteStore(path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    first = SqliteStore(path)
    first.write(lambda tx: tx.run("CREATE TABLE filler AS SELECT hex(randomblob(50000)) AS x"))
    first.close()
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 4)
    with pytest.raises(StoreCorrupt, match="restore a backup"):
        SqliteStore(path)


def test_something_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear operator, " * 500)
    with pytest.raises(StoreCorrupt):
        SqliteStore(path)
    assert path.read_text().startswith("Dear operator")


def test_an_older_schema_is_backed_up_before_it_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old = sqlite3.connect(path)
    old.execute("CREATE TABLE keepsake (x)")
    old.execute("PRAGMA user_version = 1")
    steps = migrate.migrations()
    connection = sqlite3.connect(path, isolation_level=None)
    old.close()
    migrate._run(connection, path, {1: steps[1], 2: "CREATE TABLE added (y)"})
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()
    backup = sqlite3.connect(f"{path}.before-2")
    assert backup.execute("SELECT name FROM sqlite_master").fetchall() == [("keepsake",)]
    backup.close()


def test_closing_writes_what_is_queued(tmp_path: Path) -> None:
    path = tmp_path / "closing.db"
    opened = SqliteStore(path)
    writers = [gevent.spawn(opened.write, lambda tx: tx.run("CREATE TABLE IF NOT EXISTS t (x)")) for _ in range(3)]
    gevent.idle()
    opened.close()
    gevent.joinall(writers, raise_error=True)
    with pytest.raises(StoreUnavailable, match="closed"):
        opened.write(lambda tx: tx.one("SELECT 1"))
    SqliteStore(path).close()


def test_a_transaction_that_writes_nothing_does_not_make_a_full_disk_well(store: SqliteStore) -> None:
    pages = store.read(lambda tx: tx.one("PRAGMA page_count"))
    assert pages
    store._writer.execute(f"PRAGMA max_page_count = {pages[0]}")
    with pytest.raises(StoreUnavailable, match="full"):
        store.write(put("x" * 1_000_000))
    store.write(lambda tx: tx.one("SELECT 1"))
    store.write(lambda tx: tx.run("DELETE FROM trace"))
    assert "full" in store.healthy()


class Forgetful:
    """A connection whose next COMMIT finds no memory: sqlite3 says so with Python's own MemoryError."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._short = True

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        if sql == "COMMIT" and self._short:
            self._short = False
            raise MemoryError
        return self._connection.execute(sql, *values)  # type: ignore[arg-type]


def test_whatever_a_commit_fails_of_is_heard_by_the_writers_and_the_next_one_goes(store: SqliteStore) -> None:
    store._writer = Forgetful(store._writer)  # type: ignore[assignment]
    with pytest.raises(StoreUnavailable, match="no memory"):
        store.write(put("lost"))
    assert "no memory" in store.healthy()
    store.write(put("kept"))
    assert values(store) == ["kept"]


def test_a_list_of_what_waits_reads_no_body(store: SqliteStore) -> None:
    body = b"x" * 1_000_000
    request = quarantine.Quarantined(
        at=0, kind=quarantine.Kind.UNUSABLE_BODY, source="s", reason="", remote="", content_type="",
        headers={}, query={}, body=body, size=len(body),
    )  # fmt: skip
    store.write(lambda tx: [quarantine.add(tx, request, 100, 10**9) for _ in range(32)])
    tracemalloc.start()
    try:
        listed = store.read(quarantine.newest)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (len(listed), listed[0].whole, listed[0].size) == (32, True, 1_000_000)
    assert most < 1_000_000
