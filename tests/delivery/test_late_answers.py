"""Answers to what was sent before the breaker opened, a trial was made, or the channel was removed."""

from gevent.event import Event

from daemon import telemetry
from daemon.errors import Scope, SendFailed, SendRefused
from daemon.event import Severity
from daemon.notice import Acceptance, Message
from delivering import Post, Provider, raising


class Hanging:
    """Messages called "slow" and "trial" wait for their gate; the trial is a yes, all others fail while `down`."""

    def __init__(self) -> None:
        self.gates = {"slow": Event(), "trial": Event()}
        self.down = True

    def __call__(self, message: Message) -> Acceptance:
        title = message.alert.title
        if gate := self.gates.get(title):
            gate.wait()
        if title == "slow" or (self.down and title != "trial"):
            raise SendFailed(f"{title} failed")
        return Acceptance()


def on_trial(post: Post, provider: Hanging) -> None:
    """Ten slow sends are under way, five failures opened the breaker, its pause is over, the trial is under way."""
    post.channel("sms", Provider(answer=provider), pool=30)
    post.courier.start()
    for _ in range(10):
        post.put("sms", title="slow")
    for _ in range(5):
        post.put("sms")
    post.quiet()
    assert post.lane().breaker == "open"
    post.put("sms", severity=Severity.CRITICAL, title="trial")
    post.go(10.1)
    assert post.lane().breaker == "half-open"


def test_late_failures_are_not_the_failed_trial(post: Post) -> None:
    provider = Hanging()
    on_trial(post, provider)
    provider.gates["slow"].set()
    post.quiet()
    assert post.lane().breaker == "half-open"
    provider.down = False
    provider.gates["trial"].set()
    post.quiet()
    assert post.lane().breaker == "closed"


def test_late_failures_do_not_shut_a_channel_that_works_again(post: Post) -> None:
    provider = Hanging()
    on_trial(post, provider)
    provider.down = False
    provider.gates["trial"].set()
    post.quiet()
    assert post.lane().breaker == "closed"
    provider.gates["slow"].set()
    post.quiet()
    assert post.lane().breaker == "closed"


def gauge(channel: str) -> float | None:
    return telemetry.REGISTRY.get_sample_value("tocsin_breaker_open", {"channel": channel})


def test_a_channel_that_is_removed_with_its_breaker_open_leaves_no_number_behind(post: Post) -> None:
    post.channel("ghost", Provider(answer=raising(SendRefused("arrears", scope=Scope.CHANNEL))))
    post.courier.start()
    assert gauge("ghost") == 0
    post.put("ghost")
    post.quiet()
    assert gauge("ghost") == 1
    post.without("ghost")
    post.courier.reload()
    post.quiet()
    assert gauge("ghost") is None
    post.channel("ghost", Provider())
    post.courier.reload()
    assert gauge("ghost") == 0


def test_what_a_removed_channel_is_still_told_does_not_show_either(post: Post) -> None:
    gate = Event()
    arrears = raising(SendRefused("arrears", scope=Scope.CHANNEL))
    post.channel("late", Provider(answer=lambda message: gate.wait() and arrears(message)))
    post.courier.start()
    post.put("late")
    post.quiet()
    post.without("late")
    post.courier.reload()
    gate.set()
    post.quiet()
    assert gauge("late") is None


def test_a_channel_that_was_never_configured_has_no_breaker_to_show(post: Post) -> None:
    post.put("nobody")
    post.courier.start()
    post.quiet()
    assert gauge("nobody") is None
