"""Which messages call somebody by name in a group chat."""

from daemon.event import Severity, State
from daemon.notice import Message, Reason


def calls(message: Message, mention_from: Severity) -> bool:
    """Whether this message mentions somebody: it fires, is bad enough, and brings no news of an end."""
    firing = message.state is State.FIRING and message.notice.reason is not Reason.SOME_RESOLVED
    return firing and message.alert.severity.urgency <= mention_from.urgency
