"""Who may come in."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as some

from daemon.config.settings import Auth, Basic, Hmac, Source, Token
from daemon.listener.credentials import LOCAL, Problem, caller, from_strange_page, opens
from daemon.registry import Handler
from daemon.secret import Secret
from daemon.units import Seconds

NOW = 1_795_222_800.0
GRAFANA = b'{"a":1}'  # Grafana's and GitHub's own vectors
PLAIN_MAC = "5910e62016ef5034272c926c27071992a465c2335cecf41851bda071577f4f6d"
TIMED_MAC = "1da0ef952b80b1e0ffc87b6a848f62f84dc94eb5f4ed6f8f2b95e551cdc75ae8"
GITHUB_MAC = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def source(**credentials: object) -> Source:
    return Source(name="s", handler=Handler(name="s", handle=lambda _: [], samples={}), **credentials)  # type: ignore[arg-type]


def basic(pair: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def try_open(
    shut: Source, headers: dict[str, str] | None = None, query: dict[str, str] | None = None, *bodies: bytes
) -> Problem | None:
    return opens(shut, headers or {}, query or {}, bodies, NOW)


TOKEN = source(token=Secret("t0k"))
BASIC = source(basic=Basic(user="lin", password=Secret("pässwörd")))
SIGNED = source(hmac=Hmac(secret=Secret("s3cret")))
TIMED = source(hmac=Hmac(secret=Secret("s3cret"), timestamp_header="X-Stamp", tolerance=Seconds(300.0)))


def test_a_source_without_credentials_is_open_but_not_to_other_sites_pages() -> None:
    strange = {"origin": "http://evil.example", "host": "127.0.0.1:8420"}
    assert try_open(source()) is None
    assert try_open(source(), {"origin": "http://127.0.0.1:8420", "host": "127.0.0.1:8420"}) is None
    assert try_open(source(), strange) is Problem.STRANGE_PAGE
    assert try_open(TOKEN, strange | {"x-tocsin-token": "t0k"}) is None


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"authorization": "Bearer t0k"}, {}),
        ({"authorization": "bearer   t0k "}, {}),
        ({"x-tocsin-token": "t0k"}, {}),
        ({}, {"token": "t0k"}),
        (basic("anyone:t0k"), {}),
        (basic(":t0k"), {}),
        ({"authorization": "Bearer wrong"}, {"token": "t0k"}),
    ],
)
def test_a_token_is_taken_wherever_senders_can_put_it(headers: dict[str, str], query: dict[str, str]) -> None:
    assert try_open(TOKEN, headers, query) is None


@pytest.mark.parametrize(
    ("headers", "query", "problem"),
    [
        ({}, {}, Problem.MISSING),
        ({"authorization": "Bearer t0"}, {}, Problem.WRONG),
        ({"authorization": "Bearer t0kk"}, {}, Problem.WRONG),
        ({"authorization": "Bearer T0K"}, {}, Problem.WRONG),
        ({"authorization": "t0k"}, {}, Problem.WRONG),
        ({"authorization": "Bearer"}, {}, Problem.WRONG),
        ({"authorization": "Digest t0k"}, {}, Problem.WRONG),
        ({"authorization": "Basic t0k"}, {}, Problem.WRONG),
        ({"authorization": "Basic ///"}, {}, Problem.WRONG),
        ({"authorization": "Basic \xff\xfe"}, {}, Problem.WRONG),
        (basic("t0k:"), {}, Problem.WRONG),
        ({"x-tocsin-token": "t0k, t0k"}, {}, Problem.WRONG),
        ({"x-tocsin-token": "\xff"}, {}, Problem.WRONG),
        ({}, {"token": "\ufffd"}, Problem.WRONG),
        ({}, {"token": ""}, Problem.WRONG),
    ],
)
def test_anything_but_the_token_is_refused(headers: dict[str, str], query: dict[str, str], problem: Problem) -> None:
    assert try_open(TOKEN, headers, query) is problem


@pytest.mark.parametrize("empty", [source(token=Secret("")), source(basic=Basic(user="", password=Secret("")))])
def test_an_empty_secret_opens_nothing(empty: Source) -> None:
    for headers in ({"authorization": "Bearer "}, {"x-tocsin-token": ""}, basic(":"), basic("x:")):
        assert try_open(empty, headers, {"token": ""}) is Problem.WRONG


def test_an_empty_hmac_secret_opens_nothing() -> None:
    mac = hmac.new(b"", GRAFANA, "sha256").hexdigest()
    assert try_open(source(hmac=Hmac(secret=Secret(""))), {"x-tocsin-signature": mac}, {}, GRAFANA) is Problem.WRONG


@pytest.mark.parametrize(
    ("pair", "problem"),
    [
        ("lin:pässwörd", None),
        ("lin:passwort", Problem.WRONG),
        ("wang:pässwörd", Problem.WRONG),
        ("lin", Problem.WRONG),
        ("lin:pässwörd:", Problem.WRONG),
    ],
)
def test_basic_needs_both_halves(pair: str, problem: Problem | None) -> None:
    assert try_open(BASIC, basic(pair)) is problem


@pytest.mark.parametrize(
    "headers",
    [
        {"x-grafana-alerting-signature": PLAIN_MAC},
        {"x-tocsin-signature": PLAIN_MAC},
        {"x-tocsin-signature": "sha256=" + PLAIN_MAC.upper()},
        {"x-hub-signature-256": f"sha256={PLAIN_MAC}"},
        {"x-hub-signature-256": "sha256=00", "x-tocsin-signature": PLAIN_MAC},
    ],
)
def test_a_signature_is_found_under_its_well_known_names(headers: dict[str, str]) -> None:
    assert try_open(SIGNED, headers, {}, GRAFANA) is None


def test_github_s_own_example_opens() -> None:
    github = source(hmac=Hmac(secret=Secret("It's a Secret to Everybody")))
    assert try_open(github, {"x-hub-signature-256": f"sha256={GITHUB_MAC}"}, {}, b"Hello, World!") is None


@pytest.mark.parametrize("mac", ["", "sha256=", PLAIN_MAC[:-1], PLAIN_MAC + "0", "托", "\xff" * 64, TIMED_MAC])
def test_a_wrong_signature_does_not_open(mac: str) -> None:
    assert try_open(SIGNED, {"x-tocsin-signature": mac}, {}, GRAFANA) is Problem.WRONG


def test_a_signature_over_another_body_does_not_open() -> None:
    assert try_open(SIGNED, {"x-tocsin-signature": PLAIN_MAC}, {}, GRAFANA + b" ") is Problem.WRONG
    assert try_open(SIGNED, {}, {}, GRAFANA) is Problem.MISSING


def test_either_form_of_a_compressed_body_may_be_signed() -> None:
    assert try_open(SIGNED, {"x-tocsin-signature": PLAIN_MAC}, {}, b"expanded", GRAFANA) is None
    assert try_open(SIGNED, {"x-tocsin-signature": PLAIN_MAC}, {}, GRAFANA, b"as sent") is None


def test_only_the_configured_header_counts_once_one_is() -> None:
    own = source(hmac=Hmac(secret=Secret("s3cret"), header="X-My-Mac"))
    assert try_open(own, {"x-my-mac": PLAIN_MAC}, {}, GRAFANA) is None
    assert try_open(own, {"x-tocsin-signature": PLAIN_MAC}, {}, GRAFANA) is Problem.MISSING


@pytest.mark.parametrize("algorithm", ["sha1", "sha512"])
def test_other_hashes_are_taken_when_configured(algorithm: str) -> None:
    mac = hmac.new(b"k", GRAFANA, getattr(hashlib, algorithm)).hexdigest()
    shut = source(hmac=Hmac(secret=Secret("k"), algorithm=algorithm))  # type: ignore[arg-type]
    assert try_open(shut, {"x-tocsin-signature": f"{algorithm}={mac}"}, {}, GRAFANA) is None
    assert try_open(shut, {"x-tocsin-signature": PLAIN_MAC}, {}, GRAFANA) is Problem.WRONG


def timed(stamp: str, now: float) -> Problem | None:
    mac = hmac.new(b"s3cret", stamp.encode("latin-1") + b":" + GRAFANA, "sha256").hexdigest()
    return opens(TIMED, {"x-stamp": stamp, "x-tocsin-signature": mac}, {}, [GRAFANA], now)


def test_grafana_s_signed_timestamp_opens() -> None:
    headers = {"x-stamp": "1795222800", "x-grafana-alerting-signature": TIMED_MAC}
    assert try_open(TIMED, headers, {}, GRAFANA) is None
    assert opens(TIMED, headers | {"x-stamp": "1795222801"}, {}, [GRAFANA], NOW) is Problem.WRONG
    assert opens(TIMED, {"x-grafana-alerting-signature": PLAIN_MAC}, {}, [GRAFANA], NOW) is Problem.WRONG


@pytest.mark.parametrize(
    ("stamp", "problem"),
    [
        ("1795222800", None),
        ("1795222500", None),
        ("1795223100", None),
        ("1795222499", Problem.STALE),
        ("1795223101", Problem.STALE),
        ("", Problem.STALE),
        ("nan", Problem.STALE),
        ("-1795222800", Problem.STALE),
        ("1795222800.0", Problem.STALE),
        ("9" * 5000, Problem.STALE),
        ("\xb2", Problem.STALE),
    ],
)
def test_a_signed_timestamp_must_be_near_now(stamp: str, problem: Problem | None) -> None:
    assert timed(stamp, NOW) is problem


def test_any_one_of_several_credentials_opens() -> None:
    many = source(token=Secret("t0k"), basic=Basic(user="u", password=Secret("p")), hmac=Hmac(secret=Secret("s3cret")))
    assert try_open(many, {"x-tocsin-token": "t0k", "x-tocsin-signature": "00"}, {}, GRAFANA) is None
    assert try_open(many, basic("u:p"), {}, GRAFANA) is None
    assert try_open(many, basic("u:q") | {"x-tocsin-signature": PLAIN_MAC}, {}, GRAFANA) is None
    assert try_open(many, basic("u:q"), {}, GRAFANA) is Problem.WRONG


_LATIN = some.text(some.characters(max_codepoint=255), max_size=40)


@given(_LATIN, _LATIN, some.text(max_size=40), some.binary(max_size=40))
def test_no_header_opens_or_breaks_it(authorization: str, signature: str, token: str, body: bytes) -> None:
    headers = {"authorization": authorization, "x-tocsin-signature": signature, "x-stamp": token[:3] or "1"}
    headers["x-stamp"] = headers["x-stamp"].encode("utf-8", "replace").decode("latin-1")
    for shut in (TOKEN, BASIC, SIGNED, TIMED):
        assert try_open(shut, headers, {"token": token}, body) is not None


def test_without_tokens_whoever_reaches_the_door_may_do_everything() -> None:
    assert caller(Auth(), {}) == LOCAL
    assert caller(Auth(), {"authorization": "Bearer x"}) == LOCAL


def test_a_caller_has_the_name_and_rights_of_its_token() -> None:
    auth = Auth(
        tokens=(
            Token(name="ops", token=Secret("one"), may=("read", "act")),
            Token(name="grafana", token=Secret("two")),
        )
    )
    found = caller(auth, {"authorization": "Bearer one"})
    assert found is not None
    assert (found.name, found.may) == ("ops", ("read", "act"))
    other = caller(auth, {"x-tocsin-token": "two"})
    assert other is not None
    assert (other.name, other.may) == ("grafana", ("read",))
    assert found.identity != other.identity
    assert "one" not in repr(found)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer three"}, basic("ops:one"), {"x-tocsin-token": ""}])
def test_a_stranger_is_no_caller(headers: dict[str, str]) -> None:
    auth = Auth(tokens=(Token(name="ops", token=Secret("one")), Token(name="empty", token=Secret(""))))
    assert caller(auth, headers) is None


@pytest.mark.parametrize(
    ("origin", "host", "strange"),
    [
        (None, "127.0.0.1:8420", False),
        ("http://127.0.0.1:8420", "127.0.0.1:8420", False),
        ("http://[::1]:8420", "[::1]:8420", False),
        ("http://localhost:8420", "localhost:8420", False),
        ("https://evil.example", "127.0.0.1:8420", True),
        ("http://rebound.example:8420", "rebound.example:8420", True),
        ("http://127.0.0.1:9999", "127.0.0.1:8420", True),
        ("null", "127.0.0.1:8420", True),
        ("", "127.0.0.1:8420", True),
        ("http://[", "127.0.0.1:8420", True),
    ],
)
def test_a_page_of_another_site_is_told_apart(origin: str | None, host: str, strange: bool) -> None:
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    assert from_strange_page(headers) is strange
