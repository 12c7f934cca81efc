"""A queue that is longer than its channel's rate allows is told in company; what is new and critical goes first."""

from daemon.declared import Each, Rate
from daemon.errors import Scope, SendFailed, SendRefused, SendWait
from daemon.event import Severity, State
from daemon.notice import Hop, Message, Phase, Reason
from daemon.store import alerts, flaps, notices, outbox
from daemon.store.base import Tx
from daemon.store.flaps import Flap
from daemon.units import Seconds
from delivering import Batching, Post, Provider, alert_of, raising

TWENTY = (Rate(most=20, within=Seconds(60.0)),)


def codes(message: Message) -> set[str]:
    return {alert.title for alert in message.notice.alerts}


def storm(post: Post, count: int, severity: Severity = Severity.ERROR, **more: object) -> list[int]:
    return [
        post.put(
            "robot",
            severity=severity,
            state=State.FIRING,
            fingerprint=f"{severity}{n}",
            title=f"{severity} {n}",
            **more,
        )[0]
        for n in range(count)
    ]


def test_what_the_rate_has_no_room_for_is_told_in_one_message(post: Post) -> None:
    robot = Provider()
    post.channel("robot", robot, rates=TWENTY)
    rows = storm(post, 50)
    post.courier.start()
    post.go(5)
    (digest,) = robot.heard
    assert digest.notice.reason is Reason.DIGEST
    assert digest.notice.firing == 50
    assert {post.row(one).phase for one in rows} == {Phase.FOLDED}
    assert post.row(rows[0]).reason == f"told in {digest.code}"
    assert post.row(rows[-1] + 1).phase is Phase.SENT


def test_a_queue_that_fits_goes_one_by_one(post: Post) -> None:
    robot = Provider()
    post.channel("robot", robot, rates=TWENTY)
    storm(post, 20)
    post.courier.start()
    post.go(5)
    assert len(robot.heard) == 20


def test_what_is_new_and_critical_goes_first_and_by_itself(post: Post) -> None:
    robot = Provider()
    post.channel("robot", robot, rates=TWENTY, pool=1)
    storm(post, 60)
    critical = storm(post, 4, Severity.CRITICAL)
    post.courier.start()
    post.go(70)
    assert [codes(message) for message in robot.heard[:4]] == [{f"critical {n}"} for n in range(4)]
    assert {post.row(one).phase for one in critical} == {Phase.SENT}
    assert len(robot.heard) == 5
    assert robot.heard[4].notice.firing == 60


def test_more_that_is_critical_than_there_is_room_for_is_told_in_company_too(post: Post) -> None:
    robot = Provider()
    post.channel("robot", robot, rates=TWENTY)
    storm(post, 100, Severity.CRITICAL)
    post.courier.start()
    post.go(5)
    assert len(robot.heard) == 20
    told = set().union(*(codes(message) for message in robot.heard))
    assert len(told) == 100


def test_a_beginning_and_its_end_that_both_waited_are_one_line(post: Post) -> None:
    robot = Provider()
    post.channel("robot", robot, rates=TWENTY)
    rows = storm(post, 30)
    ids = [post.rows()[n].notice.alert.id for n in range(30)]

    def ended(tx: Tx) -> None:
        for alert_id in ids[:10]:
            tx.run("UPDATE alerts SET state = 'resolved', ended_at = ? WHERE id = ?", (post.clock.now(), alert_id))
            over = alerts.get(tx, alert_id)
            notice = notices.add(tx, [], [over], "ops", Reason.ALL_RESOLVED, post.clock.now())
            outbox.put(tx, notice, "lin", [Hop(channel="robot", address="+86lin")], post.clock.now())

    post.store.store.write(ended)
    post.courier.start()
    post.go(5)
    (digest,) = robot.heard
    assert (digest.notice.firing, digest.notice.resolved) == (20, 10)
    assert len({alert.id for alert in digest.notice.alerts}) == 30
    assert digest.text.count("error 3 ") + digest.text.count("error 3,") <= 1
    assert {post.row(one).phase for one in rows} == {Phase.FOLDED}


def test_each_recipient_gets_one_message_and_those_who_wait_for_the_same_share_a_request(post: Post) -> None:
    sms = Batching()
    post.channel("robot", sms, rates=(Rate(most=2, within=Seconds(60.0), each=Each.RECIPIENT),))
    storm(post, 5, to=("lin", "wang"))
    post.courier.start()
    post.go(5)
    (digest,) = sms.heard
    assert {recipient.name for recipient in digest.recipients} == {"lin", "wang"}
    assert digest.notice.firing == 5


def test_after_an_outage_what_waited_is_told_within_the_rate(post: Post) -> None:
    errors = [SendFailed("no connection")] * 6 + [None]
    robot = Provider(answer=raising(*errors))
    post.channel("robot", robot, rates=TWENTY)
    post.courier.start()
    storm(post, 40)
    post.go(1200)
    sent = [message for message in robot.heard if message.notice.reason is Reason.DIGEST]
    assert sent
    told = set().union(*(codes(message) for message in robot.heard))
    assert len(told) == 40
    assert {row.delivery.phase for row in post.rows()} == {Phase.SENT, Phase.FOLDED}


def test_a_story_that_was_over_before_it_could_be_told_is_one_line(post: Post) -> None:
    robot = Provider(answer=raising(SendFailed("no connection"), None))
    post.channel("robot", robot)
    post.courier.start()

    def story(tx: Tx) -> None:
        alert = alerts.add(tx, alert_of(post.clock.now(), state=State.FIRING, title="short"))
        group = tx.insert("INSERT INTO groups (node, receiver, key, labels) VALUES ('r', 'ops', 'k', '{}')")
        notice = notices.add(tx, [alert], [], "ops", Reason.FIRST, post.clock.now(), group_id=group)
        outbox.put(tx, notice, "lin", [Hop(channel="robot", address="+86lin")], post.clock.now())
        tx.run("UPDATE alerts SET state = 'resolved', ended_at = ? WHERE id = ?", (post.clock.now(), alert.id))
        end = notices.add(
            tx, [], [alerts.get(tx, alert.id)], "ops", Reason.ALL_RESOLVED, post.clock.now(), group_id=group
        )
        outbox.put(tx, end, "lin", [Hop(channel="robot", address="+86lin")], post.clock.now() + 60)

    post.store.store.write(story)
    post.go(30)
    assert [message.notice.reason for message in robot.heard] == [Reason.FIRST, Reason.ALL_RESOLVED]
    post.go(600)
    assert len(robot.heard) == 2


def test_a_story_that_had_gone_on_to_another_channel_is_told_once(post: Post) -> None:
    """Its beginning goes on to mail while its end still waits for sms: both are folded away, each where it waits."""
    sms, mail = Provider(answer=raising(SendRefused("no such number", scope=Scope.RECIPIENT), None)), Provider()
    post.channel("sms", sms)
    post.channel("mail", mail)
    ways = [Hop(channel=way, address="+86lin") for way in ("sms", "mail")]

    def story(tx: Tx) -> None:
        alert = alerts.add(tx, alert_of(post.clock.now(), state=State.FIRING, title="short"))
        group = tx.insert("INSERT INTO groups (node, receiver, key, labels) VALUES ('r', 'ops', 'k', '{}')")
        notice = notices.add(tx, [alert], [], "ops", Reason.FIRST, post.clock.now(), group_id=group)
        outbox.put(tx, notice, "lin", ways, post.clock.now())
        tx.run("UPDATE alerts SET state = 'resolved', ended_at = ? WHERE id = ?", (post.clock.now(), alert.id))
        over = [alerts.get(tx, alert.id)]
        end = notices.add(tx, [], over, "ops", Reason.ALL_RESOLVED, post.clock.now(), group_id=group)
        outbox.put(tx, end, "lin", ways, post.clock.now() + 60)

    post.courier.start()
    post.store.store.write(story)
    post.go(600)
    assert [message.notice.reason for message in (*sms.heard[1:], *mail.heard)] == [Reason.ALL_RESOLVED]


def test_what_flaps_is_told_as_firing_whatever_it_is_just_now(post: Post) -> None:
    robot = Provider()
    post.channel("robot", robot, rates=TWENTY)
    storm(post, 30)

    def flap(tx: Tx) -> None:
        tx.run("UPDATE alerts SET state = 'resolved', ended_at = ? WHERE id <= 2", (post.clock.now(),))
        flaps.put(tx, Flap(fingerprint="error0", since=post.clock.now(), alert_id=1))

    post.store.store.write(flap)
    post.courier.start()
    post.go(5)
    (digest,) = robot.heard
    assert (digest.notice.firing, digest.notice.resolved) == (29, 1)


def test_a_digest_that_is_put_off_again_and_again_takes_the_next_channel_in_time(post: Post) -> None:
    """Each round something new joins it, and so it is a new row each time; its patience is that of the oldest."""
    busy = SendWait("send too fast", seconds=20.0, scope=Scope.CHANNEL)
    robot, mail = Provider(answer=raising(busy)), Provider()
    post.channel("robot", robot, rates=(Rate(most=1, within=Seconds(10.0)),), fail_over_after=60.0, digest_after=1.0)
    post.channel("mail", mail)
    post.courier.start()
    for n in range(16):
        post.put("robot", "mail", fingerprint=f"f{n}", state=State.FIRING)
        post.go(10)
    assert mail.heard
