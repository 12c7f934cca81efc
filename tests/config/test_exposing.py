"""`series.expose`: none by default, all with one word, some by name, and what cannot be meant is refused."""

from collections.abc import Callable

import pytest

from daemon.config.exposing import Expose
from daemon.config.load import Loaded
from daemon.series.selector import Selector

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

BASE = "receivers: [{name: ops, notify: [{by: [hall]}]}]\nroute: {receiver: ops}\nchannels: {hall: {type: room}}\n"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Expose()),
        ("series: {expose: true}", Expose(everything=True)),
        ("series: {expose: false}", Expose()),
        (
            "series: {expose: {select: ['http.*', 'http.time{app=\"shop\"}'], most: 50}}",
            Expose(select=("http.*", 'http.time{app="shop"}'), most=50),
        ),
    ],
)
def test_it_means_what_is_written(load_text: Load, text: str, meant: Expose) -> None:
    expose = load_text(BASE + text).settings.series.expose
    assert expose == meant
    assert expose.is_on == (meant.everything or meant.select != ())
    assert [str(Selector.parse(one)) for one in expose.select] == list(meant.select)


@pytest.mark.parametrize(
    "expose",
    ["yes please", "{select: ['{app=\"shop\"}']}", "{select: ['x{app']}", "{select: ['x{app}']}",
     "{most: 0}", "{all: 1}", "{select: ['x{app=~\"(\"}']}"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(problems_of: Problems, expose: str) -> None:
    (problem,) = problems_of(BASE + f"series: {{expose: {expose}}}")
    assert "series.expose" in problem
