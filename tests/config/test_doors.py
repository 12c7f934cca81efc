"""No door beyond this machine stands open unless the file says so in so many words."""

from collections.abc import Callable

import pytest

import made
from daemon.config.doors import http_door, zmq_door
from daemon.config.load import Loaded
from daemon.config.locks import beyond_loopback
from daemon.config.settings import Auth, Listen, Source
from daemon.registry import Handler

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

GOOD = """\
channels: {hall: {type: room}}
receivers: [{name: ops, notify: [{by: [hall]}]}]
route: {receiver: ops}
"""
KEY = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"


@pytest.mark.parametrize(
    ("text", "host", "port", "local"),
    [
        ("127.0.0.1:8420", "127.0.0.1", 8420, True),
        ("127.8.9.1:0", "127.8.9.1", 0, True),
        ("localhost:80", "localhost", 80, True),
        ("[::1]:8420", "::1", 8420, True),
        ("0.0.0.0:8420", "0.0.0.0", 8420, False),
        ("[::]:8420", "::", 8420, False),
        (":8420", "", 8420, False),
        ("*:8420", "", 8420, False),
        ("10.0.0.1:8420", "10.0.0.1", 8420, False),
        ("127.0.0.1.example.com:80", "127.0.0.1.example.com", 80, False),
        ("localhost.example.com:80", "localhost.example.com", 80, False),
        ("[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", 80, False),
    ],
)
def test_reads_an_address_and_knows_who_reaches_it(text: str, host: str, port: int, local: bool) -> None:
    door = http_door(text)
    assert (door.host, door.port, door.is_local) == (host, port, local)


@pytest.mark.parametrize(
    "text",
    ["", "8420", "localhost", "::1:8420", "a:b", "a:65536", "a:-1", "a:٣", "http://a:80", "a b:80", "[::1:80", "a:"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        http_door(text)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("tcp://127.0.0.1:8421", True),
        ("tcp://[::1]:8421", True),
        ("tcp://*:8421", False),
        ("tcp://eth0:8421", False),
        ("tcp://0.0.0.0:*", False),
    ],
)
def test_knows_who_reaches_a_zmq_endpoint(text: str, local: bool) -> None:
    door = zmq_door(text)
    assert door
    assert door.is_local is local


def test_a_socket_in_the_file_system_is_local() -> None:
    assert zmq_door("ipc:///run/tocsin/ctl") is None


@pytest.mark.parametrize("text", ["", "ipc://", "inproc://a", "tcp://a", "tcp://:80", "udp://a:1", "tcp://a:99999"])
def test_what_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a ZeroMQ endpoint"):
        zmq_door(text)


def test_beyond_loopback_everything_has_a_lock(problems_of: Problems) -> None:
    text = GOOD + "listen: {http: '0.0.0.0:8420', zmq: 'tcp://*:8421'}\nsources: {plain: {}}\n"
    assert problems_of(text) == [
        (
            'tocsin.yml:4: listen.http: "0.0.0.0:8420" can be reached from other machines, and no token is set: write '
            'auth.tokens: [{name: ops, token: "${TOCSIN_TOKEN}", may: [read]}], listen on 127.0.0.1:8420, or write '
            "auth.allow_unauthenticated: true"
        ),
        (
            'tocsin.yml:4: listen.zmq: "tcp://*:8421" can be reached from other machines, and no client key is set: '
            "write auth.curve with secret_key and clients (`tocsinctl keygen` makes keys), listen on "
            "tcp://127.0.0.1:8421, or "
            "write auth.allow_unauthenticated: true"
        ),
        (
            'tocsin.yml:5: sources.plain: listen.http "0.0.0.0:8420" can be reached from other machines, and anybody '
            "there "
            "could raise alarms: write token, basic or hmac, or allow_unauthenticated: true"
        ),
    ]


@pytest.mark.parametrize(
    "more",
    [
        "auth: {allow_unauthenticated: true}\nsources: {plain: {allow_unauthenticated: true}}\n",
        (
            "sources: {plain: {hmac: '${T}'}}\nauth:\n  tokens: [{name: a, token: '${T}'}]\n"
            f"  curve: {{secret_key: '${{K}}', clients: [{{name: a, public: '{KEY}'}}]}}\n"
        ),
    ],
)
def test_locks_or_plain_words_open_the_doors(more: str, load_text: Load) -> None:
    text = GOOD + "listen: {http: '0.0.0.0:8420', zmq: 'tcp://*:8421'}\n" + more
    assert load_text(text, T="s3cret", K=KEY).warnings == []


def test_a_curve_without_clients_is_no_lock(problems_of: Problems) -> None:
    text = GOOD + "listen: {zmq: 'tcp://*:8421'}\nauth: {curve: {secret_key: '${K}'}}\n"
    (problem,) = problems_of(text, K=KEY)
    assert "no client key is set" in problem


def test_open_sources_are_not_excused_by_open_methods(problems_of: Problems) -> None:
    text = GOOD + "listen: {http: ':80'}\nauth: {allow_unauthenticated: true}\nsources: {plain: {}}\n"
    (problem,) = problems_of(text)
    assert problem.startswith("tocsin.yml:6: sources.plain: ")


def test_names_and_keys_stand_for_one_caller(problems_of: Problems) -> None:
    text = f"""{GOOD}auth:
  tokens: [{{name: a, token: '${{T}}'}}, {{name: b, token: '${{T}}'}}]
  curve:
    secret_key: '${{K}}'
    clients:
      - {{name: a, public: '{KEY}'}}
      - {{name: a, public: '{KEY}'}}
"""
    assert problems_of(text, T="s3cret", K=KEY) == [
        "tocsin.yml:5: auth.tokens[1].token: the same token stands twice; each has its own",
        "tocsin.yml:10: auth.curve.clients[1].public: the same key stands twice; each client has its own",
        'tocsin.yml:10: auth.curve.clients[1].name: "a" stands twice; each client has its own name',
    ]


TOKENS = "auth: {tokens: [{name: a, token: '${T}'}]}\n"


def test_tokens_that_leave_the_zeromq_door_open_are_a_warning(load_text: Load) -> None:
    assert load_text(GOOD + TOKENS, T="s3cret").warnings == [
        (
            'tocsin.yml:4: auth.tokens: lock the HTTP door only: over "tcp://127.0.0.1:8421" everybody on this machine '
            "may do everything; set auth.curve, or listen.zmq: ipc:///run/tocsin/ipc/control, which only tocsin's user "
            "and group reach"
        )
    ]


@pytest.mark.parametrize(
    "more",
    [
        "",
        TOKENS + "listen: {zmq: 'ipc:///run/tocsin/ipc/control'}\n",
        (
            "auth: {tokens: [{name: a, token: '${T}'}], curve: {secret_key: '${K}', clients: "
            f"[{{name: a, public: '{KEY}'}}]}}}}\n"
        ),
    ],
)
def test_both_doors_locked_or_both_open_is_none(more: str, load_text: Load) -> None:
    assert load_text(GOOD + more, T="s3cret", K=KEY).warnings == []


def test_a_source_that_checks_its_sender_by_itself_is_locked() -> None:
    for admit, locked in ((None, False), (lambda _hook, _outside: None, True)):
        handler = Handler(name="own", handle=lambda _: [], samples={}, admit=admit)
        settings = made.settings(
            listen=Listen(http="0.0.0.0:8420"),
            auth=Auth(allow_unauthenticated=True),
            sources={"own": Source(name="own", handler=handler)},
        )
        assert [path for path, _ in beyond_loopback(settings)] == ([] if locked else [("sources", "own")])
