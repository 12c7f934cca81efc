"""What is told of each outcome: a line in the log, a number, and an alarm where somebody has to act."""

import logging

from daemon import telemetry
from daemon.delivery import handsets
from daemon.delivery.alarms import Alarms
from daemon.delivery.breaker import Breaker
from daemon.delivery.desk import Answer, Haul
from daemon.delivery.verdict import Step
from daemon.errors import SendError
from daemon.notice import Acceptance, Phase
from daemon.store.outbox import Claimed

log = logging.getLogger("tocsin.delivery")

_LEVELS = {
    Step.SENT: logging.INFO,
    Step.ALONE: logging.INFO,
    Step.LATER: logging.WARNING,
    Step.FAIL_OVER: logging.WARNING,
    Step.DEAD: logging.ERROR,
}


class Report:
    """One lane's."""

    def __init__(self, channel: str, alarms: Alarms) -> None:
        self._channel = channel
        self._alarms = alarms
        self._count()

    def _count(self) -> None:
        """Take hold of what is counted of the channel. What was held before counts on, and nobody sees it."""
        channel = self._channel
        self._outcomes = {step: telemetry.deliveries.labels(channel, step.value) for step in Step}
        self._folded = telemetry.deliveries.labels(channel, Phase.FOLDED.value)
        self._age = telemetry.delivery_seconds.labels(channel)
        self._took = telemetry.send_seconds.labels(channel)
        self._warnings = telemetry.delivery_warnings.labels(channel)

    def opened(self) -> None:
        """The channel is served."""
        self._count()
        telemetry.breaker_open.labels(self._channel).set(0)

    def closed(self) -> None:
        """The channel is no longer configured: what stood last must not stand for ever."""
        telemetry.forget("channel", self._channel)
        self._alarms.gone(self._channel)

    def tried(self, seconds: float, outcome: Acceptance | SendError) -> None:
        """How long one try took, and how much was amiss with what went."""
        self._took.observe(seconds)
        if isinstance(outcome, Acceptance):
            self._warnings.inc(len(outcome.warnings))
            self._alarms.works(self._channel)

    def round(self, haul: Haul, answers: list[Answer], reason: str, now: float) -> None:
        """Everything that is on disk now."""
        for answer, kept in zip(answers, haul.settled, strict=True):
            self._settled(answer, kept=kept, now=now)
        for claimed, phase in haul.gone:
            self._ended(claimed, Step.FAIL_OVER if phase is Phase.FAILED_OVER else Step.DEAD, reason)
        handsets.tell(haul.words, self._alarms)
        if haul.folded:
            log.info("%s: %d messages that waited are told in company", self._channel, haul.folded)
            self._folded.inc(haul.folded)
        if haul.taken.unreadable:
            codes = ", ".join(haul.taken.unreadable)
            log.error("%s cannot be read and went to the dead letters", codes, extra={"channel": self._channel})
            self._alarms.unreadable(self._channel, f"{codes}: see `tocsinctl deliveries list --phase dead`")

    def breaker(self, before: Breaker, after: Breaker, about: Claimed | None) -> None:
        """The breaker opened, stayed open after a trial, or closed."""
        if after.shut == before.shut and after.until == before.until:
            return
        telemetry.breaker_open.labels(self._channel).set(after.shut)
        extra = {"channel": self._channel}
        if not after.shut:
            log.info("%s works again", self._channel, extra=extra)
            self._alarms.closed(self._channel)
            return
        log.warning("%s rests for %g s: %s", self._channel, after.pause, after.reason, extra=extra)
        self._alarms.broken(self._channel, about.notice.alert if about else None, after.reason)

    def _settled(self, answer: Answer, *, kept: bool, now: float) -> None:
        claimed, verdict = answer.claimed, answer.verdict
        if not kept:
            log.warning(
                "%s was taken over by somebody else; %s is not written",
                claimed.delivery.code, verdict.step, extra=self._extra(claimed),
            )  # fmt: skip
            return
        if verdict.step is Step.SENT:
            self._age.observe(max(0.0, now - claimed.delivery.created_at))
            if verdict.acceptance and verdict.acceptance.warnings:
                self._warned(claimed, verdict.acceptance)
        self._ended(claimed, verdict.step, verdict.reason)

    def _warned(self, claimed: Claimed, acceptance: Acceptance) -> None:
        for warning in acceptance.warnings:
            log.warning("%s went, but: %s", claimed.delivery.code, warning, extra=self._extra(claimed))
        self._alarms.amended(self._channel, claimed.notice.alert, "\n".join(acceptance.warnings))

    def _ended(self, claimed: Claimed, step: Step, reason: str) -> None:
        self._outcomes[step].inc()
        delivery = claimed.delivery
        who = delivery.recipient.name or "the room"
        log.log(
            _LEVELS[step], "%s to %s over %s: %s%s", delivery.code, who, self._channel, step,
            f": {reason}" if reason else "", extra=self._extra(claimed),
        )  # fmt: skip
        text = f"{delivery.code} to {who} about {claimed.notice.alert.code}: {reason}"
        if step is Step.DEAD:
            self._alarms.dead(self._channel, claimed.notice.alert, text)
        elif step is Step.FAIL_OVER:
            self._alarms.failed_over(self._channel, claimed.notice.alert, text)

    def _extra(self, claimed: Claimed) -> dict[str, str]:
        return {
            "alert": claimed.notice.alert.code,
            "delivery": claimed.delivery.code,
            "channel": self._channel,
        }
