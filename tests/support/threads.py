"""Which mails a mail program shows as one conversation (jwz.org/doc/threading.html, by ids alone)."""

from collections.abc import Sequence
from email.message import EmailMessage
from itertools import pairwise


def conversations(mails: Sequence[EmailMessage]) -> list[int]:
    """How many mails each conversation has, in the order of their first mails."""
    parent: dict[str, str] = {}

    def root(one: str) -> str:
        while one in parent:
            one = parent[one]
        return one

    for mail in mails:
        chain = [*(mail["References"] or "").split(), mail["Message-ID"]]
        for above, below in pairwise(chain):
            # A link that is there is left alone, and none may make a ring.
            if below not in parent and root(above) != below:
                parent[below] = above
    counted: dict[str, int] = {}
    for mail in mails:
        first = root(mail["Message-ID"])
        counted[first] = counted.get(first, 0) + 1
    return list(counted.values())
