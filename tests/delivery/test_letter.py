"""Which deliveries share a message."""

from typing import Any

import msgspec

from daemon.alert import Alert
from daemon.delivery.letter import letters
from daemon.notice import Delivery, Notice, Phase, Reason, Recipient
from daemon.store.outbox import Claimed
from daemon.texts.style import Style
from delivering import alert_of


def row(delivery_id: int, notice_id: int = 1, to: str = "", **more: Any) -> Claimed:
    delivery = Delivery(
        id=delivery_id,
        notice_id=notice_id,
        channel="sms",
        recipient=Recipient(name=f"p{delivery_id}", address=to or f"+{delivery_id}"),
        urgency=0,
        phase=Phase.SENDING,
        created_at=0.0,
        due_at=0.0,
        lease_until=0.0,
        attempts=1,
        first_try_at=0.0,
        settled_at=None,
        provider_id="",
        reason="",
        then=[],
        alone=False,
        interrupted=False,
    )
    notice = Notice(
        id=notice_id,
        alerts=[alert_of(0.0)],
        firing=1,
        resolved=0,
        group={},
        receiver="ops",
        reason=Reason.FIRST,
        at=0.0,
    )
    return Claimed(delivery=msgspec.structs.replace(delivery, **more), notice=notice)


class Plain:
    """The same for everybody, with a link where one is asked for."""

    said = Style(kind="short")

    def style(self, recipient: Recipient) -> Style:
        del recipient
        return self.said

    def link(self, alert: Alert, recipient: Recipient, now: float) -> str:
        return f"https://x/{alert.code}/{recipient.name or 'room'}/{now:g}"


plain = Plain()


def ids(claimed: list[Claimed], batch: int) -> list[list[int]]:
    return [[one.delivery.id for one in letter.rows] for letter in letters(claimed, plain, batch, "store", 0.0)]


def test_rows_of_one_notice_share_a_message_up_to_what_fits() -> None:
    assert ids([row(i) for i in range(1, 6)], 2) == [[1, 2], [3, 4], [5]]


def test_whose_text_has_room_for_a_link_to_acknowledge_shares_it_with_nobody() -> None:
    class Roomy(Plain):
        said = Style(kind="long")

    class Linkless(Roomy):
        def link(self, *_: object) -> str:
            return ""

    over = row(3, 2)
    over = msgspec.structs.replace(over, notice=msgspec.structs.replace(over.notice, firing=0, resolved=1))
    rows = [row(1), row(2), over, msgspec.structs.replace(over, delivery=row(4, 2).delivery)]
    made = letters(rows, Roomy(), 9, "store", 0.0)
    assert [[one.delivery.id for one in letter.rows] for letter in made] == [[1], [2], [3, 4]]
    assert [letter.message.acknowledge for letter in made] == ["https://x/A0/p1/0", "https://x/A0/p2/0", ""]
    assert len(letters(rows, Linkless(), 9, "store", 0.0)) == 2


def test_rows_of_different_notices_never_share() -> None:
    assert ids([row(1, 1), row(2, 2), row(3, 1)], 9) == [[1, 3], [2]]


def test_without_batching_each_goes_by_itself_under_its_own_code() -> None:
    made = letters([row(1), row(2)], plain, 1, "store", 0.0)
    assert [letter.message.out_id for letter in made] == ["store-D1", "store-D2"]


def test_rows_with_a_history_of_their_own_go_alone_and_what_may_have_arrived_is_a_repeat() -> None:
    made = letters([row(1), row(2, alone=True), row(3, interrupted=True), row(4)], plain, 9, "store", 0.0)
    assert [[one.delivery.id for one in letter.rows] for letter in made] == [[1, 4], [2], [3]]
    assert [letter.message.repeat for letter in made] == [False, False, True]
    assert {letter.message.out_id for letter in made} == {"store-N1"}


def test_the_order_of_urgency_is_kept() -> None:
    assert ids([row(7, 3), row(2, 1), row(9, 3)], 9) == [[7, 9], [2]]


def test_rooms_are_never_batched() -> None:
    rooms = [msgspec.structs.replace(row(i).delivery, recipient=Recipient()) for i in (1, 2)]
    claimed = [Claimed(delivery=room, notice=row(1).notice) for room in rooms]
    assert ids(claimed, 9) == [[1], [2]]


def test_one_number_stands_once_in_a_message() -> None:
    (letter,) = letters([row(1, to="+1"), row(2, to="+1"), row(3, to="+2")], plain, 9, "store", 0.0)
    assert [recipient.address for recipient in letter.message.recipients] == ["+1", "+2"]
    assert len(letter.rows) == 3


def test_whoever_reads_another_language_gets_another_message() -> None:
    class Both(Plain):
        def style(self, recipient: Recipient) -> Style:
            return Style(lang="zh" if recipient.name in {"p2", "p4"} else "en", kind="short")

    made = letters([row(i) for i in range(1, 6)], Both(), 2, "store", 300.0)
    assert [([one.delivery.id for one in letter.rows], letter.message.lang) for letter in made] == [
        ([1, 3], "en"),
        ([2, 4], "zh"),
        ([5], "en"),
    ]
    assert [letter.message.title for letter in made[:2]] == [
        "[ERROR] Disk full, 5 min late",
        "[错误] Disk full，延迟5分钟送达",
    ]


def test_a_link_to_acknowledge_is_one_persons() -> None:
    made = letters([row(1), row(2), row(3, 2)], plain, 9, "store", 60.0)
    assert [letter.message.acknowledge for letter in made] == ["", "https://x/A0/p3/60"]


def test_what_is_over_needs_no_link() -> None:
    one = row(1)
    over = msgspec.structs.replace(one, notice=msgspec.structs.replace(one.notice, firing=0, resolved=1))
    (letter,) = letters([over], plain, 1, "store", 60.0)
    assert letter.message.acknowledge == ""
