"""What a source declares beside its handler: a check of the sender, names of deliveries, a handshake."""

import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

import made
from behind_the_door import Daemon, Elsewhere, Failing
from daemon import telemetry
from daemon.config.settings import Hmac, Source
from daemon.errors import HandlerError, NothingToTell, OutsideError, StoreUnavailable
from daemon.event import Event
from daemon.hook import Hook
from daemon.listener.server import HttpDoor
from daemon.loading import built_in_handlers
from daemon.registry import Handler
from daemon.secret import Secret
from daemon.store import quarantine
from daemon.store.quarantine import Kind
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock
from fake_sns import CERTIFICATE, CONFIRM, TOPIC, amazon, message, sent
from handlers.aws_sns import Options as SnsOptions
from handlers.cloudevents import Options as CloudOptions
from http_client import Reply, ask

Opens = Callable[..., HttpDoor]
HANDLERS = built_in_handlers()


def with_source(daemon: Daemon, name: str, **more: Any) -> None:
    handler = more.pop("handler", None) or HANDLERS[name]
    daemon.settings = made.settings(sources={name: Source(name=name, handler=handler, **more)})


def post(door: HttpDoor, name: str, body: bytes, headers: dict[str, str] | None = None, method: str = "POST") -> Reply:
    return ask(door.port, method, f"/webhook/{name}", body, headers or {})


def kinds(store: SqliteStore) -> list[Kind]:
    return [one.kind for one in store.read(quarantine.newest)]


@pytest.fixture
def sns(door: Opens, daemon: Daemon) -> Callable[..., Reply]:
    with_source(daemon, "aws_sns", options=SnsOptions(topics=(TOPIC,)))
    daemon.outside = amazon()
    opened = door(daemon.web())

    def say(**fields: Any) -> Reply:
        body = message(daemon.clock.now(), **fields)
        return post(opened, "aws_sns", sent(body), {"Content-Type": "text/plain; charset=UTF-8"})

    return say


def test_a_topic_subscribes_speaks_and_is_heard_once(
    sns: Callable[..., Reply], daemon: Daemon, store: SqliteStore
) -> None:
    assert sns(Type="SubscriptionConfirmation", MessageId="m-0").status == 200
    assert daemon.outside.asked == [CERTIFICATE, CONFIRM]
    assert sns().json() == {"accepted": 1, "alerts": ["A1"]}
    again = sns()
    assert (again.status, again.json()["accepted"]) == (200, 0)
    assert "taken before" in again.json()["detail"]
    assert sns(MessageId="m-2").json() == {"accepted": 1, "alerts": ["A1"]}
    assert kinds(store) == []


def test_a_forged_message_is_refused_and_kept(sns: Callable[..., Reply], daemon: Daemon, store: SqliteStore) -> None:
    refused = sns(TopicArn=TOPIC + "x")
    assert (refused.status, refused.json()["error"]) == (401, "not_trusted")
    assert kinds(store) == [Kind.BAD_CREDENTIALS]
    assert daemon.outside.asked == []


def test_what_cannot_be_checked_now_is_asked_for_again_and_kept_all_the_same(
    sns: Callable[..., Reply], daemon: Daemon, store: SqliteStore
) -> None:
    daemon.outside.answers = {CERTIFICATE: OutsideError("https://sns.eu-west-1.amazonaws.com: no answer")}
    refused = sns()
    assert (refused.status, refused.headers["retry-after"], refused.json()["error"]) == (503, "20", "unchecked")
    assert kinds(store) == [Kind.UNCHECKED]
    assert "no answer" in refused.json()["detail"]


def test_the_next_try_of_what_could_not_be_checked_is_taken(sns: Callable[..., Reply], daemon: Daemon) -> None:
    answers = dict(daemon.outside.answers)
    daemon.outside.answers.clear()
    assert sns().status == 503
    daemon.outside.answers.update(answers)
    assert sns().json() == {"accepted": 1, "alerts": ["A2"]}  # A1 is the alarm about it


def numbered(handle: Callable[[Hook], Any]) -> Handler:
    return Handler(name="own", handle=handle, samples={}, delivery=lambda hook: hook.headers.get("x-id", ""))


def test_a_delivery_counts_as_taken_only_once_it_is_on_disk(door: Opens, daemon: Daemon) -> None:
    intake = Failing(take=StoreUnavailable("full"))
    daemon.intake = intake
    with_source(daemon, "own", handler=numbered(lambda _: []))
    opened = door(daemon.web())
    for raises, status in ((intake.raises, 503), (HandlerError("bad body"), 422), (ValueError(), 500), (None, 200)):
        intake.raises = raises
        reply = post(opened, "own", b"{}", {"X-Id": "7"})
        assert (reply.status, "taken before" in str(reply.json())) == (status, False)
    assert "taken before" in post(opened, "own", b"{}", {"X-Id": "7"}).json()["detail"]


def test_a_delivery_of_another_source_or_hour_or_without_a_name_is_another_one(
    door: Opens, daemon: Daemon, clock: FakeClock
) -> None:
    taken = []
    handler = numbered(lambda hook: taken.append(hook) or [Event(source="own", key="k", title="t")])
    daemon.settings = made.settings(sources={name: Source(name=name, handler=handler) for name in ("one", "two")})
    opened = door(daemon.web())
    for name, number in (("one", "7"), ("two", "7"), ("one", "8"), ("one", ""), ("one", "")):
        post(opened, name, b"{}", {"X-Id": number} if number else {})
    assert len(taken) == 5
    post(opened, "one", b"{}", {"X-Id": "7"})
    assert len(taken) == 5
    clock.advance(3_601)
    post(opened, "one", b"{}", {"X-Id": "7"})
    assert len(taken) == 6


def test_what_is_understood_and_no_alarm_is_answered_200_counted_and_not_kept(
    door: Opens, daemon: Daemon, store: SqliteStore
) -> None:
    with_source(daemon, "github", hmac=Hmac(secret=Secret("It's a Secret to Everybody")))
    opened = door(daemon.web())
    body = b'{"zen": "Design for failure.", "hook_id": 109948940}'
    signature = hmac.new(b"It's a Secret to Everybody", body, "sha256").hexdigest()
    headers = {"X-GitHub-Event": "ping", "X-Hub-Signature-256": f"sha256={signature}"}
    count = telemetry.untold.labels("github", "nothing")
    before = count._value.get()
    reply = post(opened, "github", body, headers)
    assert (reply.status, reply.json()["accepted"], reply.json()["alerts"]) == (200, 0, [])
    assert "'ping' is no alarm" in reply.json()["detail"]
    assert count._value.get() == before + 1
    assert kinds(store) == []
    assert post(opened, "github", body, headers | {"X-Hub-Signature-256": "sha256=" + "0" * 64}).status == 401


def test_a_replay_that_tells_of_nothing_is_done(door: Opens, daemon: Daemon, store: SqliteStore) -> None:
    def broken(_: Hook) -> list[Event]:
        raise HandlerError("not yet understood")

    def mended(_: Hook) -> list[Event]:
        raise NothingToTell("a ping")

    with_source(daemon, "own", handler=numbered(broken))
    assert post(door(daemon.web()), "own", b"{}").status == 422
    with_source(daemon, "own", handler=numbered(mended))
    request = store.read(lambda tx: quarantine.get(tx, 1))
    assert request is not None
    assert daemon.intake.replay(request) == []  # type: ignore[attr-defined]
    done = store.read(lambda tx: quarantine.get(tx, 1))
    assert done is not None
    assert done.replayed_at == daemon.clock.now()


ASKS = {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"}


def test_who_asks_before_it_sends_is_told_yes_without_credentials(door: Opens, daemon: Daemon) -> None:
    with_source(daemon, "cloudevents", token=Secret("t0k"), options=CloudOptions())
    opened = door(daemon.web())
    reply = post(opened, "cloudevents", b"", ASKS, "OPTIONS")
    assert reply.status == 200
    assert reply.headers["webhook-allowed-origin"] == "eventgrid.azure.net"
    assert reply.headers["webhook-allowed-rate"] == "*"
    assert reply.headers["allow"] == "POST"
    assert daemon.outside.asked == []  # nor is a WebHook-Request-Callback asked for
    sample = HANDLERS["cloudevents"].samples["firing"]
    headers = {**sample.headers, "Content-Type": "application/json"}
    assert post(opened, "cloudevents", sample.body, headers).status == 401
    assert post(opened, "cloudevents", sample.body, {**headers, "Authorization": "Bearer t0k"}).status == 200
    assert ask(opened.port, "POST", "/webhook/cloudevents?access_token=t0k", sample.body, headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"WebHook-Request-Origin": "other.example"},
        {"WebHook-Request-Origin": ""},
        {"Origin": "https://page.example"},
    ],
)
def test_who_is_not_among_the_origins_or_does_not_say_is_told_no(
    door: Opens, daemon: Daemon, headers: dict[str, str]
) -> None:
    with_source(daemon, "cloudevents", options=CloudOptions(origins=("eventgrid.azure.net",)))
    reply = post(door(daemon.web()), "cloudevents", b"", headers, "OPTIONS")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert "webhook-allowed-origin" not in reply.headers


def test_a_source_that_does_not_declare_it_shakes_no_hands(door: Opens, daemon: Daemon) -> None:
    opened = door(daemon.web())
    assert post(opened, "shop", b"", ASKS, "OPTIONS").status == 405
    assert post(opened, "nobody", b"", ASKS, "OPTIONS").status == 405


def test_a_check_that_breaks_keeps_the_request(door: Opens, daemon: Daemon, store: SqliteStore) -> None:
    def admit(_hook: Hook, _outside: Elsewhere) -> None:
        raise KeyError("oops")

    handler = Handler(name="own", handle=lambda _: [], samples={}, admit=admit)  # type: ignore[arg-type]
    with_source(daemon, "own", handler=handler)
    assert post(door(daemon.web()), "own", b"{}").status == 500
    assert kinds(store) == [Kind.UNUSABLE_BODY]


def test_gitlab_and_sentry_are_let_in_as_they_come(door: Opens, daemon: Daemon) -> None:
    gitlab, sentry = HANDLERS["gitlab"], HANDLERS["sentry"]
    daemon.settings = made.settings(
        sources={
            "gitlab": Source(name="gitlab", handler=gitlab, token=Secret("t0k")),
            "sentry": Source(name="sentry", handler=sentry, hmac=Hmac(secret=Secret("s3cret"))),
        }
    )
    opened = door(daemon.web())
    job = gitlab.samples["firing"]
    assert post(opened, "gitlab", job.body, {**job.headers, "X-Gitlab-Token": "wrong"}).status == 401
    assert post(opened, "gitlab", job.body, {**job.headers, "X-Gitlab-Token": "t0k"}).status == 200
    alert = sentry.samples["firing"]
    right = hmac.new(b"s3cret", alert.body, "sha256").hexdigest()
    assert post(opened, "sentry", alert.body, {**alert.headers, "Sentry-Hook-Signature": right}).status == 200
    # The signature is over the bytes: what was written anew does not fit.
    anew = json.dumps(json.loads(alert.body)).encode()
    assert post(opened, "sentry", anew, {**alert.headers, "Sentry-Hook-Signature": right}).status == 401
