"""What is no proper request, sent to tocsin and to the real Alertmanager: the same status, the same shape of answer."""

import json
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from programs import alertmanager_at
from running import running

OURS = """
channels: {room: {type: console}}
receivers: [{name: ops, notify: [{by: [room]}]}]
route: {receiver: ops, group_wait: 0s}
"""
THEIRS = "route: {receiver: ops, group_wait: 0s}\nreceivers: [{name: ops}]\n"

JSON = {"Content-Type": "application/json"}
NOBODY = "00000000-0000-4000-8000-000000000000"

pytestmark = pytest.mark.slow


class Asked(NamedTuple):
    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = MappingProxyType({})


def alert(**more: Any) -> bytes:
    return json.dumps([{"labels": {"alertname": "x"}} | more]).encode()


def silence(**more: Any) -> bytes:
    """A silence with some of it changed; `...` leaves a field out."""
    right = {
        "matchers": [{"name": "a", "value": "b", "isRegex": False}],
        "startsAt": "2026-11-21T01:00:00Z", "endsAt": "2086-11-21T01:00:00Z", "createdBy": "lin", "comment": "c",
    }  # fmt: skip
    return json.dumps({name: value for name, value in (right | more).items() if value is not ...}).encode()


def matcher(**more: Any) -> bytes:
    right = {"name": "a", "value": "b", "isRegex": False}
    return silence(matchers=[{name: value for name, value in (right | more).items() if value is not ...}])


ALERTS = [
    b"", b"{", b"{}", b"[]", b"null", b"5", b"[5]", b"[{}]", b'[{"labels":null}]', b'[{"labels":{}}]',
    b'[{"labels":{"a":""}}]', b'[{"labels":{"":"c"}}]', b'[{"labels":{"a":5}}]', b'[{"labels":["a"]}]',
    b'[{"labels":{"job":"no name"}}]', b'[{"labels":{"alertname":"\xff"}}]',
    b'[{"labels":{"alertname":"valid"}},{"labels":{}},{"labels":{"":"x"}}]', b'[{"labels":{"a":"b"}},{"labels":null}]',
    *(alert(startsAt=at) for at in ("nonsense", 5, None, "", "2026-11-21", "2026-11-21T01:00:00",
                                    "2026-11-21T01:00:00+0800", "2026-13-41T01:00:00Z", "0001-01-01T00:00:00Z")),
    alert(startsAt="2026-11-21T01:00:00Z", endsAt="2026-11-21T00:00:00Z"), alert(endsAt="2026-11-21T00:00:00Z"),
    *(alert(generatorURL=url) for url in ("not a url", "", 5, None, "/x/y", "http://a/b?c=%zz")),
    *(alert(annotations=notes) for notes in ({"a": 5}, [], {"a": ""}, None, {"": "x"})), alert(unknown="x"),
]  # fmt: skip
SILENCES = [
    b"", b"{", b"[]", b"null", b"{}",
    *(silence(matchers=some) for some in ([], ..., {}, [{}], [5], "x")),
    matcher(isRegex=...), matcher(name=...), matcher(value=...), matcher(value=5), matcher(isRegex="x"),
    matcher(value="(", isRegex=True), matcher(value=""), matcher(value=".*", isRegex=True), matcher(name="a b"),
    matcher(name=""), matcher(isEqual=None), matcher(isEqual="x"),
    *(silence(startsAt=at) for at in (..., "x", 5, "2087-01-01T00:00:00Z", None)),
    *(silence(endsAt=at) for at in (..., "2026-11-20T00:00:00Z", "x")),
    silence(startsAt="2019-01-01T00:00:00Z", endsAt="2020-01-01T00:00:00Z"),
    *(silence(createdBy=who) for who in (..., 5, None)), *(silence(comment=text) for text in (..., "", 5, None)),
    *(silence(id=name) for name in ("nonsense", NOBODY, "", 5, None)), silence(unknown=1),
]  # fmt: skip
MEDIA = [
    {"Content-Type": text} for text in (
        "text/plain", "application/json; charset=utf-8", "application/x-www-form-urlencoded", ";;;", "application/JSON",
    )
] + [{}]  # fmt: skip
QUERIES = [
    "x=1", "active=maybe", "active=", "active=1", "active=TRUE", "active=no", "active=false&active=true", "silenced=x",
    "receiver=(", "receiver=", "filter=", "filter=a", "filter=a%3D%22b%22", "filter=a%3D%22b", "filter=a%3D~%22(%22",
    "filter=%7Ba%3D%22b%22,c!%3Dd%7D", "filter=a%20b%3D1", "filter=%3D1", "filter=a%3Db&filter=c", "filter=a%zz",
    "filter=a%3Db%20c", "filter=%20a%20%3D%20b%20", "filter=a%3Db%22", "filter=a!b", "filter=1a%3Db",
]  # fmt: skip
PATHS = [
    "alerts", "alerts/", "alerts/groups", "silences", "silence", "silence/", "silence/nonsense", f"silence/{NOBODY}",
    "status", "status/", "receivers", "nothing", "", "alerts/x", "status?x=1", "receivers?x=1",
]  # fmt: skip

TABLE = [
    *(Asked("POST", "alerts", body, JSON) for body in ALERTS),
    *(Asked("POST", "silences", body, JSON) for body in SILENCES),
    *(Asked("POST", path, b"[]" if path == "alerts" else silence(), kind) for path in ("alerts", "silences")
      for kind in MEDIA),
    *(Asked("GET", f"{path}?{query}") for path in ("alerts", "alerts/groups") for query in QUERIES),
    *(Asked("GET", f"silences?{query}") for query in QUERIES if not query.startswith("receiver")),
    *(Asked(method, path) for path in PATHS for method in ("GET", "PUT", "PATCH", "OPTIONS")),
    *(Asked("DELETE", path) for path in PATHS if path != f"silence/{NOBODY}"),
    *(Asked("POST", path, b"{}", JSON) for path in PATHS if not path.startswith(("alerts", "silences"))),
    *(Asked("GET", "alerts", None, {"Accept": kind}) for kind in ("text/html", "*/*", "application/json", "text/*")),
]  # fmt: skip

# Where tocsin answers otherwise, and means it: docs/hearing/alertmanager-api.md says why.
ON_PURPOSE = [
    (Asked("POST", "alerts", b"[null]", JSON), (422, None)),
    (Asked("POST", "alerts", b"[] tail", JSON), (400, 200)),
    (Asked("POST", "alerts", b'[{"labels":{"a b":"c"}}]', JSON), (200, 400)),
    (Asked("POST", "silences", silence(createdBy=""), JSON), (400, 200)),
    (Asked("POST", "silences", matcher(isEqual=False), JSON), (400, 200)),
    (Asked("DELETE", f"silence/{NOBODY}"), (404, 500)),
]


class Said(NamedTuple):
    status: int | None
    shape: str


def said(port: int, asked: Asked) -> Said:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(asked.method, f"/api/v2/{asked.path}", asked.body, dict(asked.headers))
        answer = connection.getresponse()
        return Said(answer.status, shape(answer.read()))
    except OSError:
        return Said(None, "nothing")
    finally:
        connection.close()


def shape(body: bytes) -> str:
    """What a program sees of an answer before it reads the words."""
    if not body:
        return "nothing"
    value = json.loads(body)
    if isinstance(value, dict) and value.keys() == {"code", "message"}:
        return f"code {value['code']}"
    return type(value).__name__


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    home = tmp_path_factory.mktemp("both")
    with running(home, OURS) as daemon, alertmanager_at(home, THEIRS) as port:
        yield daemon.http, port


def test_what_alertmanager_refuses_is_refused_alike(ports: tuple[int, int]) -> None:
    ours, theirs = ports
    different = [
        f"{asked}: ours {mine}, theirs {other}"
        for asked in TABLE
        if (mine := said(ours, asked)) != (other := said(theirs, asked))
    ]
    assert not different, "\n".join(different)


def test_the_differences_are_those_that_are_meant(ports: tuple[int, int]) -> None:
    ours, theirs = ports
    for asked, statuses in ON_PURPOSE:
        assert (said(ours, asked).status, said(theirs, asked).status) == statuses, asked
