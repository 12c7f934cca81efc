"""`tocsinctl test-source` with every handler: its samples make alarms, and in the pipeline their ends find them."""

import dataclasses
import re

import pytest

from daemon.config.settings import Source
from daemon.hook import Hook
from daemon.loading import built_in_handlers
from daemon.registry import Handler
from daemon.store import requests
from daemon.store.quarantine import Kind
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


@pytest.mark.parametrize("handler", [one for one in HANDLERS.values() if one.hides], ids=lambda handler: handler.name)
def test_what_a_handler_hides_is_shown_neither_in_what_is_kept_nor_in_quarantine(desk: Desk, handler: Handler) -> None:
    source = Source(name="mine", handler=handler, options=handler.sample_options)
    desk.settings = dataclasses.replace(desk.settings, sources={"mine": source})
    sample = handler.samples["firing"]
    hook = Hook(source="mine", body=sample.body, content_type=sample.content_type, options=handler.sample_options)
    desk.intake.take(source, hook)
    desk.intake.refuse(hook, Kind.UNUSABLE_BODY, "no", "192.0.2.7")
    kept = desk.store.read(lambda tx: requests.of_alert(tx, 1, 1))[0].request.carried.body
    shown = desk.ask("quarantine.show", id="Q1")["body"]
    found = [value for name in handler.hides for value in re.findall(rf'"{name}": ?"([^"]+)"', sample.body.decode())]
    for value in found:
        assert value not in kept
        assert value not in shown
    assert kept.count("***") >= len(found) <= shown.count("***")
    assert desk.ask("quarantine.replay", id="Q1")["requests"][0]["problem"] == ""  # it is hidden, and not lost


def test_what_any_source_hides_is_hidden_of_a_source_whose_name_was_mistaken_and_of_bytes_that_are_no_text(
    desk: Desk,
) -> None:
    source = Source(name="mine", handler=HANDLERS["healthchecks"])
    desk.settings = dataclasses.replace(desk.settings, sources={"mine": source})
    body = b'{"check": {"ping_url": "https://hc-ping.com/7f0c", "desc": "\xff"}, "password": "7f0c"}'
    desk.intake.refuse(Hook(source="mime", body=body), Kind.UNKNOWN_SOURCE, "no", "192.0.2.7")
    desk.intake.refuse(Hook(source="mine", body=body), Kind.UNUSABLE_BODY, "no", "192.0.2.7")
    for code in ("Q1", "Q2"):
        shown = desk.ask("quarantine.show", id=code)
        assert shown["encoding"] == "utf-8"
        assert "7f0c" not in shown["body"]
