"""What in a text is different each time: numbers, ids, addresses, times, what is quoted.

Two texts that differ only there are the same one. One sign stands for all of it: were there one for numbers and another
for ids, an id that happens to have digits only would make another text of the same message.
"""

import re

SIGN = "<*>"
MOST_READ, MOST_WRITTEN = 65_536, 500  # characters

# Every alternative begins only where a run of its own characters begins, so that no text takes longer than its length.
_VARYING = re.compile(
    r"""
      (?<!\w)'[^'\n]*'(?!\w)  |  "[^"\n]*"  |  `[^`\n]*`  |  “[^”\n]*”  |  «[^»\n]*»  |  「[^」\n]*」
    | (?<![\w.+%-])[\w.+%-]+@[\w-][\w.-]*                                # somebody's address
    | (?<![0-9A-Za-z])[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}(?![0-9A-Za-z])
    | (?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])      # IPv6, hardware addresses, times of day
    | (?<![0-9A-Za-z_-])(?=[A-Za-z_-]*[0-9])(?=[0-9A-Z_-]*[a-z])(?=[0-9a-z_-]*[A-Z])[0-9A-Za-z_-]{20,}
    | (?<![0-9A-Za-z])[0-9A-Fa-f]{8,}(?![0-9A-Za-z])
    | (?:(?<!\w)[-+](?=\d) | (?<![0-9A-Za-z]))[A-Za-z]*\d[0-9A-Za-z]*    # any word with a digit in it
    | \d
    """,
    re.VERBOSE,
)
_BETWEEN = re.compile(r"[\s.,:;+_|%-]{0,3}")  # between two varying parts: they are one, however many they are
_VERSION = re.compile(r"v\d{1,3}")  # a part of a path that says which interface it is
_GENERATED = re.compile(r"\$\$.*|\$Proxy\d+.*|(?<![0-9A-Za-z])(?=[a-f]*\d)[0-9a-f]{6,}(?![0-9A-Za-z])")


def alike(text: str) -> str:
    """Write the text with a sign in place of all that varies, on one line, cut."""
    parts: list[str] = []
    text, length, end = text[:MOST_READ], 0, 0
    for found in _VARYING.finditer(text):
        between = text[end : found.start()]
        if not (parts and _BETWEEN.fullmatch(between)):
            parts.append(between + SIGN)
            length += len(parts[-1])
        end = found.end()
        if length > MOST_WRITTEN:
            break
    else:
        parts.append(text[end : end + MOST_WRITTEN])
    return " ".join("".join(parts).split())[:MOST_WRITTEN]


def route(text: str) -> str:
    """The same for a route or a task: the parts of a path stay apart, and which version it is stays."""
    path = text[:MOST_READ].partition("?")[0].partition("#")[0]
    if "/" not in path:
        return alike(path)
    return "/".join(part if _VERSION.fullmatch(part) else alike(part) for part in path.split("/")[:50])[:MOST_WRITTEN]


def module(text: str) -> str:
    """A module or a file without what a compiler, a bundler or a deployment put into its name."""
    return _GENERATED.sub(SIGN, text[:MOST_WRITTEN].replace("\\", "/"))
