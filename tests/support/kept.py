"""What is kept of requests and tries, read back for a test."""

from daemon.store import attempts, requests
from daemon.store.attempts import Attempt
from daemon.store.requests import Touch
from daemon.store.sqlite import SqliteStore


def touches(store: SqliteStore, alert_id: int = 1, limit: int = 100) -> list[Touch]:
    return store.read(lambda tx: requests.of_alert(tx, alert_id, limit))


def tries(store: SqliteStore, delivery_id: int = 1) -> list[Attempt]:
    return store.read(lambda tx: attempts.of_delivery(tx, delivery_id))


def rows(store: SqliteStore) -> int:
    return store.read(lambda tx: tx.all("SELECT count(*) FROM requests")[0][0])
