"""From events to a mail server, over the real pipeline, outbox and courier: one story is one conversation."""

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from daemon.config.audience import Leg, Person, Receiver, Route
from daemon.config.settings import Channel
from daemon.notice import Phase
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from delivering import Post
from fake_smtp import FakeSmtp
from hearing import Hearing
from made import settings
from opened import close_all, mailer
from threads import conversations
from until import until


class Story:
    """One person told by mail, and a server to see what arrived."""

    def __init__(self, store: SqliteStore, post: Post, server: FakeSmtp) -> None:
        post.settings = settings(
            people={"lin": Person(name="lin", email="lin@example.com")},
            channels={"mail": Channel(name="mail", type="smtp", sender=mailer(server))},
            receivers={"ops": Receiver(name="ops", notify=(Leg(by=("mail",), to=("lin",)),))},
            route=Route(receiver="ops", group_by=("team",), group_interval=Seconds(60), repeat_interval=Seconds(600)),
        )
        self.post, self.server = post, server
        self.hearing = Hearing(store, post.settings)
        post.courier.start()

    def go_to(self, seconds: float, *, mails: int) -> None:
        self.post.go(seconds - (self.post.clock.now() - self.hearing.began))
        self.hearing.to(seconds)
        until(lambda: len(self.server.mails) == mails)
        self.post.quiet()

    def read(self) -> list[EmailMessage]:
        return [email.message_from_bytes(got.data, policy=email.policy.SMTP) for got in self.server.mails]


@pytest.fixture
def story(store: SqliteStore, post: Post) -> Iterator[Story]:
    with FakeSmtp() as server:
        yield Story(store, post, server)
        close_all()
        assert not server.wrongs


def test_an_alarm_its_repeat_and_its_end_are_one_conversation_and_the_next_alarm_is_another(
    store: SqliteStore, story: Story
) -> None:
    story.hearing.fires("a")
    story.go_to(0, mails=1)
    story.hearing.fires("b")
    story.go_to(60, mails=2)
    story.go_to(700, mails=3)
    story.hearing.ends("a")
    story.go_to(800, mails=4)
    story.hearing.ends("b")
    story.go_to(900, mails=5)
    story.hearing.fires("a")
    story.go_to(1_000, mails=6)
    mails = story.read()
    assert [mail["Subject"] for mail in mails] == [
        "[ERROR] a (A1)",
        "[ERROR] [+1] a (A1)",
        "[STILL ERROR after 11 min] [+1] a (A1)",
        "[ERROR] [+1] a (A1)",
        "[RESOLVED after 13 min] b (A2)",
        "[ERROR] a (A3)",
    ]
    assert {mail["In-Reply-To"] for mail in mails[:4]} == {f"<alert-1.{store.name}@it.example>"}
    assert conversations(mails) == [5, 1]


def test_a_greylisted_mail_is_tried_again_and_the_channel_goes_on(post: Post, story: Story) -> None:
    story.server.then("RCPT", "451 4.7.1 greylisted, come back later", "450 4.2.0 not yet", "250 ok")
    story.hearing.fires("a")
    story.go_to(0, mails=0)
    until(lambda: [row.delivery.attempts for row in post.rows()] == [1])
    until(lambda: post.rows()[0].delivery.phase is Phase.WAITING)
    assert "greylisted" in post.rows()[0].delivery.reason
    assert post.lane("mail").breaker == "closed"
    for seconds in (100, 200):
        post.go(seconds - (post.clock.now() - story.hearing.began))
        until(lambda: post.rows()[0].delivery.phase is not Phase.SENDING)
    until(lambda: len(story.server.mails) == 1)
    until(lambda: post.rows()[0].delivery.phase is Phase.SENT)
    assert post.rows()[0].delivery.attempts == 3
