"""`tocsinctl test-source` with every handler: its samples make alarms, and in the pipeline their ends find them."""

import dataclasses

import pytest

from daemon.config.settings import Source
from daemon.loading import built_in_handlers
from daemon.registry import Handler
from fake_parts import Desk

HANDLERS = built_in_handlers()


@pytest.fixture(params=HANDLERS.values(), ids=lambda handler: handler.name)
def tried(request: pytest.FixtureRequest, desk: Desk) -> tuple[Desk, Handler]:
    handler: Handler = request.param
    desk.settings = dataclasses.replace(desk.settings, sources={"mine": Source(name="mine", handler=handler)})
    return desk, handler


def test_all_samples_are_read_and_what_fired_is_ended(tried: tuple[Desk, Handler]) -> None:
    desk, handler = tried
    for title in handler.samples:
        (trial,) = desk.ask("sources.test", name="mine", sample=title, send=True)
        assert trial["problem"] == "", title
        assert len(trial["sent"]) == len(trial["events"]) > 0
        if title.startswith("firing"):
            (over,) = desk.ask("sources.test", name="mine", sample=title.replace("firing", "resolved", 1), send=True)
            assert {one["change"] for one in over["sent"]} == {"resolved"}, title
            assert [one["alert"] for one in over["sent"]] == [one["alert"] for one in trial["sent"]]
