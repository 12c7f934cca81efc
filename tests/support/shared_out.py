"""How the suite is shared out among processes: `pytest -n 3`, which is what `make test` and `make check` call.

A module is one piece of work, because what its fixtures build is built once. What takes minutes is begun first, in the
order of FIRST. What is timed is one single piece: what waits for a real clock is never beside another of its kind.
"""

from _queue import SimpleQueue  # the one of `queue` has been patched
from collections.abc import Generator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

FIRST = {
    "tests/whole/test_crash.py": "crash",  # two hundred starts and kills; no clock is looked at
    "tests/service/": "service",  # `make install` of this tree, an init script, processes that must come up in time
    "tests/whole/": "timed",  # real daemons: timelines in real time beside Alertmanager's, the README's own ports
    "tests/examples/test_story.py": "timed",  # a metric and a text message, in real time
    "tests/listener/test_held_up.py": "timed",  # measures how long the event loop was kept from others
}
ORDER = list(dict.fromkeys(FIRST.values()))


def piece(nodeid: str) -> str:
    """The piece of work that a test belongs to."""
    module = nodeid.partition("::")[0]
    return next((name for begin, name in FIRST.items() if module.startswith(begin)), module)


class Pieces(LoadScopeScheduling):
    """Hands out pieces in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return piece(nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes minutes first; for the rest the order stays."""
    rank = {name: at for at, name in enumerate(ORDER)}
    items.sort(key=lambda item: rank.get(piece(item.nodeid), len(ORDER)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Let a worker wait for its next test as a thread waits, not as a greenlet.

    What it is to run comes in by a thread that was started before the patch. A greenlet that waits for something
    which no greenlet can do "would block forever", says gevent.
    """
    for plugin in session.config.pluginmanager.get_plugins():
        if hasattr(plugin, "torun"):  # xdist's, whose class has no module here
            plugin.torun = SimpleQueue()


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Write halves of characters, which tests put into logs and errors, so that a report can be sent."""
    return sendable((yield))


def sendable(value: Any) -> Any:
    """The same with every text in it as one that UTF-8 has."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {sendable(name): sendable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(sendable(inner) for inner in value)
    return value


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Pieces:
    """Share out by piece."""
    config.option.loadscopereorder = False
    return Pieces(config, log)
