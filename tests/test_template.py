"""What a template may say, and that nothing it says takes long or much memory."""

import contextlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import TemplateError
from daemon.event import Severity
from daemon.template import MAX_RENDERED, MAX_SOURCE, Template


class Alert:
    """As much of one as these templates look at."""

    title = "Disk full"
    severity = Severity.CRITICAL
    labels: Mapping[str, str] = {"host": "db-1", "team": "db"}
    count = 3
    parts = ("a", "b")


def render(source: str, **more: Any) -> str:
    return Template(source).render({"alert": Alert(), **more})


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        ("{{ alert.title }} on {{ alert.labels.host }}", "Disk full on db-1"),
        ("{{ alert.severity }}", "critical"),
        ("{{ alert.severity == 'critical' }}", "True"),
        ("{{ alert.labels['team'] | upper }}", "DB"),
        ("{{ alert.labels.nobody | default('?') }}", "?"),
        ("{% if alert.count > 2 %}often{% else %}once{% endif %}", "often"),
        ("{% for k, v in alert.labels.items() %}{{ loop.index }}{{ k }}={{ v }}{{ ',' if not loop.last }}{% endfor %}",
         "1host=db-1,2team=db"),
        ("{% for x in [] %}{{ x }}{% else %}none{% endfor %}", "none"),
        ("{% for x in range(3) if x != 1 %}{{ x }}{% endfor %}", "02"),
        ("{% set n = alert.count + 1 %}{{ n * 2 }}", "8"),
        ("{{ 'a' ~ 1 ~ alert.count }}", "a13"),
        ("{{ '%.1f'|format(97.25) }}%", "97.2%"),
        ("{{ '%s of %s' % (alert.count, 2026) }}", "3 of 2026"),
        ("{{ '2026: %s'|format(1) }}", "2026: 1"),
        ("{{ alert.parts | join(', ') }}", "a, b"),
        ("{{ [{'n': 'x'}, {'n': 'y'}] | join('-', attribute='n') }}", "x-y"),
        ("{{ [{'n': 'x'}, {'n': 'y'}] | map(attribute='n') | join('-') }}", "x-y"),
        ("{{ 'a.b.c' | replace('.', '-', 1) }}", "a-b.c"),
        ("{{ 'x,y'.split(',')[1].upper() }}", "Y"),
        ("{{ {'a': [1, 'é']} | tojson }}", '{"a":[1,"é"]}'),
        ("{{ alert.title[:4] }}{{ alert.title | truncate(6, true, '…', 0) }}", "DiskDisk …"),
        ("{{ 2 ** 10 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ -3 | abs }}", "1024 3 3 3"),
        ("{{ '<b>' }}", "<b>"),
        ("{{ none }}{{ true }}{{ 1.5 }}", "NoneTrue1.5"),
        ("{{ cycler('a', 'b').next() }}", "a"),
        ("{% set ns = namespace(n=0) %}{% for x in range(3) %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}", "3"),
    ],
)  # fmt: skip
def test_what_templates_are_for(source: str, rendered: str) -> None:
    assert render(source) == rendered


@pytest.mark.parametrize(
    "source",
    ["{{ nobody }}", "{{ alert.nobody }}", "{{ alert.labels.nobody }}", "{{ nobody.at.all }}", "{{ nobody ~ 1 }}"],
)
def test_a_name_that_does_not_exist_is_an_error(source: str) -> None:
    with pytest.raises(TemplateError, match="does not render"):
        render(source)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ alert.title", "line 1: "),
        ("a\n{% if %}", "line 2: "),
        ("{{ 1 | nofilter }}", "No filter named 'nofilter'"),
        ("x" * (MAX_SOURCE + 1), "at most 10000"),
        ("{% macro m() %}{% endmacro %}", "line 1: macro is not for messages"),
        ("{% include '/etc/passwd' %}", "include is not for messages"),
        ("{% import 'os' as os %}", "import is not for messages"),
        ("{% extends 'x' %}", "extends is not for messages"),
        ("{% block b %}{% endblock %}", "block is not for messages"),
        ("{% call x() %}{% endcall %}", "is not for messages"),
        ("{% for x in [1] recursive %}{{ loop([1, 1]) }}{% endfor %}", "recursive loop"),
        ("{{ " + "(" * 4_000 + "1" + ")" * 4_000 + " }}", "nested too deeply"),
        ("{% for a in [1] %}" * 25 + "{% endfor %}" * 25, "nested too deeply"),
        ("{{ " + "9" * 5_000 + " }}", "impossible number"),
    ],
)
def test_what_cannot_be_a_template_is_refused_when_it_is_read(source: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        Template(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ alert.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''['__class__'] }}",
        "{{ alert | attr('__class__') }}",
        "{{ '{0.__class__}'.format(alert) }}",
        "{{ '%(a.__class__)s' | format(a=alert) }}",
        "{{ [alert] | map(attribute='__class__') | first }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ namespace.__init__ }}",
        "{{ self.__init__ }}",
        "{{ range.__globals__ }}",
        "{{ alert.labels.update({'a': 'b'}) }}",
        "{{ alert.labels.clear() }}",
        "{% set alert.title = 'x' %}",
        "{{ ' budget'.mro() }}",
        "{{ [].append(1) }}",
    ],
)
def test_there_is_no_way_out_of_the_sandbox(source: str) -> None:
    with pytest.raises(TemplateError):
        render(source)
    assert Alert.labels == {"host": "db-1", "team": "db"}
    assert Alert.title == "Disk full"


DOUBLE = "{{% set ns = namespace(x={}) %}}{{% for i in range(60) %}}{{% set ns.x = {} %}}{{% endfor %}}{{{{ ns.x{} }}}}"
BOMBS = {
    "long": "{{ 'x' * 10**9 }}",
    "long backwards": "{{ 10**9 * 'x' }}",
    "list": "{{ [0] * 10**9 }}",
    "power": "{{ 9 ** (9 ** 9) }}",
    "product": "{% set ns = namespace(x=9**999) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
    "range": "{{ range(10**9) | list }}",
    "loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "text loops": "{% for a in t %}{% for b in t %}{% endfor %}{% endfor %}",
    "output": "{% for i in range(9999) %}{{ t }}{% endfor %}",
    "doubled": DOUBLE.format("'aaaaaaaa'", "ns.x + ns.x", ""),
    "doubled by ~": DOUBLE.format("'aaaaaaaa'", "ns.x ~ ns.x", ""),
    "doubled lists": DOUBLE.format("[1]", "ns.x + ns.x", ""),
    "nested": DOUBLE.format("[1]", "[ns.x, ns.x]", ""),
    "nested as text": DOUBLE.format("[1]", "[ns.x, ns.x]", " | string | length"),
    "nested as json": DOUBLE.format("[1]", "{'a': ns.x, 'b': ns.x}", " | tojson | length"),
    "nested formatted": DOUBLE.format("[1]", "(ns.x, ns.x)", " ~ ''"),
    "nested by %": "{% set ns = namespace(x=(1,)) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}"
    "{{ '%s' % (ns.x,) }}",
    "static": "{% set a = 'xxxxxxxx' %}" + "{% set a = a + a %}" * 40,
    "width": "{{ '%999999999d' | format(1) }}",
    "width by %": "{{ '%999999999d' % 1 }}",
    "width as told": "{{ '%*d' % (999999999, 1) }}",
    "named width": "{{ '%(a)999999999d' | format(a=1) }}",
    "format": "{{ '{:>999999999}'.format(1) }}",
    "ljust": "{{ 'x'.ljust(10**9) }}",
    "center": "{{ 'x' | center(10**9) }}",
    "zfill": "{{ 'x'.zfill(10**9) }}",
    "tabs": "{{ '\t'.expandtabs(10**9) }}",
    "indent": "{{ 'x' | indent(10**9) }}",
    "bytes": "{{ (1).to_bytes(10**9, 'big') }}",
    "replace": "{{ t | replace('x', t) }}",
    "replace nothing": "{{ t | replace('', t) }}",
    "replace method": "{{ t.replace('x', t) }}",
    "join": "{{ t | join(t) }}",
    "join method": "{{ t.join(t) }}",
    "json of json": "{{ '\"' " + "| tojson" * 100 + " }}",
    "lipsum": "{{ lipsum(n=99999) }}",
    "calls": "{% for i in range(9999) %}{{ t.upper() and '' }}{% endfor %}",
    "sorting": "{% set n = range(99999) | list %}{{ n" + " | sort" * 900 + " | length }}",
    "sorting by many": "{{ range(9999) | sort(attribute='" + "real," * 900 + "real') | length }}",
    "sorting in a loop": "{% for i in range(5000) %}{{ range(9999) | sum and '' }}{% endfor %}",
    "lazy": "{{ range(99999)" + " | select" * 900 + " | list | length }}",
    "looking for": "{% set n = range(9999) | list %}{% for i in range(9000) %}"
    + "{% if -1 in n %}{% endif %}" * 100
    + "{% endfor %}",
    "testing": "{% set n = range(9999) | list %}{% for i in range(9000) %}"
    + "{% if -1 is in n %}{% endif %}" * 100
    + "{% endfor %}",
    "looking backwards": "{% for i in range(900) %}{{ t.rfind('y' ~ t[:25000]) and '' }}{% endfor %}",
    "comparing": "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
    "{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
    "hashing": "{% set ns = namespace(x=(1,)) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}"
    "{{ {ns.x: 1} and '' }}",
    "doubled by *": "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x] * 2 %}{% endfor %}",
    "doubled by dict": "{% set ns = namespace(x=1) %}{% for i in range(60) %}{% set ns.x = dict(a=ns.x, b=ns.x) %}"
    "{% endfor %}{{ ns.x == 1 }}",
    "doubled by namespace": "{% set ns = namespace(x=1) %}{% for i in range(60) %}"
    "{% set ns.x = namespace(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x }}",
    "in itself": "{% set ns = namespace(x=1) %}{% set ns.x = ns %}{{ ns }}",
    "rounding": "{{ 1.5 | round(1000000000, 'ceil') }}",
    "written aside": "{% set x %}{% for i in range(9000) %}{{ t }}{% endfor %}{% endset %}",
    "written into a filter": "{% filter length %}{% for i in range(9000) %}{{ t }}{% endfor %}{% endfilter %}",
    "much in each round": "{% for i in range(9000) %}{% if " + "alert.title and " * 550 + "1 %}{% endif %}{% endfor %}",
    "slices": "{% set n = range(9999) | list %}{% for i in range(9000) %}"
    + "{% if n[:] %}{% endif %}" * 300
    + "{% endfor %}",
    "urls of urls": "{{ t" + " | urlencode" * 900 + " | length }}",
    "titles": "{% for i in range(9000) %}{{ t | title and '' }}{% endfor %}",
    "as text": "{% for i in range(9000) %}{{ many | string and '' }}{% endfor %}",
    "lists of lists": "{% for i in range(9000) %}{{ t | list and '' }}{% endfor %}",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_template_takes_long_or_much_memory(bomb: str) -> None:
    """The guard of this suite would end it after five seconds; an unbounded one would take the machine with it."""
    with pytest.raises(TemplateError):
        render(BOMBS[bomb], t="x" * 50_000, many=["x" * 1_000] * 99)


def test_what_is_just_small_enough_renders() -> None:
    assert len(render("{{ 'x' * n }}", n=MAX_RENDERED)) == MAX_RENDERED
    assert render("{% for i in range(4000) %}{{ 1 }}{% endfor %}") == "1" * 4_000


def test_one_rendering_does_not_use_up_anothers_steps() -> None:
    template = Template("{% for i in range(4000) %}{{ 1 }}{% endfor %}")
    for _ in range(5):
        assert len(template.render({})) == 4_000


def test_an_error_does_not_quote_a_book() -> None:
    with pytest.raises(TemplateError) as caught:
        render("{{ alert[t] }}", t="x" * 50_000)
    assert len(str(caught.value)) < 400


@given(st.text(max_size=60))
def test_any_text_is_a_template_or_a_template_error(source: str) -> None:
    for text in (source, "{{ " + source + " }}", "{% " + source + " %}"):
        with contextlib.suppress(TemplateError):
            assert isinstance(Template(text).render({"alert": Alert()}), str)


def test_equal_templates_are_equal_and_show_their_source() -> None:
    assert Template("{{ a }}") == Template("{{ a }}")
    assert len({Template("x"), Template("x"), Template("y")}) == 2
    assert repr(Template("{{ a }}")) == "Template('{{ a }}')"


def test_a_template_knows_which_names_it_uses() -> None:
    template = Template(
        "{% for one in alerts %}{{ one.title }}{% endfor %}{% set x = 1 %}{{ recipient.name|upper }}{{ x }}"
    )
    assert template.names == {"alerts", "recipient"}
    assert Template("no names").names == frozenset()
