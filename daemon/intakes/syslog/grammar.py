"""One line of syslog, as RFC 5424 has it, and as RFC 3164 and what is written in its name have it.

    <165>1 2026-11-21T22:00:00Z db-1 postgres 812 - [meta seq="7"] text      RFC 5424
    <34>Nov 21 22:00:00 db-1 su[812]: text                                    RFC 3164
    <34>su: text           Nov 21 22:00:00 su[812]: text           text       what programs and machines also send

Nothing is refused: what cannot be told apart is text. The time is not read, for half of them have no year or no zone.
"""

import re
from typing import NamedTuple

LONGEST = 8_192  # bytes of a line; what is beyond is cut off
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", *(f"local{i}" for i in range(8)),
)  # fmt: skip
_USER_NOTICE = 13  # what RFC 3164 takes a line for that does not say what it is
_MOST_DATA = 64  # parameters of structured data
_LONGEST_NAME, _LONGEST_APP = 255, 64

_PRIORITY = re.compile(r"<(\d{1,3})>")
_NEW = re.compile(r"1 (\S+) (\S{1,255}) (\S{1,255}) (\S{1,255}) (\S{1,255}) ?")
_PARAMETER = re.compile(r' +([^\s=\]"]{1,128})="((?:[^"\\]|\\.)*)"', re.DOTALL)
_ELEMENT = re.compile(r"\[([^\s=\]\"]{1,128})")
_ESCAPED = re.compile(r'\\(["\\\]])')

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_OF_DAY = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_DATE = re.compile(
    r"(?:\d{1,12}: )?[*.]?(?:"  # the number of the line, and that a router's clock is not to be trusted
    rf"(?:\d{{4}} )?{_MONTH} [ \d]?\d (?:\d{{4}} )?{_OF_DAY}(?: \d{{4}})?(?: [A-Z]{{2,5}}(?=:))?"
    rf"|\d{{4}}-\d\d-\d\d[T ]{_OF_DAY}(?:Z|[+-]\d\d:?\d\d)?"
    r")(:?) +"
)
_TAG = re.compile(r"([^\s:\[\]\"'<>{}=,;]{1,64})(?:\[([^\]\s]{0,64})\])?:(?: +|$)")
_HOST = re.compile(r"([A-Za-z0-9_](?:[\w.:-]{0,253}\w)?) +", re.ASCII)
_FORWARDED = re.compile(r"Message forwarded from (\S{1,255}): +")  # as AIX says it
_FIREWALL = re.compile(r"(\S{1,255}): +(?=%)")  # its host stands where others have the program
_UNPRINTABLE = {**dict.fromkeys([*range(32), 127], " "), 0xFEFF: None}


class Line(NamedTuple):
    """What it says; a part that it does not tell is empty."""

    facility: str
    level: int  # 0 is the worst
    host: str
    app: str
    pid: str
    message: str
    data: dict[str, str]  # structured data: "id.name" -> value


def read(raw: bytes, *, is_local: bool = False) -> Line | None:
    """Read a line; None where there is nothing in it. What comes from this machine names no host."""
    text = raw[:LONGEST].decode("utf-8", "replace").removeprefix("\ufeff").strip(" \t\r\n\0")
    priority = _USER_NOTICE
    if found := _PRIORITY.match(text):
        said = int(found[1])
        if said < len(FACILITIES) * len(LEVELS):
            priority, text = said, text[found.end() :].lstrip(" ")
    if not text:
        return None
    facility, level = FACILITIES[priority // len(LEVELS)], priority % len(LEVELS)
    new = _NEW.match(text)
    if new:
        host, app, pid = ("" if one == "-" else one for one in (new[2], new[3], new[4]))
        data, message = _data(text[new.end() :])
    else:
        data = {}
        host, app, pid, message = _old(text, is_local=is_local)
    message = message.translate(_UNPRINTABLE).strip()
    return Line(facility, level, _name(host, _LONGEST_NAME), _name(app, _LONGEST_APP), pid, message, data)


def _old(text: str, *, is_local: bool) -> tuple[str, str, str, str]:
    """Host, program, process and text."""
    host = ""
    if dated := _DATE.match(text):
        text = text[dated.end() :]
        if forwarded := _FORWARDED.match(text):
            host, text = forwarded[1], text[forwarded.end() :]
        elif not dated[1] and not is_local and not _TAG.match(text) and (named := _HOST.match(text)):
            host, text = named[1], text[named.end() :].removeprefix(": ")
        elif is_local and not _TAG.match(text) and (named := _HOST.match(text)) and _TAG.match(text, named.end()):
            host, text = named[1], text[named.end() :]
        elif not dated[1] and (firewall := _FIREWALL.match(text)):
            host, text = firewall[1], text[firewall.end() :]
    if tag := _TAG.match(text):
        return host, tag[1], tag[2] or "", text[tag.end() :]
    return host, "", "", text


def _data(text: str) -> tuple[dict[str, str], str]:
    """Structured data and the text behind it; data that is not well-formed stays in the text."""
    if text == "-" or text.startswith("- "):
        return {}, text[2:]
    found: dict[str, str] = {}
    at = 0
    while element := _ELEMENT.match(text, at):
        at = element.end()
        while parameter := _PARAMETER.match(text, at):
            if len(found) < _MOST_DATA:
                found[f"{element[1]}.{parameter[1]}"] = _ESCAPED.sub(r"\1", parameter[2])
            at = parameter.end()
        if not text.startswith("]", at):
            return {}, text
        at += 1
    return found, text[at:]


def _name(text: str, longest: int) -> str:
    return "".join(c for c in text[:longest] if c.isprintable())
