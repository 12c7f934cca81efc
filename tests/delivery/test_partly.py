"""A request for several recipients of which some are taken and some are not: each row by its own answer."""

from daemon.delivery.breaker import State
from daemon.errors import Scope, SendFailed, SendRefused, SendWait
from daemon.notice import Acceptance, Message, Phase
from daemon.store import attempts
from delivering import Batching, Post

THREE = ("lin", "wang", "may")


def started(post: Post, *receipts: Acceptance) -> Batching:
    """A channel that answers with these, one a request, the last one for ever."""
    left = list(receipts)
    sms = Batching(answer=lambda _: left.pop(0) if len(left) > 1 else left[0])
    post.channel("sms", sms)
    post.courier.start()
    return sms


def asked(sms: Batching) -> list[list[str]]:
    return [[one.name for one in message.recipients] for message in sms.heard]


def tries(post: Post, delivery: int) -> list[tuple[str, str]]:
    found = post.store.store.read(lambda tx: attempts.of_delivery(tx, delivery))
    return [(str(one.outcome), one.code) for one in found]


def test_who_was_taken_is_sent_and_who_was_refused_is_not_tried_again(post: Post) -> None:
    no = SendRefused("blacklist", code="E1", scope=Scope.RECIPIENT)
    receipt = Acceptance(detail="accepted", ids={"+86lin": "S-1", "+86may": "S-3"}, errors={"+86wang": no})
    sms = started(post, receipt)
    post.put("sms", to=THREE)
    post.go(600)
    assert asked(sms) == [list(THREE)]
    assert post.phases() == {"D1": Phase.SENT, "D2": Phase.DEAD, "D3": Phase.SENT}
    assert [post.row(number).provider_id for number in (1, 2, 3)] == ["S-1", "", "S-3"]
    assert post.row(2).reason == "blacklist (E1)"
    assert [tries(post, number) for number in (1, 2)] == [[("sent", "")], [("refused", "E1")]]


def test_who_was_refused_takes_the_next_channel(post: Post) -> None:
    sms = started(post, Acceptance(ids={"+86lin": "S-1"}, errors={"+86wang": SendRefused("no", scope=Scope.RECIPIENT)}))
    post.channel("backup", Batching())
    post.courier.reload()
    post.put("sms", "backup", to=("lin", "wang"))
    post.go(5)
    assert len(sms.heard) == 1
    by_channel = sorted((row.delivery.channel, row.delivery.recipient.name, row.delivery.phase) for row in post.rows())
    assert by_channel == [
        ("backup", "wang", Phase.SENT),
        ("sms", "lin", Phase.SENT),
        ("sms", "wang", Phase.FAILED_OVER),
    ]


def test_a_numbers_own_limit_is_waited_for_without_the_others(post: Post) -> None:
    over = SendWait("30 s", seconds=30.0)
    sms = started(post, Acceptance(ids={"+86lin": "S-1", "+86may": "S-3"}, errors={"+86wang": over}), Acceptance())
    post.put("sms", to=THREE)
    post.go(29)
    assert asked(sms) == [list(THREE)]
    post.go(30)
    assert asked(sms) == [list(THREE), ["wang"]]
    assert set(post.phases().values()) == {Phase.SENT}


def test_what_may_have_reached_one_is_marked_for_them_alone(post: Post) -> None:
    lost = SendFailed("no word", ambiguous=True)
    sms = started(post, Acceptance(ids={"+86lin": "S-1"}, errors={"+86wang": lost}), Acceptance())
    post.put("sms", to=("lin", "wang"))
    post.go(60)
    assert asked(sms) == [["lin", "wang"], ["wang"]]
    assert [message.repeat for message in sms.heard] == [False, True]


def test_an_account_that_runs_dry_within_a_request_opens_the_breaker(post: Post) -> None:
    dry = SendRefused("arrears", scope=Scope.CHANNEL)
    started(post, Acceptance(ids={"+86lin": "S-1"}, errors={"+86wang": dry, "+86may": dry}))
    post.put("sms", to=THREE)
    post.quiet()
    assert post.row(1).phase is Phase.SENT
    assert post.row(2).phase is Phase.WAITING
    assert post.lane().breaker is State.OPEN


def test_a_cause_that_some_share_sends_each_of_them_alone(post: Post) -> None:
    shared = SendRefused("one of you", scope=Scope.RECIPIENT)

    def answer(message: Message) -> Acceptance:
        if len(message.recipients) == 3:
            return Acceptance(ids={"+86lin": "S-1"}, errors={"+86wang": shared, "+86may": shared})
        return Acceptance(provider_id="alone")

    sms = Batching(answer=answer)
    post.channel("sms", sms)
    post.courier.start()
    post.put("sms", to=THREE)
    post.go(5)
    assert sorted(asked(sms)) == [["lin", "wang", "may"], ["may"], ["wang"]]
    assert [post.row(number).provider_id for number in (1, 2, 3)] == ["S-1", "alone", "alone"]
