"""The HTTP client's connections: kept, dropped, timed out, trusted."""

from pathlib import Path

import gevent
import pytest

from certificates import certificate
from daemon.errors import SendFailed
from daemon.senders import connections
from daemon.senders.road import Road
from fake_clock import FakeClock
from fake_provider import FakeProvider, Step, drop, hang, leave, raw, say
from opened import client


def test_a_connection_is_kept_for_the_next_request(provider: FakeProvider) -> None:
    kept = client(provider.url)
    for _ in range(5):
        kept.post(b"", {})
    assert (len(provider.requests), provider.connections) == (5, 1)


@pytest.mark.parametrize(
    "step", [say(200, b"", Connection="close"), raw(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", stay=True)]
)
def test_a_server_that_does_not_keep_connections_gets_new_ones(step: Step, provider: FakeProvider) -> None:
    provider.then(step)
    kept = client(provider.url)
    kept.post(b"", {})
    kept.post(b"", {})
    assert provider.connections == 2


def test_a_connection_that_was_closed_meanwhile_is_not_used(provider: FakeProvider) -> None:
    provider.then(leave, say(200))
    kept = client(provider.url)
    kept.post(b"", {})
    assert provider.hung_up.wait(1)
    assert kept.post(b"", {}).status == 200
    assert (len(provider.requests), provider.connections) == (2, 2)


def test_a_connection_with_something_left_over_is_not_used(provider: FakeProvider) -> None:
    """The second answer would be taken for the next message's."""
    twice = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
    provider.then(raw(twice, stay=True), say(204, b""))
    kept = client(provider.url)
    assert kept.post(b"", {}).status == 200
    assert kept.post(b"", {}).status == 204


def test_an_old_connection_is_let_go(provider: FakeProvider, clock: FakeClock) -> None:
    kept = client(provider.url, clock=clock)
    kept.post(b"", {})
    clock.advance(connections.IDLE_SECONDS + 0.1)
    kept.post(b"", {})
    assert provider.connections == 2


def test_a_time_out_costs_its_own_connection_only(provider: FakeProvider) -> None:
    """A deadline that strikes in the middle must not use anything up: the hundredth is served like the first."""
    impatient = client(provider.url, timeout=0.02)
    provider.then(*[hang] * 30, say(200))
    for _ in range(30):
        with pytest.raises(SendFailed) as caught:
            impatient.post(b"", {})
        assert caught.value.ambiguous
    assert client(provider.url).post(b"", {}).status == 200
    assert len(impatient._connections._idle) == 0


def test_a_closed_client_keeps_nothing(provider: FakeProvider) -> None:
    closed = client(provider.url)
    closed.close()
    assert closed.post(b"", {}).status == 200
    assert provider.hung_up.wait(1)


def test_no_time_left_is_no_try(provider: FakeProvider) -> None:
    with pytest.raises(SendFailed) as caught:
        client(provider.url).exchange("/", b"", {}, within=-1.0)
    assert not caught.value.ambiguous
    assert not provider.requests


def test_somebody_elses_time_out_passes_through(provider: FakeProvider) -> None:
    provider.then(hang)
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.05):
        client(provider.url).post(b"", {})


def test_a_dropped_connection_is_ambiguous_and_not_repeated(provider: FakeProvider) -> None:
    provider.then(drop)
    with pytest.raises(SendFailed) as caught:
        client(provider.url).post(b"{}", {})
    assert caught.value.ambiguous
    assert len(provider.requests) == 1


# ---- TLS


def test_a_certificate_of_a_known_authority_is_trusted_and_its_connection_kept(tmp_path: Path) -> None:
    pem, context = certificate(tmp_path, "127.0.0.1")
    provider = FakeProvider().start(tls=context)
    trusting = client(provider.url, road=Road(ca_file=str(pem)))
    assert trusting.post(b"", {}).status == 200
    assert trusting.post(b"", {}).status == 200
    assert provider.connections == 1
    trusting.close()
    provider.stop()


@pytest.mark.parametrize("known", [True, False])
def test_a_certificate_of_a_stranger_or_for_another_name_is_not_trusted(tmp_path: Path, known: bool) -> None:
    pem, context = certificate(tmp_path, "other.example.com" if known else "127.0.0.1")
    provider = FakeProvider().start(tls=context)
    with pytest.raises(SendFailed) as caught:
        client(provider.url, road=Road(ca_file=str(pem) if known else "")).post(b"s3cret", {})
    assert "CertificateError" in str(caught.value) or "CertVerification" in str(caught.value)
    assert not caught.value.ambiguous
    assert not provider.requests
    provider.stop()


def test_a_server_that_speaks_no_tls_is_no_connection(provider: FakeProvider) -> None:
    with pytest.raises(SendFailed) as caught:
        client(provider.url.replace("http:", "https:"), timeout=0.3).post(b"", {})
    assert not caught.value.ambiguous


def test_a_handshake_that_hangs_ends_with_the_try() -> None:
    silent = FakeProvider()
    silent._serve = lambda *_: silent.over.wait()  # type: ignore[method-assign]
    silent.start()
    with pytest.raises(SendFailed) as caught:
        client(silent.url.replace("http:", "https:"), timeout=0.2).post(b"", {})
    assert "no connection within 0.2 s" in str(caught.value)
    assert not caught.value.ambiguous
    silent.stop()


def test_a_machine_without_authorities_trusts_a_list_that_we_bring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    brought = connections._authorities()
    assert brought is not None
    assert Path(brought).read_text().count("BEGIN CERTIFICATE") > 50
    (tmp_path / "one.pem").write_text("x")
    assert connections._authorities() is None
