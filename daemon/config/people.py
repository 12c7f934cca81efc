"""What the addresses of people look like."""

import re
from typing import NamedTuple

from daemon.telegram import CHAT


class Form(NamedTuple):
    """What an address of one kind looks like, and one that does."""

    pattern: re.Pattern[str]
    example: str


# Of what stands before the @ (RFC 5321's dot-string, RFC 6531's other scripts), and of each label of a domain.
_LOCAL = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL = rf"(?=[^@]{{1,64}}@[^@]{{1,253}}\Z){_LOCAL}(?:\.{_LOCAL})*@{_LABEL}(?:\.{_LABEL})*"

# The fields of a person by which channels reach people.
FORMS = {
    "phone": Form(re.compile(r"\+?[0-9]{5,15}"), "+8613800000001"),
    "email": Form(re.compile(_EMAIL), "lin@example.com"),
    "wecom": Form(re.compile(r"[A-Za-z0-9][A-Za-z0-9_@.-]{0,63}"), "LinWei"),
    "dingtalk": Form(re.compile(r"[A-Za-z0-9_.$:+/=-]{1,64}"), "manager4220"),
    "feishu": Form(re.compile(r"[A-Za-z0-9_@.-]{1,128}"), "ou_7d8a6e6df7621556ce0d21922b676706"),
    "slack": Form(re.compile(r"[UW][A-Z0-9]{2,20}|@[a-z0-9._-]{1,80}"), "U024BE7LH"),
    "telegram": Form(CHAT, "123456789"),
}
