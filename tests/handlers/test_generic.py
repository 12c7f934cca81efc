"""Any body, mapped by the configuration."""

from typing import Any

import pytest

from bodies import read
from daemon.errors import ConfigError, HandlerError
from daemon.event import Event, Severity, State
from handlers.generic import Fields, Options, Severities, States, generic

BODY = {
    "id": 7,
    "status": "down",
    "host": "web-3",
    "odd key": {"deep": [1, 2]},
    "none": None,
    "flag": True,
    "half": 0.5,
}


def options(
    each: str = "", states: States | None = None, severities: Severities | None = None, **fields: Any
) -> Options:
    """Make options whose map has at least a key and a title."""
    return Options(
        each=each,
        map=Fields(**({"key": "$.id", "title": "it"} | fields)),
        states=states or States(),
        severities=severities or Severities(),
    )


def mapped(body: Any = BODY, *, form: bool = False, each: str = "", **fields: Any) -> Event:
    [event] = read(generic, body, form=form, options=options(each, **fields))
    return event


def refusal(body: Any = BODY, *, each: str = "", **fields: Any) -> str:
    with pytest.raises(HandlerError) as caught:
        read(generic, body, options=options(each, **fields))
    return str(caught.value)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("constant", "constant"),
        ("costs 5$", "costs 5$"),
        ("$.host", "web-3"),
        ("$['odd key'].deep[1]", "2"),
        ("$['odd key'].deep[*]", "1, 2"),
        ("$['odd key']", '{"deep":[1,2]}'),
        ("$.none", ""),
        ("$.flag", "true"),
        ("$.half", "0.5"),
        ("$.missing?", ""),
        ("$.missing[*]?", ""),
        ("{{ body.host }} is {{ body['status'] | upper }}", "web-3 is DOWN"),
        ("{{ item.host }}", "web-3"),
        ("{{ body.missing | default('none') }}", "none"),
        ("{% if body.flag %}on{% endif %}\n", "on"),
        ("{{ '$' }}5", "$5"),
    ],
)
def test_a_field_is_a_path_an_expression_or_a_constant(expression: str, text: str) -> None:
    assert mapped(title=expression).title == text


def test_every_field_is_mapped() -> None:
    body = {"n": 1, "s": "closed", "p": "crit", "since": "2026-11-21T01:00:00Z", "till": 1_795_224_000_000}
    assert mapped(
        body, key="{{ body.n }}!", state="$.s", severity="$.p", title="t", text="x", started_at="$.since",
        ended_at="$.till", labels={"n": "$.n", "gone": "$.x?"}, links={"page": "https://example.com/{{ body.n }}"},
    ) == Event(
        source="generic", key="1!", state=State.RESOLVED, severity=Severity.CRITICAL, title="t", text="x",
        labels={"n": "1"}, links={"page": "https://example.com/1"},
        started_at=1_795_222_800.0, ended_at=1_795_224_000.0,
    )  # fmt: skip


def test_a_form_is_mapped_like_an_object() -> None:
    assert mapped({"id": "7", "name": "disk full & more"}, form=True, title="$.name").title == "disk full & more"


def test_json_inside_a_form_field_is_looked_into() -> None:
    body = {"id": "7", "payload": '{"repository": {"name": "shop"}}'}
    assert mapped(body, form=True, title="$.payload.repository.name").title == "shop"


@pytest.mark.parametrize(
    "word", ["firing", "alerting", "PROBLEM", "down", "critical", "open", "triggered", 1, "1", True]
)
def test_the_usual_words_mean_firing(word: Any) -> None:
    assert mapped({"id": 1, "s": word}, state="$.s").state is State.FIRING


@pytest.mark.parametrize("word", ["resolved", "OK", " up ", "closed", "Recovered", 0, "0", False])
def test_the_usual_words_mean_resolved(word: Any) -> None:
    assert mapped({"id": 1, "s": word}, state="$.s").state is State.RESOLVED


def test_the_source_s_own_words_win() -> None:
    """A monitor that says 0 for down and 1 for up."""
    words = States(firing=("0", "Kaputt"), resolved=("1",))
    states = [
        read(generic, {"id": 1, "s": said}, options=options(state="$.s", states=words))[0].state
        for said in (0, 1, "kaputt", "up")
    ]
    assert states == [State.FIRING, State.RESOLVED, State.FIRING, State.RESOLVED]


@pytest.mark.parametrize("said", ["flapping", 2, {"a": 1}])
def test_an_unknown_state_is_refused_rather_than_guessed(said: Any) -> None:
    assert "map.state:" in (text := refusal({"id": 1, "s": said}, state="$.s"))
    assert "list it under states.firing or states.resolved" in text


def test_without_a_state_everything_fires() -> None:
    assert mapped().state is State.FIRING


@pytest.mark.parametrize("body", [{"id": 1}, {"id": 1, "s": ""}, {"id": 1, "s": None}])
def test_a_body_that_says_nothing_of_a_state_fires(body: Any) -> None:
    assert mapped(body, state="$.s?").state is State.FIRING


def test_severities_have_own_words_and_an_unknown_one_is_an_error() -> None:
    words = Severities(critical=("9",), info=("Critical",))
    levels = [
        read(generic, {"id": 1, "p": said}, options=options(severity="$.p?", severities=words))[0].severity
        for said in (9, "critical", "warn", "?!", None)
    ]
    assert levels == [Severity.CRITICAL, Severity.INFO, Severity.WARNING, Severity.ERROR, Severity.ERROR]


def test_each_makes_one_event_per_element_with_the_body_at_hand() -> None:
    body = {"site": "berlin", "list": [{"id": 1}, {"id": 2}]}
    events = read(generic, body, options=options("$.list", title="{{ body.site }} {{ item.id }}"))
    assert [(event.key, event.title) for event in events] == [("1", "berlin 1"), ("2", "berlin 2")]


def test_each_reads_a_body_that_is_a_list_and_elements_that_are_texts() -> None:
    events = read(generic, ["disk", "mail"], options=options("$", key="$", title="$"))
    assert [event.key for event in events] == ["disk", "mail"]


def test_each_walks_nested_lists() -> None:
    body = {"groups": [{"alerts": [{"id": 1}]}, {"alerts": [{"id": 2}, {"id": 3}]}]}
    assert [e.key for e in read(generic, body, options=options("$.groups[*].alerts[*]"))] == ["1", "2", "3"]


@pytest.mark.parametrize(("each", "body"), [("$.list", {"list": []}), ("$.list?", {"id": 1})])
def test_an_empty_list_makes_no_events(each: str, body: Any) -> None:
    assert read(generic, body, options=options(each)) == []


@pytest.mark.parametrize(
    ("each", "sentence"),
    [
        ("$.lst", "each: there is no 'lst' in $; there are id, status"),
        ("$.host", "each: $.host must be a list, not a text"),
        ("$.none", "each: $.none must be a list, not null"),
    ],
)
def test_an_each_that_leads_to_no_list_is_refused(each: str, sentence: str) -> None:
    assert sentence in refusal(each=each)


def test_a_wrong_path_names_the_field_the_path_and_the_keys() -> None:
    assert refusal(title="$.name") == (
        "map.title: there is no 'name' in $; there are id, status, host, odd key, none, flag, half"
    )
    assert "map.labels.host: there is no 'x' in $; there are" in refusal(labels={"host": "$.x"})
    assert "map.title: '{{ body.name }}' does not render" in refusal(title="{{ body.name }}")
    assert "element 1: map.key: there is no 'id'" in refusal([{"id": 1}, {"name": 2}], each="$")


@pytest.mark.parametrize("empty", ["", None, "  "])
def test_an_empty_key_is_refused_because_all_such_would_be_one_problem(empty: Any) -> None:
    assert "map.key: it is empty here" in refusal({"id": empty}, key="{{ body.id or '' }}")


def test_labels_alone_can_be_the_identity() -> None:
    one, other = (
        read(generic, {"host": host}, options=Options(map=Fields(title="x", labels={"host": "$.host"})))[0]
        for host in ("a", "b")
    )
    assert one.fingerprint() != other.fingerprint()


def test_without_options_the_source_says_what_it_lacks() -> None:
    with pytest.raises(HandlerError, match="this source has no map"):
        read(generic, BODY)


def test_all_mistakes_of_a_map_are_found_when_the_configuration_is_read() -> None:
    with pytest.raises(ConfigError) as caught:
        Options(
            each="alerts",
            map=Fields(
                key="$.a b", title="{{ body.name", state="fireing", severity="$..x", labels={"a": "{% if %}"},
                links={"b": "$["},
            ),
            states=States(firing=("odd",), resolved=("ODD",)),
        )  # fmt: skip
    begins = [problem.split(":")[0] for problem in caught.value.problems]
    assert begins == [
        "each",
        "map.title",
        "map.key",
        "map.severity",
        "map.labels.a",
        "map.links.b",
        "states",
        "map.state",
    ]
    assert "'fireing' is not a known word; a path begins with $" in caught.value.problems[-1]


def test_a_map_without_any_identity_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="give a key, or labels"):
        Options(map=Fields(title="$.name"))


def test_an_expression_cannot_reach_out_of_its_sandbox() -> None:
    for expression in (
        "{{ body.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ cycler.__init__ }}",
    ):
        assert "map.title:" in refusal(title=expression)


def test_a_body_cannot_bring_a_template_of_its_own() -> None:
    assert mapped({"id": 1, "name": "{{ 7 * 7 }}"}, title="{{ body.name }}").title == "{{ 7 * 7 }}"
