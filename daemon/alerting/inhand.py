"""Who has an alert in hand, who else is told when nobody has, and what became of both so far."""

from collections.abc import Sequence

import msgspec

from daemon.alerting import acknowledge, ladder
from daemon.alerting.said import moment
from daemon.store import acks, escalations
from daemon.store.acks import Ack
from daemon.store.alerts import Trace
from daemon.store.base import Tx
from daemon.store.escalations import Ladder, Stage


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was decided about it: acknowledged, reminded, a step told or put off."""

    at: float
    stage: str
    verdict: str
    detail: str


class InHand(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands: the acknowledgement, the escalations, and what happened to them in order."""

    ack: Ack | None
    escalations: list[Ladder]
    turns: list[Turn]

    def sentence(self, now: float) -> str:
        """Who has it in hand, else when somebody else is told; empty where neither is so."""
        if self.ack is not None:
            return f"{self.ack.author} has it in hand until {moment(self.ack.until, now)}"
        running = [one for one in self.escalations if one.state is Stage.RUNNING and one.next_at is not None]
        soonest = min(running, key=lambda one: one.next_at or 0.0, default=None)
        if soonest is None or soonest.next_at is None or soonest.is_done:
            return ""
        step = soonest.steps[soonest.step]
        who = ", ".join(step.to) or "the room"
        held = f" ({soonest.muted})" if soonest.muted else ""
        return (
            f"{who} by {', then '.join(step.by)} is told at {moment(soonest.next_at, now)} if nobody takes it on{held}"
        )


def of(tx: Tx, alert_id: int, traces: Sequence[Trace]) -> InHand:
    """Read it."""
    stages = (acknowledge.STAGE, ladder.STAGE)
    return InHand(
        ack=acks.get(tx, alert_id),
        escalations=escalations.of_alert(tx, alert_id),
        turns=[
            Turn(at=trace.at, stage=step.stage, verdict=step.verdict, detail=step.detail)
            for trace in traces
            for step in trace.steps
            if step.stage in stages
        ],
    )
