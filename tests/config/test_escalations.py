"""Escalation steps, acknowledgements and links: what is wrong in them is said with its place."""

from collections.abc import Callable

import pytest

from daemon.config.load import Loaded
from daemon.config.shown import redacted

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

GOOD = """\
people: {lin: {phone: '13800000001'}, may: {email: may@example.com}}
teams: {dba: [lin]}
channels: {hall: {type: room}, text: {type: sms, key: '${KEY}'}}
receivers: [{name: ops, notify: [{by: [hall]}], escalate: [%s]}]
route: {receiver: ops, routes: [{matchers: ['a="b"'], escalate: [%s]}]}
"""
STEP = "{after: 5m, to: [lin], by: [text, hall]}"


def of(receiver: str = STEP, route: str = "", more: str = "") -> str:
    return GOOD % (receiver, route) + more


def test_steps_stand_at_receivers_and_at_routes(load_text: Load) -> None:
    loaded = load_text(of(more="# end\n", route="{after: 1h, to: ['team:dba'], by: [text]}"), KEY="secret-key")
    (step,) = loaded.settings.receivers["ops"].escalate
    assert (step.after, step.to, step.by) == (300.0, ("lin",), ("text", "hall"))
    (below,) = loaded.settings.route.routes[0].escalate or ()
    assert (below.after, below.to) == (3_600.0, ("team:dba",))
    assert not [warning for warning in loaded.warnings if "lin" in warning or "dba" in warning or "text" in warning]


WRONG = {
    "somebody unknown": ("{after: 5m, to: [lim], by: [text]}", 'to: there is no person "lim"; did you mean "lin"?'),
    "a team unknown": ("{after: 5m, to: ['team:db'], by: [text]}", 'to: there is no team "db"; did you mean "dba"?'),
    "a channel unknown": ("{after: 5m, to: [lin], by: [txt]}", 'by: there is no channel "txt"; did you mean "text"?'),
    "no channel": ("{after: 5m, to: [lin], by: []}", "by: names no channel"),
    "nobody": ("{after: 5m, by: [text]}", "to: names nobody, but text sends to a person's phone"),
    "nobody reachable": ("{after: 5m, to: [may], by: [text]}", "to: may has no phone, which text needs"),
    "twice": ("{after: 5m, to: [lin, lin], by: [text]}", 'to: "lin" stands twice'),
    "no time": ("{to: [lin], by: [text]}", "after: is missing"),
    "no time at all": ("{after: 0s, to: [lin], by: [text]}", 'after: "0s" is too small; at least 1s'),
    "no duration": ("{after: soon, to: [lin], by: [text]}", "after: "),
    "an unknown word": ("{after: 5m, to: [lin], by: [text], til: 3}", 'unknown key "til"'),
    "a second step as early": (f"{STEP}, {STEP}", "after: 5m is not later than the step before it, after 5m"),
    "a second step earlier": (f"{STEP}, {{after: 1m, by: [hall]}}", "after: 1m is not later than the step before it"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("where", ["receiver", "route"])
def test_a_step_that_leads_nowhere_is_named_with_its_place(case: str, where: str, problems_of: Problems) -> None:
    written, sentence = WRONG[case]
    text = of(receiver=written) if where == "receiver" else of(route=written)
    line, path = {"receiver": (4, "receivers.ops.escalate["), "route": (5, "route.routes[0].escalate[")}[where]
    (problem,) = problems_of(text, KEY="secret-key")
    assert problem.startswith(f"tocsin.yml:{line}: {path}")
    assert sentence in problem


def test_the_times_of_acknowledgements_are_read(load_text: Load) -> None:
    loaded = load_text(of(more="acknowledge: {for: 2h, most: 8h, remind_before: 0s}\n"), KEY="secret-key")
    found = loaded.settings.acknowledge
    assert (found.for_, found.most, found.remind_before) == (7_200.0, 28_800.0, 0.0)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("{for: 25h}", "acknowledge.for: is longer than acknowledge.most, 1d"),
        ("{for: 10m}", "acknowledge.remind_before: leaves no time before the reminder: acknowledge.for is 10m"),
        ("{remind_before: 4h}", "acknowledge.remind_before: leaves no time before the reminder"),
        ("{for: 5s, remind_before: 0s}", 'acknowledge.for: "5s" is too small; at least 60s'),
        ("{until: 5h}", 'acknowledge: unknown key "until"'),
    ],
)
def test_times_that_do_not_go_together_are_said(written: str, sentence: str, problems_of: Problems) -> None:
    (problem,) = problems_of(of(more=f"acknowledge: {written}\n"), KEY="secret-key")
    assert problem.startswith("tocsin.yml:6: ")
    assert sentence in problem


LINKS = "links: {base: '%s', secret: '${LINK_SECRET}'}\n"


@pytest.mark.parametrize("base", ["https://alarm.example.com:8420", "http://10.0.0.7/tocsin/", "https://[::1]:8420"])
def test_links_may_point_anywhere(base: str, load_text: Load) -> None:
    loaded = load_text(of(more=LINKS % base), KEY="secret-key", LINK_SECRET="0123456789abcdef")
    assert loaded.settings.links is not None
    assert (loaded.settings.links.base, loaded.settings.links.expires) == (base, 86_400.0)
    assert "0123456789abcdef" not in str(redacted(loaded.settings)) + repr(loaded.settings)


@pytest.mark.parametrize(
    ("base", "sentence"),
    [
        ("alarm.example.com", "is not an address that begins with http:// or https://"),
        ("ftp://alarm.example.com", "is not an address that begins with http:// or https://"),
        ("https://", "is not an address that begins with http:// or https://"),
        ("https://a b", "is not an address that begins with http:// or https://"),
        ("https://host:port", "is not an address"),
        ("https://[::1", "is not an address"),
        ("https://ops:pw@alarm.example.com", "holds a user or password"),
        ("https://alarm.example.com/?x=1", "holds a ? or #"),
        ("https://alarm.example.com/#", "holds a ? or #"),
    ],
)
def test_an_address_that_nobody_can_open_is_refused(base: str, sentence: str, problems_of: Problems) -> None:
    (problem,) = problems_of(of(more=LINKS % base), KEY="secret-key", LINK_SECRET="0123456789abcdef")
    assert problem.startswith("tocsin.yml:6: links.base: ")
    assert sentence in problem


def test_a_secret_that_can_be_guessed_is_refused_and_not_repeated(problems_of: Problems) -> None:
    (problem,) = problems_of(of(more=LINKS % "https://a.example"), KEY="secret-key", LINK_SECRET="sesame12")
    assert problem.startswith("tocsin.yml:6: links.secret: is too short; at least 16 characters")
    assert "sesame12" not in problem
