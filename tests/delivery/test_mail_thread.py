"""From events to a mail server, over the real pipeline, outbox and courier: one story is one conversation."""

import email
import email.policy

from daemon.config.audience import Leg, Person, Receiver, Route
from daemon.config.settings import Channel
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from delivering import Post
from fake_smtp import FakeSmtp
from hearing import Hearing
from made import settings
from opened import close_all, mailer
from threads import conversations
from until import until


def test_an_alarm_its_repeat_and_its_end_are_one_conversation_and_the_next_alarm_is_another(
    store: SqliteStore, post: Post
) -> None:
    with FakeSmtp() as server:
        post.settings = settings(
            people={"lin": Person(name="lin", email="lin@example.com")},
            channels={"mail": Channel(name="mail", type="smtp", sender=mailer(server))},
            receivers={"ops": Receiver(name="ops", notify=(Leg(by=("mail",), to=("lin",)),))},
            route=Route(receiver="ops", group_by=("team",), group_interval=Seconds(60), repeat_interval=Seconds(600)),
        )
        story = Hearing(store, post.settings)
        post.courier.start()

        def go_to(seconds: float, mails: int) -> None:
            post.go(seconds - (post.clock.now() - story.began))
            story.to(seconds)
            until(lambda: len(server.mails) == mails)
            post.quiet()

        story.fires("a")
        go_to(0, 1)
        story.fires("b")
        go_to(60, 2)
        go_to(700, 3)
        story.ends("a")
        go_to(800, 4)
        story.ends("b")
        go_to(900, 5)
        story.fires("a")
        go_to(1_000, 6)
        mails = [email.message_from_bytes(got.data, policy=email.policy.SMTP) for got in server.mails]
        close_all()
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
    assert not server.wrongs
