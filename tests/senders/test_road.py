"""How a provider's server is reached: through a proxy, by a tunnel where it speaks TLS."""

from pathlib import Path

import pytest

from certificates import certificate
from daemon.errors import SendFailed
from daemon.secret import Secret
from daemon.senders.over_http import check_file
from daemon.senders.road import Road, check_proxy, proxy_of
from fake_provider import FakeProvider, raw, say
from fake_proxy import FakeProxy
from opened import client


def place(provider: FakeProvider) -> tuple[str, int]:
    host, _, port = provider.url.partition("://")[2].partition(":")
    return host, int(port)


def test_https_goes_through_a_tunnel_and_the_proxy_reads_nothing_of_it(tmp_path: Path) -> None:
    pem, context = certificate(tmp_path, "127.0.0.1")
    provider = FakeProvider().start(say(200), tls=context)
    port = place(provider)[1]
    with FakeProxy(to=place(provider)) as proxy:
        road = Road(proxy=proxy_of(Secret(proxy.url)), ca_file=str(pem))
        through = client(f"https://127.0.0.1:{port}/secret-path", road=road)
        assert through.post(b"{}", {}).status == 200
        assert through.post(b"{}", {}).status == 200
        through.close()
    provider.stop()
    assert [head.splitlines()[0] for head in proxy.heads] == [f"CONNECT 127.0.0.1:{port} HTTP/1.1"]
    assert "secret-path" not in proxy.heads[0]
    assert "proxy-authorization" not in provider.requests[0].headers


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 No\r\n\r\n", "answered 407"),
        (b"HTTP/1.1 502 Bad\r\n\r\n", "answered 502"),
        (b"SSH-2.0-x\r\n\r\n", "answered no HTTP"),
        (b"", "gave no answer"),
        (b"x" * 20_000, "gave no answer"),
    ],
)
def test_a_proxy_that_refuses_cannot_have_let_anything_through(
    answer: bytes, words: str, provider: FakeProvider
) -> None:
    provider.then(raw(answer))
    host, port = place(provider)
    road = Road(proxy=proxy_of(Secret(f"http://me:c4n4ry-5ecret@{host}:{port}")))
    with pytest.raises(SendFailed, match=words) as failed:
        client("https://nowhere.invalid/", road=road).post(b"{}", {})
    assert not failed.value.ambiguous
    assert "c4n4ry" not in str(failed.value)


@pytest.mark.parametrize(
    "url",
    ["https://proxy:3128", "socks5://proxy:1080", "proxy:3128", "http://", "http://proxy/way", "http://c4n4ry:x@"],
)
def test_what_is_no_proxy_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValueError, match=r"is no proxy|is not a URL") as refused:
        check_proxy(Secret(url))
    assert "c4n4ry" not in str(refused.value)


def test_a_file_of_authorities_has_to_be_there(tmp_path: Path) -> None:
    check_file("")
    check_file(str(Path(__file__)))
    with pytest.raises(ValueError, match="there is no file"):
        check_file(str(tmp_path / "ca.pem"))
