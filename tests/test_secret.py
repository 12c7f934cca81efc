"""What may be secret never shows, and what is not stays readable."""

import copy
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.secret import Secret, redact_headers, redact_query, redact_text, redact_url

CANARY = "canary-123"


def test_only_reveal_gives_it_out() -> None:
    secret = Secret(CANARY)
    for shown in (str(secret), repr(secret), f"{secret}", f"{secret!r}", "%s" % secret, [secret], {"a": secret}):  # noqa: UP031
        assert CANARY not in str(shown)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert secret.reveal() == copy.deepcopy(secret).reveal() == CANARY
    assert secret == Secret(CANARY) != Secret("other")
    assert not Secret("")


@given(st.text(), st.text())
def test_compares_any_two_texts(one: str, two: str) -> None:
    assert Secret(one).matches(two) is (one == two)


def test_compares_texts_that_are_not_utf8() -> None:
    assert Secret("a\udcff").matches("a\udcff")
    assert not Secret("a\udcff").matches("a\udcfe")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.com/path", "https://example.com/path"),
        ("https://user@example.com/path", "https://***@example.com/path"),
        (f"https://user:{CANARY}@example.com:8080/a/b", "https://***@example.com:8080/a/b"),
        (f"https://user:a/{CANARY}@example.com/a", "https://***@example.com/a"),
        (f"https://user:a@{CANARY}@example.com/a", "https://***@example.com/a"),
        (f"https://user:a@b/{CANARY}@example.com/a", "https://***@example.com/a"),
        ("https://example.com/@user", "https://example.com/@user"),
        ("https://example.com:443/@user", "https://example.com:443/@user"),
        (f"https://example.com/?a={CANARY}&b={CANARY}", "https://example.com/?a=***&b=***"),
        (f"https://example.com/?{CANARY}", "https://example.com/?***"),
        (f"https://example.com/#access_token={CANARY}", "https://example.com/#***"),
        (f"https://example.com/?a=b#{CANARY}", "https://example.com/?a=***"),
        (f"//user:{CANARY}@example.com", "//***@example.com"),
        (f"postgresql://u:{CANARY}@db/tocsin", "postgresql://***@db/tocsin"),
        ("sqlite:////var/lib/a@b.db", "sqlite:////var/lib/a@b.db"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        (f"http://u:{CANARY}@[::1/", "http://***@[::1/"),
        ("", ""),
    ],
)
def test_urls_lose_users_queries_and_fragments(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_url_is_too_odd(before: str, after: str) -> None:
    redact_url(before + after)
    assert CANARY not in redact_url(f"https://u:{CANARY}@{after}")
    assert CANARY not in redact_url(f"{before}?x={CANARY}")


@pytest.mark.parametrize(
    "name",
    ["Authorization", "proxy-authorization", "Cookie", "set-cookie", "X-Tocsin-Token", "token", "key", "secret",
     "password",
     "signature", "X-Api-Key", "DD-API-KEY", "x-hub-signature-256", "X-Amz-Security-Token", "accessKeySecret",
     "access_token",
     "sign", "sig", "apikey", "X-Grafana-Alerting-Signature", "X-Sentry-Auth", "client_secret", "PASSWD",
     "sessionid2session",
     "X-Auth", "jwt", "X-Gotify-Key", "CREDENTIALS"],
)  # fmt: skip
def test_telling_names_hide_their_values(name: str) -> None:
    assert redact_headers({name: CANARY}) == {name: "***"}
    assert redact_query({name: CANARY}) == {name: "***"}


@pytest.mark.parametrize(
    "name",
    ["Content-Type", "User-Agent", "host", "monkey", "Design", "authority2", "X-Request-Id", "status", "keyboard"],
)
def test_other_names_show_theirs(name: str) -> None:
    assert redact_headers({name: "value"}) == {name: "value"}


@pytest.mark.parametrize(
    "value", ["Bearer canary-123", "basic Y2FuYXJ5LTEyMw==", "Token canary-123", "ACS3-HMAC-SHA256 canary-123"]
)
def test_credentials_are_known_by_their_scheme(value: str) -> None:
    assert redact_headers({"X-Whatever": value}) == {"X-Whatever": "***"}


def test_urls_in_headers_are_redacted() -> None:
    found = redact_headers({"Referer": f"https://u:{CANARY}@h/?x={CANARY}", "Origin": "https://h"})
    assert found == {"Referer": "https://***@h/?x=***", "Origin": "https://h"}


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ('{"password": "a\\"b", "key": "k1"}', '{"password": "***", "key": "k1"}'),
        ('{"apiToken":12,"x":"y"}', '{"apiToken":***,"x":"y"}'),
        ('{"in": "{\\"secret_key\\": \\"abc\\"}"}', '{"in": "{\\"secret_key\\": \\"***\\"}"}'),
        ("user=lin&access_token=abc&x=1", "user=lin&access_token=***&x=1"),
        ("see https://h/?X-Signature=abc&y=1 now", "see https://h/?X-Signature=***&y=1 now"),
        ('{"Client-Secret" : "never closed', '{"Client-Secret" : "***'),
        ("the token is old", "the token is old"),
        ('{"session": "s1", "monkey": "m"}', '{"session": "s1", "monkey": "m"}'),
    ],
)
def test_a_body_loses_the_values_of_fields_that_say_secret(body: str, kept: str) -> None:
    assert redact_text(body) == kept


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ('{"uuid": "a-b", "ping_url": "https://h/a-b", "x": 1}', '{"uuid": "***", "ping_url": "***", "x": 1}'),
        ('{"check": "{\\"uuid\\": \\"a-b\\"}", "token": "t"}', '{"check": "{\\"uuid\\": \\"***\\"}", "token": "***"}'),
        ("name=x&uuid=a-b&y=1", "name=x&uuid=***&y=1"),
        ('{"uuid": "never closed', '{"uuid": "***'),
        ('{"trace_uuid": "a-b", "uuids": "c"}', '{"trace_uuid": "a-b", "uuids": "c"}'),
    ],
)
def test_fields_that_a_handler_names_lose_their_values_too(body: str, kept: str) -> None:
    assert redact_text(body, ("uuid", "ping_url")) == kept


@pytest.mark.parametrize("piece", ["token", "secret.", 'token"', "token=", '"token":', 'token" : "\\', "a.secret-b"])
def test_a_body_made_to_be_slow_is_not(piece: str) -> None:
    started = time.process_time()
    redact_text(piece * (1_000_000 // len(piece)), ("secret", "token"))
    assert time.process_time() - started < 1.0
