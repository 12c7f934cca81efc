"""What is asked of escalations at every flush costs no more among thousands of others."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.alerting.ladder import ended
from daemon.config.audience import Escalation, Leg, Receiver, Route
from daemon.store import escalations, groups
from daemon.store.base import Tx
from daemon.units import Seconds
from direct_store import DirectStore
from hearing import Hearing
from made import settings

STEPS = (Escalation(after=Seconds(600), by=("room",)),)
SETTINGS = settings(
    receivers={"ops": Receiver(name="ops", notify=(Leg(by=("room",)),), escalate=STEPS)}, route=Route(receiver="ops")
)
QUESTIONS: dict[str, Callable[[Tx], object]] = {
    "who waits to be told": lambda tx: escalations.untold(tx, 1),
    "who hears of the end": lambda tx: escalations.over(tx, 1, [fingerprint(tx, 1)]),
    "what is due": lambda tx: escalations.due_with(tx, _first(tx), 0.0),
    "a group goes": lambda tx: tx.run("DELETE FROM groups WHERE id = 1"),
    "what ended long ago": lambda tx: escalations.close_old(tx, 0.0),
}


class Counting(DirectStore):
    """A store that counts the steps of SQLite's machine."""

    def steps(self, work: Callable[[Tx], object]) -> int:
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return 0

        self._connection.set_progress_handler(step, 10)
        self.write(work)
        self._connection.set_progress_handler(None, 0)
        return count * 10


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Counting]:
    made = Counting(tmp_path / "tocsin.db")
    yield made
    made.close()


def _first(tx: Tx) -> escalations.Ladder:
    found = escalations.get(tx, 1)
    assert found is not None
    return found


def fingerprint(tx: Tx, alert_id: int) -> str:
    (found,) = tx.one("SELECT fingerprint FROM alerts WHERE id = ?", (alert_id,)) or ("",)
    return str(found)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_costs_no_more_among_many_escalations(store: Counting, question: str) -> None:
    story = Hearing(store, SETTINGS)
    story.fires("a")
    story.to(700)
    if question == "who hears of the end":
        store.write(lambda tx: ended(tx, 1))
    alone = store.steps(lambda tx: _undone(tx, QUESTIONS[question]))
    story.fires(*(f"k{number}" for number in range(300)))
    story.to(1_400).ends(*(f"k{number}" for number in range(150)))
    assert store.steps(lambda tx: _undone(tx, QUESTIONS[question])) <= alone + 150


def _undone(tx: Tx, work: Callable[[Tx], object]) -> None:
    tx.run("SAVEPOINT before")
    work(tx)
    tx.run("ROLLBACK TO before")


def test_a_group_that_goes_leaves_the_escalations_of_its_alerts(store: Counting) -> None:
    story = Hearing(store, SETTINGS)
    story.fires("a")
    story.to(1).ends("a")
    assert store.write(lambda tx: groups.forget(tx, story.now + 1)) == 1
    assert [one.group_id for one in store.read(lambda tx: escalations.of_alert(tx, 1))] == [None]
