"""Which errors are the same one."""

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.faults import varying
from daemon.faults.event import ErrorEvent, Frame, Raised
from daemon.faults.grouping import group
from faulty import call, error, message, raised

NAMES = st.text("abcdefghijklmnopqrstuvwxyzABC_", min_size=1, max_size=12)
# What stands in a message and is different each time.
VARYING = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(str),
    st.uuids().map(str),
    st.uuids().map(lambda one: one.hex),
    st.integers(0, 2**64).map(hex),
    st.binary(min_size=16, max_size=20).map(bytes.hex),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.datetimes().map(str),
    st.datetimes().map(lambda one: one.isoformat()),
    st.tuples(NAMES, NAMES).map(lambda pair: f"{pair[0]}.x@{pair[1]}.example.com"),
    st.text(st.characters(exclude_characters="'\n", exclude_categories=["Cs"])).map(lambda text: f"'{text}'"),
    st.text(st.characters(exclude_characters='"\n', exclude_categories=["Cs"])).map(lambda text: f'"{text}"'),
    st.lists(st.integers(), min_size=1, max_size=5).map(lambda many: str(many)[1:-1]),
)


def same(*events: ErrorEvent) -> bool:
    return len({group(one).digest for one in events}) == 1


@given(st.lists(st.tuples(VARYING, VARYING), min_size=2, max_size=6))
def test_what_varies_in_a_message_never_makes_two_of_it(values: list[tuple[str, str]]) -> None:
    """As bugsink#379: a number in the message made 5,000 mails."""
    assert same(*(message(f"order {one} of customer {other} was not paid") for one, other in values))


@given(VARYING, VARYING)
def test_nor_does_it_in_an_error_without_calls(one: str, other: str) -> None:
    first, second = (
        error(exceptions=(Raised(type="KeyError", value=f"no {value} in stock"),)) for value in (one, other)
    )
    assert same(first, second)


@given(st.integers(), st.integers())
def test_nor_does_it_in_a_route(one: int, other: int) -> None:
    assert same(*(error(transaction=f"/api/v1/orders/{number}/lines") for number in (one, other)))


@given(NAMES, NAMES, NAMES, NAMES)
def test_errors_of_two_types_or_in_two_functions_are_never_the_same(one: str, other: str, f: str, g: str) -> None:
    first, second = error(exceptions=(raised(one, "x", call(f)),)), error(exceptions=(raised(other, "x", call(g)),))
    assert same(first, second) == ((one, f) == (other, g))


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_two_fingerprints_are_never_the_same(one: list[str], other: list[str]) -> None:
    if one and other:
        assert same(error(fingerprint=tuple(one)), error(fingerprint=tuple(other))) == (one == other)


@pytest.mark.parametrize(
    "other",
    [
        error(value="quite another text"),
        error(release="2.0", environment="staging", server_name="b", tags=(("a", "b"),), level="fatal"),
        error(exceptions=(raised("ValueError", "x", call("route", "flask.app", in_app=False), call(lineno=99)),)),
        error(exceptions=(raised("ValueError", "x", call("other", "wsgi", in_app=False), call()),)),
        error(exceptions=(raised("ValueError", "x", call(), call("loads", "json", in_app=False)),)),
        error(exceptions=(raised("ValueError", "x", *[call()] * 900),)),  # however deep it went
        error(transaction="/pay?order=17"),
        error(fingerprint=("{{ default }}",)),
        error(fingerprint=("{{default}}", "{{  default  }}")),
    ],
)
def test_the_same_error(other: ErrorEvent) -> None:
    assert same(error(), other)


@pytest.mark.parametrize(
    "other",
    [
        error("KeyError"),
        error(transaction="/refund"),
        error(exceptions=(raised("ValueError", "x", call("refund")),)),
        error(exceptions=(raised("ValueError", "x", call(module="shop.other")),)),
        error(exceptions=(raised("OSError"), raised())),  # something else caused it
        error(fingerprint=("{{ default }}", "mine")),
        error(fingerprint=("mine",)),
        message("bad order 17"),
    ],
)
def test_another_error(other: ErrorEvent) -> None:
    assert not same(error(), other)


def test_a_message_is_known_by_what_it_was_before_its_values_were_put_in() -> None:
    assert same(message("lin is away", template="%s is away"), message("may is away", template="%s is away"))
    assert not same(message("lin is away"), message("may is away"))
    assert not same(message("away", level="error"), message("away", level="warning"))
    assert not same(message("away", logger="a"), message("away", logger="b"))


def test_without_calls_of_its_own_all_count() -> None:
    one, other = (
        error(exceptions=(raised("OSError", "x", call("get", "requests", in_app=False), call(f, "ssl", in_app=False)),))
        for f in ("read", "write")
    )
    assert not same(one, other)


def test_a_function_without_a_name_is_known_by_its_line_of_source() -> None:
    one, other = (error(exceptions=(raised("E", "x", call("", context_line=line)),)) for line in ("  a()", "  b()"))
    assert not same(one, other)
    assert same(one, error(exceptions=(raised("E", "x", call("", context_line="a()", lineno=3)),)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://cdn.example.com/main.3f2a9b1c.js", "https://cdn.example.com/main.77aa01ff.js"),
        ("shop\\cart.py", "shop/cart.py"),
        ("/srv/releases/20261001/cart.py", "/srv/releases/20261002/cart.py"),
        ("com.shop.Cart$$EnhancerBySpringCGLIB$$ab12", "com.shop.Cart$$EnhancerBySpringCGLIB$$cd34"),
    ],
)
def test_a_deployment_or_a_bundler_makes_no_other_error_of_it(one: str, other: str) -> None:
    assert same(*(error(exceptions=(raised("E", "x", call(module=where)),)) for where in (one, other)))


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        ("can't open the user's file", "can't open the user's file"),
        ("KeyError: 'abc'", "KeyError: <*>"),
        ("took 1.5s, not 2s", "took <*>, not <*>"),
        ("<Order object at 0x7f3adeadbeef>", "<Order object at <*>>"),
        ("用户123不存在", "用户<*>不存在"),
        ("std::bad_alloc", "std::bad_alloc"),
        ("ids [1, 2, 3] are gone", "ids [<*>] are gone"),
        ("at 2026-10-01 12:00:00,123 +0800 it broke", "at <*> it broke"),
        ("a\n\tb  c", "a b c"),
        ("", ""),
    ],
)
def test_what_is_left_of_a_text_can_be_read(text: str, alike: str) -> None:
    assert varying.alike(text) == alike


def test_the_parts_of_a_route_stay_apart_and_its_version_stays() -> None:
    assert varying.route("/api/v2/users/17/orders/ab12?x=1#y") == "/api/v2/users/<*>/orders/<*>"
    assert varying.route("shop.views.pay") == "shop.views.pay"


@pytest.mark.parametrize(
    "part", [17, 1.5, None, True, ["a", ["b"]], {"a": {"b": "\ud800"}}, 10**400, float("nan"), object(), "\ud800", ""]
)
def test_a_fingerprint_that_is_not_text_makes_no_trouble(part: Any) -> None:
    """As bugsink#102, where one stopped the digest."""
    assert same(error(fingerprint=(part,)), error("KeyError", fingerprint=(part,)))
    assert not same(error(fingerprint=(part,)), error())


HOSTILE = [
    "a",
    "1",
    "a1 ",
    "'",
    ":",
    "a@",
    "a.",
    "-",
    "aA-",
    "ab12:",
    "'a",
    '"\n',
    "f",
    "A-1",
    "\ud800",
    "١",
    "$",
    "/1",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_of_anything_takes_hardly_any_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    for event in (message(text), error(value=text, transaction=text), error(text, fingerprint=("{{ default }}", text))):
        found = group(event)
        assert len(found.title) <= 200
        assert len(found.culprit) <= 200


def test_ten_thousand_calls_take_hardly_any_time() -> None:
    frames = tuple(call(f"f{number}", lineno=number) for number in range(10_000))
    found = group(error(exceptions=tuple(Raised(type="E", value="x", frames=frames) for _ in range(100))))
    assert found.culprit == "shop.cart in f9999"


@given(st.builds(ErrorEvent, app=st.just("a"), at=st.just(0.0), message=st.text(), logger=st.text(),
                 exceptions=st.lists(st.builds(Raised, type=st.text(), value=st.text(), frames=st.lists(
                     st.builds(Frame, module=st.text(), function=st.text(), in_app=st.booleans()), max_size=3
                 ).map(tuple)), max_size=3).map(tuple)))  # fmt: skip
def test_nothing_that_comes_raises_anything(event: ErrorEvent) -> None:
    found = group(event)
    assert found.title
    assert found.title.isprintable()


def test_it_is_called_by_its_type_and_text_and_by_where_it_was() -> None:
    found = group(error(value="bad order 17\nand more"))
    assert (found.title, found.culprit, found.type) == ("ValueError: bad order 17", "shop.cart in pay", "ValueError")
    assert group(message("  it\tbroke\nhere")).title == "it broke"
    assert group(message("", transaction="/x")).title == "(no message)"
    assert group(message("x")).culprit == "shop"


def test_a_random_name_is_the_same_as_any_other() -> None:
    assert same(*(message(f"no file /tmp/{uuid.uuid4().hex}/a.pdf") for _ in range(50)))
