"""Which probes are shown, and where; and what a configuration may say of it."""

from pathlib import Path

import pytest

from daemon.config.load import load
from daemon.config.looking import ProbePlan
from daemon.config.settings import Settings
from daemon.config.statuspage import Shown, StatusPage
from daemon.errors import ConfigError
from daemon.loading import catalog
from daemon.matcher import parse
from daemon.web.groups import Groups, grouped
from fake_clock import FakeClock
from probes_by_hand import plan

CATALOG = catalog("")


def shown(page: StatusPage | None, *plans: ProbePlan) -> Groups:
    return grouped(Settings(probes={one.name: one for one in plans}, status_page=page), FakeClock())


def group(name: str, *probes: str, matchers: str = "") -> dict[str, Shown]:
    return {name: Shown(name=name, probes=probes, matchers=parse(matchers) if matchers else ())}


A, B, C = (plan(name, labels={"team": team}) for name, team in (("a", "x"), ("b", "y"), ("c", "x")))


def test_without_the_section_nothing_is_shown() -> None:
    assert shown(None, A, B) == {}


def test_groups_have_what_they_name_first_then_what_matches_and_nothing_else_is_shown() -> None:
    page = StatusPage(groups=group("two", "b", matchers='team="x"') | group("none", matchers='team="z"'))
    assert shown(page, A, B, C) == {"two": ("b", "a", "c")}


def test_a_probe_is_where_it_is_named_else_in_the_first_group_that_matches() -> None:
    groups = group("all", matchers='probe=~".+"') | group("named", "a") | group("again", "a", matchers='team="x"')
    assert shown(StatusPage(groups=groups), A, B, C) == {"named": ("a",), "all": ("b", "c")} or shown(
        StatusPage(groups=groups), A, B, C
    ) == {"all": ("b", "c"), "named": ("a",)}


def test_all_matchers_of_a_group_must_hold_and_they_see_the_labels_of_the_alarm() -> None:
    page = StatusPage(groups=group("g", matchers='{team="x",type="scripted",severity="critical",probe!="c"}'))
    assert shown(page, A, B, C) == {"g": ("a",)}


def test_without_groups_all_are_shown_by_their_label_those_without_it_last() -> None:
    one, two, three, four = (
        plan(name, labels=labels)
        for name, labels in (
            ("one", {"group": "Shop"}), ("two", {}), ("three", {"group": " Shop\n"}), ("four", {"group": "   "}),
        )
    )  # fmt: skip
    assert shown(StatusPage(), two, one, three, four) == {"Shop": ("one", "three"), "": ("two", "four")}
    assert shown(StatusPage(group_by="team"), A, B, C) == {"x": ("a", "c"), "y": ("b",)}
    assert shown(StatusPage(group_by="nonsense"), A, B) == {"": ("a", "b")}


def test_a_label_that_is_a_novel_makes_a_short_name() -> None:
    (name,) = shown(StatusPage(), plan("one", labels={"group": "long " * 1_000}))
    assert len(name) <= 100


FILE = """
store: sqlite:///x.db
route: {{receiver: r}}
receivers: [{{name: r}}]
probes:
  shop: {{type: tcp, host: 127.0.0.1, port: 1}}
  mail: {{type: tcp, host: 127.0.0.1, port: 2}}
status_page: {page}
"""


def loaded(tmp_path: Path, page: str) -> tuple[StatusPage | None, list[str]]:
    file = tmp_path / "tocsin.yml"
    file.write_text(FILE.format(page=page))
    found = load(file, lambda _: CATALOG, {})
    return found.settings.status_page, [warning for warning in found.warnings if "status_page" in warning]


def test_a_line_opens_it(tmp_path: Path) -> None:
    assert loaded(tmp_path, "{}") == (StatusPage(), [])
    assert loaded(tmp_path, "{public: true}") == (StatusPage(public=True), [])
    assert loaded(tmp_path, "") == (None, [])


def test_everything_can_be_said(tmp_path: Path) -> None:
    page, warnings = loaded(
        tmp_path,
        "{title: 我们, groups: {Shop: {probes: [shop]}, Rest: {matchers: ['type=\"tcp\"']}}, names: {shop: Our shop}}",
    )
    assert page is not None
    assert warnings == []
    assert (page.title, page.names) == ("我们", {"shop": "Our shop"})
    assert page.groups["Rest"] == Shown(name="Rest", matchers=parse('type="tcp"'))


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("{groups: {Shop: {probes: [shpo]}}}", 'there is no probe "shpo"; did you mean "shop"?'),
        ("{groups: {Shop: {}}}", "names nothing: write probes: [one, two], or matchers: ['team=\"shop\"']"),
        ("{groups: {'': {probes: [shop]}}}", "a group's name has 1 to 100 characters that can be printed"),
        ("{groups: {Shop: {matchers: ['team=~\"(\"']}}}", "is not an RE2 pattern"),
        ("{groups: [shop]}", "must be a mapping"),
        ("{names: {shpo: x}}", 'there is no probe "shpo"'),
        ("{names: {shop: ''}}", "is empty"),
        ('{names: {shop: "a\\u0000b"}}', "must be at most 100 characters that can be printed"),
        (f"{{title: {'x' * 101}}}", "must be at most 100 characters that can be printed"),
        ("{pubic: true}", 'unknown key "pubic"; did you mean "public"?'),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, page: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, page)
    assert sentence in str(raised.value)


def test_where_a_probe_would_not_be_seen_is_said_too(tmp_path: Path) -> None:
    _, (warning,) = loaded(tmp_path, "{groups: {One: {probes: [shop]}, Two: {probes: [shop, mail]}}}")
    assert '"shop" is shown in the group "One" already, and not here' in warning
