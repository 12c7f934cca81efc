"""Every try is written down with the provider's own code: the first ones and the last ones of each delivery."""

from daemon.declared import Outcome
from daemon.errors import Scope, SendFailed, SendRefused, SendWait
from daemon.notice import Phase
from daemon.store import outbox
from daemon.store.attempts import FIRST, LAST, Attempt
from delivering import Batching, Post, Provider, raising
from kept import tries


def of(post: Post, delivery_id: int = 1) -> list[Attempt]:
    return tries(post.store.store, delivery_id)


def test_each_try_has_the_providers_code_and_words_and_what_was_done_then(post: Post) -> None:
    busy = SendWait("slow down", seconds=5, code="isv.BUSY")
    gone = SendFailed("no connection", code="ECONNREFUSED")
    post.channel("sms", Provider(answer=raising(busy, gone, None)))  # type: ignore[arg-type]
    post.courier.start()
    post.put("sms")
    post.go(600)
    found = of(post)
    assert [(one.n, one.outcome, one.step, one.code) for one in found] == [
        (1, Outcome.WAIT, "later", "isv.BUSY"),
        (2, Outcome.FAILED, "later", "ECONNREFUSED"),
        (3, Outcome.SENT, "sent", ""),
    ]
    assert found[1].words == "no connection"
    assert found[0].at < found[1].at < found[2].at
    assert post.row(1).phase is Phase.SENT


def test_a_refusal_is_written_for_the_delivery_that_failed_over_and_not_for_the_next(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(SendRefused("no such template", code="isv.TEMPLATE"))))
    post.channel("backup", Provider())
    post.courier.start()
    post.put("sms", "backup")
    post.quiet()
    assert [(one.outcome, one.step, one.code) for one in of(post, 1)] == [
        (Outcome.REFUSED, "failed_over", "isv.TEMPLATE")
    ]
    assert [one.outcome for one in of(post, 2)] == [Outcome.SENT]


def test_everybody_in_a_batch_has_had_the_try(post: Post) -> None:
    wrong = SendRefused("one of the numbers is wrong", code="isv.NUMBER", scope=Scope.RECIPIENT)
    post.channel("sms", Batching(answer=raising(wrong, None)))  # type: ignore[arg-type]
    post.courier.start()
    post.put("sms", to=("lin", "wang"))
    post.quiet()
    assert [[(one.step, one.code) for one in of(post, row)] for row in (1, 2)] == [
        [("alone", "isv.NUMBER"), ("sent", "")]
    ] * 2


def test_of_a_long_story_the_beginning_and_the_end_are_kept(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(SendFailed("no connection"))))
    post.courier.start()
    post.put("sms")
    post.go(7 * 3600)
    tried = post.row(1).attempts
    assert tried > FIRST + LAST
    assert [one.n for one in of(post)] == [*range(1, FIRST + 1), *range(tried - LAST + 1, tried + 1)]
    assert of(post)[-1].step == "dead"


def test_a_revived_delivery_goes_on_counting(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(SendRefused("no"), None)))  # type: ignore[arg-type]
    post.courier.start()
    post.put("sms")
    post.quiet()
    post.store.store.write(lambda tx: outbox.retry(tx, 1, post.clock.now()))
    post.go(1)
    assert [(one.n, one.step) for one in of(post)] == [(1, "dead"), (2, "sent")]
    assert post.row(1).attempts == 1


def test_what_was_not_tried_has_no_try(post: Post) -> None:
    post.put("sms")  # a channel that nobody configured
    post.courier.start()
    post.go(60)
    assert of(post) == []
