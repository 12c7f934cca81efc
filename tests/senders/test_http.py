"""The one HTTP client: what is sent, what an answer means, what a failure means."""

import email.utils
import inspect

import httptools
import pytest

from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.senders import http
from daemon.senders.http import Answer, Client, retry_after
from fake_clock import BEGIN
from fake_provider import FakeProvider, Step, endless, raw, say
from opened import client


def failure(of: Client, step: Step, provider: FakeProvider) -> SendError:
    provider.then(step)
    with pytest.raises(SendError) as caught:
        of.post(b"{}", {})
    return caught.value


def answered(status: int, provider: FakeProvider, **headers: str) -> SendError:
    return failure(client(provider.url), say(status, b"because", **headers), provider)


# ---- what is sent


def test_a_request_is_what_was_asked_for_and_nothing_else(provider: FakeProvider) -> None:
    client(provider.url + "/a/b?x=1&y=%20z").post(b"body", {"X-Number": "7"})
    (asked,) = provider.requests
    assert (asked.method, asked.target, asked.body) == ("POST", "/a/b?x=1&y=%20z", b"body")
    assert asked.headers["host"] == provider.url.removeprefix("http://")
    assert asked.headers["x-number"] == "7"
    assert set(asked.headers) == {"host", "user-agent", "accept", "x-number", "content-length"}


def test_an_empty_body_has_a_length(provider: FakeProvider) -> None:
    client(provider.url).exchange("/?a=b", b"", {})
    assert provider.requests[0].headers["content-length"] == "0"


def test_odd_characters_of_a_url_are_encoded_once(provider: FakeProvider) -> None:
    client(provider.url + "/告警/%E5%91%8A?名=值").post(b"", {})
    assert provider.requests[0].target == "/%E5%91%8A%E8%AD%A6/%E5%91%8A?%E5%90%8D=%E5%80%BC"


def test_user_and_password_of_a_url_become_basic_credentials(provider: FakeProvider) -> None:
    client(provider.url.replace("://", "://lin:p%40ss@")).post(b"", {})
    assert provider.requests[0].headers["authorization"] == "Basic bGluOnBAc3M="


def test_a_header_cannot_smuggle_another_one(provider: FakeProvider) -> None:
    with pytest.raises(SendRefused) as caught:
        client(provider.url).post(b"", {"X-A": "b\r\nX-C: s3cret"})
    assert caught.value.scope is Scope.CHANNEL
    assert "s3cret" not in str(caught.value)
    assert not provider.requests


def test_no_proxy_is_taken_from_the_environment(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert client(provider.url).post(b"", {}).status == 200


# ---- what an answer means


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_the_200s_are_yes(status: int, provider: FakeProvider) -> None:
    provider.then(say(status, b""))
    assert client(provider.url).post(b"", {}).status == status


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308])
def test_a_redirect_is_refused_and_not_followed(status: int, provider: FakeProvider) -> None:
    error = answered(status, provider, Location=provider.url + "/elsewhere")
    assert isinstance(error, SendRefused)
    assert error.scope is Scope.CHANNEL
    assert len(provider.requests) == 1


@pytest.mark.parametrize("status", [400, 406, 409, 413, 415, 418, 422, 431, 451])
def test_other_400s_refuse_this_message(status: int, provider: FakeProvider) -> None:
    error = answered(status, provider)
    assert isinstance(error, SendRefused)
    assert (error.scope, error.code) == (Scope.MESSAGE, str(status))
    assert str(error) == f"{provider.url} answered {status}: because"


@pytest.mark.parametrize("status", [401, 402, 403, 404, 405, 407, 410])
def test_bad_credentials_or_address_refuse_everything(status: int, provider: FakeProvider) -> None:
    error = answered(status, provider)
    assert isinstance(error, SendRefused)
    assert error.scope is Scope.CHANNEL


@pytest.mark.parametrize(
    ("status", "ambiguous"),
    [
        (408, False),
        (425, False),
        (500, True),
        (501, False),
        (502, True),
        (503, False),
        (504, True),
        (505, False),
        (599, True),
    ],
)
def test_trouble_on_their_side_is_worth_another_try(status: int, ambiguous: bool, provider: FakeProvider) -> None:
    error = answered(status, provider)
    assert isinstance(error, SendFailed)
    assert error.ambiguous is ambiguous


@pytest.mark.parametrize("status", [429, 503])
def test_a_named_wait_is_kept(status: int, provider: FakeProvider) -> None:
    error = answered(status, provider, Retry_After="17")
    assert isinstance(error, SendWait)
    assert (error.seconds, error.scope) == (17.0, Scope.CHANNEL)


def test_too_many_requests_without_a_time_still_waits(provider: FakeProvider) -> None:
    error = answered(429, provider)
    assert isinstance(error, SendWait)
    assert error.seconds == http.BUSY


def test_a_500_with_a_time_is_a_failure_all_the_same(provider: FakeProvider) -> None:
    assert isinstance(answered(500, provider, Retry_After="17"), SendFailed)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 1.0), ("1", 1.0), (" 120 ", 120.0), ("99999999", 3600.0), ("9" * 5_000, 3600.0),
        (email.utils.formatdate(BEGIN + 90, usegmt=True), 90.0),
        (email.utils.formatdate(BEGIN - 90, usegmt=True), 1.0),
        (email.utils.formatdate(BEGIN + 90_000, usegmt=True), 3600.0),
        ("", None), ("soon", None), ("-5", None), ("1.5", None), ("٣", None), ("Mon, 99 Foo 2026", None),
    ],
)  # fmt: skip
def test_retry_after_is_read_and_bounded(value: str, seconds: float | None) -> None:
    assert retry_after(value, BEGIN) == seconds


def test_the_last_words_of_a_server_are_one_short_line(provider: FakeProvider) -> None:
    error = failure(client(provider.url), say(400, b"a\r\n\x1b[31mb " + "字".encode() * 9_000), provider)
    assert str(error).startswith(f"{provider.url} answered 400: a [31mb 字字")
    assert str(error).isprintable()
    assert len(str(error)) < 300


# ---- what an answer may look like


def test_interim_answers_are_passed_over(provider: FakeProvider) -> None:
    provider.then(
        raw(b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 201 OK\r\nY: 2\r\n\r\nok")
    )
    answer = client(provider.url).post(b"", {})
    assert answer == Answer(status=201, headers={"y": "2"}, body=b"ok")


def test_chunks_are_put_together(provider: FakeProvider) -> None:
    provider.then(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"))
    assert client(provider.url).post(b"", {}).body == b"abc"


@pytest.mark.parametrize(
    "broken",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
    ],
)
def test_a_body_that_breaks_off_is_cut_there(broken: bytes, provider: FakeProvider) -> None:
    provider.then(raw(broken))
    answer = client(provider.url).post(b"", {})
    assert (answer.status, answer.body) == (200, b"abc")


def test_a_body_that_never_comes_leaves_the_status(provider: FakeProvider) -> None:
    provider.then(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", stay=True))
    assert client(provider.url, timeout=0.2).post(b"", {}).body == b"abc"


def test_an_endless_body_is_cut(provider: FakeProvider) -> None:
    provider.then(endless)
    assert len(client(provider.url).post(b"", {}).body) == http.MAX_BODY


def test_an_endless_head_is_given_up(provider: FakeProvider) -> None:
    error = failure(client(provider.url), raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, stay=True), provider)
    assert isinstance(error, SendFailed)
    assert error.ambiguous


def test_a_server_that_refuses_before_it_has_read_all_is_heard(provider: FakeProvider) -> None:
    """The rest of a large body meets a closed connection; the answer is there all the same."""
    big = b"x" * 20_000_000
    provider.then(say(200))
    early = FakeProvider()
    early._serve = lambda connection, _: (  # type: ignore[method-assign]
        connection.recv(1_000),
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"),
        connection.shutdown(1),
        early.over.wait(0.2),
        connection.close(),
    )
    early.start()
    with pytest.raises(SendError) as caught:
        client(early.url, timeout=4).post(big, {})
    early.stop()
    assert isinstance(caught.value, SendRefused | SendFailed)
    assert "413" in str(caught.value) or caught.value.ambiguous


def test_every_exception_of_the_parser_is_sorted() -> None:
    """What feeding an answer can raise: all of it is named where the request is made."""
    known = {error for _, error in inspect.getmembers(httptools, inspect.isclass) if issubclass(error, BaseException)}
    assert known
    for error in known:
        assert issubclass(error, httptools.HttpParserError | httptools.HttpParserUpgrade), error


def test_an_upgrade_nobody_asked_for_is_an_answer(provider: FakeProvider) -> None:
    error = failure(
        client(provider.url), raw(b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), provider
    )
    assert isinstance(error, SendFailed)
    assert error.ambiguous
