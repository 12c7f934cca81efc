"""What resources and pages are called: without what differs each time, so that there are few of them."""

import re

LONGEST = 4_096  # characters that are looked at; what is said in more of them has the same beginning

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HEX = re.compile(r"[0-9a-fA-F]{8,}")
_WORD = re.compile(r"[^\s:/.,|#_-]+")
_MANY_DIGITS = 4  # in one word: no name has so many
_LONG_WORD = 24  # characters with a digit among them: a token

# Texts, remarks, numbers and places for values; none of it can be gone back over.
_VALUES = re.compile(
    r"""(?P<text>'(?:[^'\\]++|\\.|'')*+'?)
      | (?P<name>"(?:[^"\\]++|\\.)*+"?)
      | (?P<remark>/\*.*?(?:\*/|\Z)|--[^\n]*+)
      | (?P<value>(?<![\w.$"`])[-+]?(?:0[xX][0-9a-fA-F]++|\d++(?:\.\d*+)?(?:[eE][-+]?\d++)?)(?!\w)
          |%s|%\(\w++\)s|\$\d++|(?<!:):\w++|@\w++|\?)""",
    re.VERBOSE | re.DOTALL,
)
_LIST = re.compile(r"\(\s*+\?(?:\s*+,\s*+\?)*+\s*+\)")
_LISTS = re.compile(r"\(\?\)(?:\s*+,\s*+\(\?\))++")
_QUOTED_NAME = re.compile(r'"[A-Za-z_][\w$]*+"')
_DOCUMENT = re.compile(r'\{\s*"(\w+)"\s*:\s*"([\w.-]+)"')


def query(text: str) -> str:
    """A database query with places for its values."""
    text = text[:LONGEST]
    if text.startswith("{"):
        found = _DOCUMENT.match(text)
        return f"{found[1]} {found[2]}" if found else "document"
    text = " ".join(_VALUES.sub(_place, text).split())
    return _LISTS.sub("(?)", _LIST.sub("(?)", text))


def command(text: str) -> str:
    """A command to a key-value store: what it does and to which key, none of its other words."""
    words = text[:LONGEST].split(None, 2)
    if not words:
        return ""
    return words[0].upper() + (f" {key(words[1])}" if len(words) > 1 else "")


def key(text: str) -> str:
    """The first of some keys, with places for what tells one from another."""
    first = text[:LONGEST].partition(",")[0].strip(" '\"[]()")
    return _WORD.sub(_word, _UUID.sub("*", first))


def address(text: str) -> str:
    """`GET https://host/path`: without the query, with places for ids."""
    method, _, url = text[:LONGEST].strip().rpartition(" ")
    url = url.partition("?")[0].partition("#")[0]
    scheme, colon, rest = url.partition("://")
    host, slash, path = rest.partition("/") if colon else ("", "", url)
    host = host.rpartition("@")[2]
    made = f"{scheme}{colon}{host}{slash}{page(path)}" if colon else page(url)
    return f"{method} {made}" if method else made


def page(path: str) -> str:
    """The path of a page, with places for ids."""
    path = path[:LONGEST].partition("?")[0].partition("#")[0]
    return "/".join("*" if _is_id(one) else one for one in path.split("/"))


def _is_id(step: str) -> bool:
    """Whether a step of a path tells one thing from its like."""
    if not step or not ("@" in step or any(c.isdigit() for c in step)):
        return False
    return "@" in step or _is_value(step) or _UUID.fullmatch(step) is not None or _tells(step)


def _tells(step: str) -> bool:
    name, dot, ending = step.rpartition(".")
    words = _WORD.findall(name if dot and not ending.isdigit() else step)
    return bool(words) and any(_is_value(word) for word in words)


def _word(found: re.Match[str]) -> str:
    return "*" if _is_value(found[0]) else found[0]


def _is_value(word: str) -> bool:
    digits = sum(c.isdigit() for c in word)
    if not digits:
        return False
    return digits == len(word) or digits >= _MANY_DIGITS or len(word) >= _LONG_WORD or _HEX.fullmatch(word) is not None


def _place(found: re.Match[str]) -> str:
    if found["remark"]:
        return " "
    if found["name"] and _QUOTED_NAME.fullmatch(found["name"]):
        return found["name"]
    return "?"
