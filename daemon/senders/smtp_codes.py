"""What each answer of a mail server means for the mail: by the command that it answers, and its code.

RFC 5321, 4.2; RFC 3463 for the codes with dots, whose class counts where the two differ.
"""

from daemon.declared import Answers, failed, refused, sent, wait
from daemon.errors import Scope
from daemon.senders.smtp_talk import CLOSING, Reply

GREY = 60.0  # seconds to wait for a mailbox that is not to be had now: less than greylists want at first
# Not 501 and 504, which speak of the argument: of one mailbox, when they answer RCPT.
_CONFIGURATION = frozenset((500, 502, 503, 521, 530, 534, 538))
_OF_ADDRESSES = (".1.", ".2.")  # of the codes with dots: about an address, about a mailbox

ANSWERS = Answers(
    sent("DATA 250", "DATA 2*"),
    wait(
        "RCPT 450",
        "RCPT 451",
        "RCPT 452",
        "RCPT 4*",
        means="not this mailbox now: greylisting, busy, full",
        seconds=GREY,
        scope=Scope.RECIPIENT,
    ),
    failed("RCPT 421", means="the server closes the connection"),
    failed("RCPT 552", means="too many recipients, as old servers say it"),
    refused("RCPT 550", "RCPT 551", "RCPT 553", "RCPT 5*", means="no such mailbox", scope=Scope.RECIPIENT),
    refused("DATA 5.1.*", "DATA 5.2.*", means="no such mailbox, said late", scope=Scope.RECIPIENT),
    refused("MAIL 552", "MAIL 5.3.4", means="too large for the server"),
    refused("DATA 552", "DATA 554", "DATA 5*", means="the server does not want this mail: too large, spam"),
    refused("AUTH 535", "AUTH 5*", means="wrong user or password", scope=Scope.CHANNEL),
    refused("MAIL 550", "MAIL 5*", means="the sender is refused, or has to log in", scope=Scope.CHANNEL),
    refused(
        *(f"{command} {code}" for command in ("RCPT", "DATA") for code in sorted(_CONFIGURATION)),
        means="log in, encrypt, or talk otherwise",
        scope=Scope.CHANNEL,
    ),
    refused("CONNECT 5*", "EHLO 5*", "STARTTLS 5*", means="the server does not want us", scope=Scope.CHANNEL),
    otherwise=failed(means="421, 450, 451, 452, 454, 455 and all else: not now"),
)  # fmt: skip


def key(command: str, reply: Reply) -> str:
    """By what a reply stands in the table: `RCPT 550`, or `RCPT 5.1.1` where it has a code with dots that says more."""
    code, enhanced = str(reply.code), reply.enhanced
    if not enhanced or reply.code == CLOSING or (reply.code in _CONFIGURATION and enhanced[1:4] not in _OF_ADDRESSES):
        return f"{command} {code}"
    return f"{command} {enhanced}"
