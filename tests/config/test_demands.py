"""What must hold of a probe's readings, in the file."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import pytest

from daemon.config.load import Loaded
from daemon.config.shown import redacted
from daemon.probes.base import Fact, Health, Probe, Reading
from daemon.registry import Catalog

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

TOP = "receivers: [{name: ops}]\nroute: {receiver: ops}\nprobes:\n"
HEAD = TOP + "  shop:\n    type: page\n    url: u\n"


@dataclass(frozen=True, kw_only=True)
class Page(Probe):
    PHASES = ("connect", "total")
    GIVES: ClassVar = {"status": Fact("code", ideal=200), "body": Fact("what came", "text")}

    url: str
    status: tuple[str, ...] = ()

    def look(self) -> Reading:
        return Reading(health=Health.UP, detail="")

    def target(self) -> str:
        return self.url

    def yielding(self, named: Collection[str]) -> Self:
        return replace(self, status=("100-599",)) if "status" in named and not self.status else self


@dataclass(frozen=True, kw_only=True)
class Mute(Probe):
    def target(self) -> str:
        return "nothing"


CATALOG = Catalog(probes={"page": Page, "mute": Mute})


def test_both_lists_are_read_and_shown_as_they_are_written(load_text: Load) -> None:
    down = "    down:\n      - status   == 200\n      - 'body ~ \"a: b\"'\n"
    text = HEAD + down + "    degraded: [time < 2s, time.connect < 1s]\n"
    settings = load_text(text, catalog=CATALOG).settings
    plan = settings.probes["shop"]
    assert [str(one) for one in plan.down] == ["status   == 200", 'body ~ "a: b"']
    shown = redacted(settings)["probes"]["shop"]
    assert shown["down"] == ["status   == 200", 'body ~ "a: b"']
    assert shown["degraded"] == ["time < 2s", "time.connect < 1s"]
    assert load_text(text, catalog=CATALOG).settings.probes["shop"] == plan


@pytest.mark.parametrize("nothing", ["", "    down:\n", "    down: []\n"])
def test_without_any_nothing_is_asked(load_text: Load, nothing: str) -> None:
    assert load_text(HEAD + nothing, catalog=CATALOG).settings.probes["shop"].down == ()


BAD = {
    "down: [staus == 200]": 'shop.down[0]: "staus == 200": there is no value "staus"; a probe of type page can say '
    'time, time.connect, time.total, status, body, json "…"; did you mean "status"?',
    "down: [status = 200]": 'shop.down[0]: "status = 200": = is not known here; write ==',
    "degraded: [time < 300]": 'shop.degraded[0]: "time < 300": 300 of what? write 300ms or 300s',
    "down: status == 200": "shop.down: must be a list: write [status == 200], or lines that begin with `- `",
    "down: {status: 200}": "shop.down: must be a list of conditions; it is a mapping to YAML: "
    "put the whole condition in single quotes, '…'",
    "down: [{status: 200}]": "shop.down[0]: is a mapping to YAML: put the whole condition in single quotes, '…'",
    "down: [status in 200, 204]": 'shop.down[1]: "204": there is no value "204"; a probe of type page can say time, '
    'time.connect, time.total, status, body, json "…"; if it belongs to the one before, put the whole condition in '
    "single quotes, '…'",
    "down: [[status == 200]]": "shop.down[0]: must be a single value, not a list or mapping",
    "down: ['']": 'shop.down[0]: "": it is empty; write for example status == 200',
    "down: [~]": "shop.down[0]: has no value; write one, or remove the line",
}


@pytest.mark.parametrize(("line", "problem"), BAD.items(), ids=list(BAD))
def test_what_is_wrong_is_said_with_its_place(problems_of: Problems, line: str, problem: str) -> None:
    assert problems_of(HEAD + f"    {line}\n", catalog=CATALOG) == [f"tocsin.yml:7: probes.{problem}"]


def test_a_condition_is_about_a_place_from_where_it_is_looked_at(problems_of: Problems, load_text: Load) -> None:
    [problem] = problems_of(HEAD + "    degraded: [time < 2s from her]\n", catalog=CATALOG)
    assert problem.startswith('tocsin.yml:7: probes.shop.degraded: "time < 2s from her" is about a place')
    load_text(HEAD + "    degraded: [time < 2s from here]\n", catalog=CATALOG)


def test_a_hash_that_yaml_takes_for_a_comment_is_an_open_quote(problems_of: Problems) -> None:
    [problem] = problems_of(HEAD + '    down:\n      - body ~ "a #1"\n', catalog=CATALOG)
    assert problem.startswith('tocsin.yml:8: probes.shop.down[0]: "body ~ \\"a": a quote is not closed; in YAML, put')


def test_one_mistake_does_not_hide_another(problems_of: Problems) -> None:
    text = TOP + "  shop:\n    type: page\n    every: 1ms\n    down: [a == 1, status == x]\n    degraded: [time > y]\n"
    problems = problems_of(text, catalog=CATALOG)
    assert [line.partition(": ")[2].partition(": ")[0] for line in problems] == [
        "probes.shop.url",
        "probes.shop.every",
        "probes.shop.down[0]",
        "probes.shop.down[1]",
        "probes.shop.degraded[0]",
    ]


def test_a_kind_that_says_nothing_can_be_asked_nothing(problems_of: Problems) -> None:
    [problem] = problems_of(
        TOP + "  p: {type: mute, down: [time < 2s]}\n",
        catalog=CATALOG,
    )
    assert problem.endswith('there is no value "time"; a probe of type mute says nothing that a condition could ask')


def test_so_many_conditions_are_too_many(problems_of: Problems) -> None:
    [problem] = problems_of(HEAD + f"    down: [{', '.join(['status == 200'] * 51)}]\n", catalog=CATALOG)
    assert problem.endswith("probes.shop.down: has 51 conditions; at most 50 are taken")


def test_what_says_what_is_wrong_is_warned_of(load_text: Load) -> None:
    warnings = load_text(HEAD + "    down: [status >= 500, status < 500]\n", catalog=CATALOG).warnings
    [warning] = [line for line in warnings if "shop" in line]
    assert warning == (
        'tocsin.yml:7: probes.shop.down[0]: "status >= 500": conditions say what must hold, not what is wrong: '
        "this one fails when status is 200"
    )


def test_what_many_probes_ask_is_kept_once_and_warned_of_at_each(load_text: Load) -> None:
    both = HEAD + "    down: [status >= 500]\n  front:\n    type: page\n    url: v\n    down: [status >= 500]\n"
    loaded = load_text(both, catalog=CATALOG)
    assert loaded.settings.probes["shop"].down[0] is loaded.settings.probes["front"].down[0]
    assert [name for name in ("shop", "front") if any(f"{name}.down[0]" in line for line in loaded.warnings)] == [
        "shop",
        "front",
    ]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("down: ['status in 401, 403']", ("100-599",)),
        ("down: [time < 2s]", ()),
        ("degraded: [status == 200]", ()),
        ("{down: [status == 401], status: [200-399]}", ("200-399",)),
    ],
)
def test_the_rule_of_a_kind_that_nobody_wrote_gives_way(load_text: Load, line: str, rule: tuple[str, ...]) -> None:
    body = line.strip("{}").replace("], ", "]\n    ") if line.startswith("{") else line
    plan = load_text(HEAD + f"    {body}\n", catalog=CATALOG).settings.probes["shop"]
    assert getattr(plan.probe, "status") == rule  # noqa: B009 - of the kind above


def test_a_secret_in_a_condition_is_not_quoted(problems_of: Problems) -> None:
    [problem] = problems_of(HEAD + "    down: ['${TOKEN} == 200']\n", catalog=CATALOG, TOKEN="hunter22222")
    assert "hunter2" not in problem
