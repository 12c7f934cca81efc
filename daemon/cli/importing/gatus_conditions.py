"""Gatus's conditions in tocsin's words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from daemon.cli.importing.part import Part
from daemon.cli.importing.watched import Probe, literal, pattern_of, quoted_text, spelt
from daemon.config.findings import quoted

_OPERATOR = re.compile(r"\s(==|!=|<=|>=|<|>)(?:\s|$)")
_FUNCTION = re.compile(r"(?P<name>len|has|pat|any)\((?P<inside>.*)\)", re.DOTALL)
_PLACEHOLDER = re.compile(r"\[(?P<name>[A-Za-z_]+)\](?P<path>.*)", re.DOTALL)
_STEP = re.compile(r"\.?(?P<name>[^.\[\]\s'\"?*$()@]+)|\[(?P<index>\d{1,9}|\*)\]")
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_GO = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h))+", re.ASCII)
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_CODES = re.compile(r"([1-5]\d?)(?:\*|\?{1,2})", re.ASCII)  # 2*, 20?
_LONGEST = 1_900  # of a condition

ORDER = frozenset(("<", "<=", ">", ">="))


class Untranslatable(Exception):
    """There is nothing like it; the text is why."""


class Upside(Exception):
    """The endpoint is well as long as it cannot be reached."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What Gatus's placeholders are called in a kind of probe, and what of it is its [BODY]."""

    names: Mapping[str, str]
    body: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a condition: a placeholder with its path and function, or a value."""

    name: str = ""
    path: str = ""
    function: str = ""
    text: str = ""


def translated(part: Part | None, meaning: Meaning, probe: Probe) -> list[str]:
    """The conditions that can be said; the others are named."""
    found = []
    for one in part.items() if part else []:
        text = one.text()
        try:
            condition = _one(text, meaning, probe)
        except Upside:
            if len(part.items() if part else []) > 1:
                raise  # no other condition holds of what cannot be reached: it is never well
            probe["upside_down"] = True
            continue
        except Untranslatable as error:
            one.left(f"{quoted(text)}: {error}")
            continue
        if len(condition) > _LONGEST:
            one.left(f"{quoted(text)}: is longer than a condition may be")
        elif condition:
            found.append(condition)
    return found


def _one(text: str, meaning: Meaning, probe: Probe) -> str:
    """One of them; empty where the kind says as much itself."""
    match = _OPERATOR.search(text)
    if match is None:
        raise Untranslatable("is not <value> <comparison> <value>")
    left, operator, right = _side(text[: match.start()]), match[1], _side(text[match.end() :])
    if not left.name:
        left, operator, right = right, _TURNED[operator], left
    if not left.name or right.name:
        raise Untranslatable("compares two values of the answer" if left.name else "is about no value of the answer")
    if left.name == "CONNECTED":
        return _connected(operator, right)
    if left.name == "BODY":
        return _of_body(left, operator, right, meaning)
    if left.name == "DNS_RCODE" and "DNS_RCODE" in meaning.names:
        return _of_rcode(operator, right, probe)
    name = meaning.names.get(left.name)
    if name is None or left.path or left.function:
        raise Untranslatable(_WHY.get(left.name, "tocsin does not see this here"))
    return _compared(name, operator, right, _UNITS.get(left.name, "text"))


def _side(text: str) -> Side:
    """Read one side."""
    text = text.strip()
    function = _FUNCTION.fullmatch(text)
    if function is not None:
        inside = _PLACEHOLDER.fullmatch(function["inside"].strip())
        if inside is not None and function["name"] in ("len", "has"):
            return Side(inside["name"].upper(), inside["path"], function["name"])
        return Side(function=function["name"], text=function["inside"])
    placeholder = _PLACEHOLDER.fullmatch(text)
    if placeholder is not None:
        return Side(placeholder["name"].upper(), placeholder["path"])
    return Side(text=text)


def _connected(operator: str, right: Side) -> str:
    if (operator, right.text) in (("==", "true"), ("!=", "false")):
        return ""  # what cannot be reached is down anyway
    raise Upside


def _of_rcode(operator: str, right: Side, probe: Probe) -> str:
    """The kind compares it itself."""
    if operator != "==" or right.function or not right.text.isalnum():
        raise Untranslatable("the code of the answer is `rcode` of the probe")
    if right.text.upper() != "NOERROR":
        probe["rcode"] = right.text.upper()
    return ""


def _of_body(left: Side, operator: str, right: Side, meaning: Meaning) -> str:
    if not meaning.body:
        raise Untranslatable("tocsin sees no body here")
    if meaning.body == "answers":
        if left.path or left.function:
            raise Untranslatable("the records are a list: any answers, all answers")
        return _of_answers(operator, right)
    if left.path:
        return _of_json(left, operator, right)
    if left.function == "has":
        raise Untranslatable("there is a body, or there is none: length body > 0")
    if left.function == "len":
        return _compared("body.size", operator, right, "number")
    return _compared("body", operator, right, "text")


def _of_json(left: Side, operator: str, right: Side) -> str:
    path = _path(left.path)
    if left.function == "has":
        if operator not in ("==", "!=") or right.text not in ("true", "false"):
            raise Untranslatable("has() is true or false")
        return f'json "{path}" {"" if (operator == "==") is (right.text == "true") else "not "}exists'
    if left.function == "len":
        return _compared(f'length json "{path}"', operator, right, "number")
    if "[*]" in path:
        return _compared(f'all json "{path}"', operator, right, "any")
    # Gatus takes what is not there for something else.
    return _compared(f'json "{path}{"?" if operator == "!=" else ""}"', operator, right, "any")


def _of_answers(operator: str, right: Side) -> str:
    """Gatus sees the last record as the body."""
    if operator not in ("==", "!="):
        raise Untranslatable("records are not larger or smaller")
    if operator == "!=":
        return _compared("all answers", operator, right, "text")
    return _compared("any answers", operator, right, "text")


def _compared(name: str, operator: str, right: Side, unit: str) -> str:
    """`name` compared with a value in a unit."""
    if right.function == "pat":
        return _matching(name, operator, right.text, unit)
    if right.function == "any":
        values = ", ".join(_value(one.strip(), unit) for one in right.text.split(","))
        if operator not in ("==", "!="):
            raise Untranslatable("any() is compared with == or !=")
        return f"{name} {'' if operator == '==' else 'not '}in {values}"
    if right.function:
        raise Untranslatable(f"{right.function}() stands on the other side")
    if operator in ORDER and unit in ("text", "any") and not _NUMBER.fullmatch(right.text):
        raise Untranslatable("compares what is no number")
    return f"{name} {operator} {_value(right.text, unit)}"


def _value(text: str, unit: str) -> str:
    """A value as the unit is written here. Gatus's plain numbers of time are milliseconds."""
    if unit in ("ms", "days"):
        seconds = float(text) / 1000 if _NUMBER.fullmatch(text) else _duration(text)
        return spelt(seconds) if seconds > 0 else "0"
    if unit == "number":
        if not _NUMBER.fullmatch(text):
            raise Untranslatable(f"{quoted(text)} is not a number")
        return text
    return quoted_text(text) if unit == "text" and not _NUMBER.fullmatch(text) else literal(text)


def _duration(text: str) -> float:
    if not _GO.fullmatch(text):
        raise Untranslatable(f"{quoted(text)} is not a time")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PIECE.findall(text))


def _matching(name: str, operator: str, pattern: str, unit: str) -> str:
    """A pattern with stars, as a pattern of RE2 or, where that says as much, as a text that is somewhere in it."""
    if unit == "number" and operator in ("==", "!=") and (codes := _CODES.fullmatch(pattern)):
        low, high = codes[1].ljust(3, "0"), codes[1].ljust(3, "9")
        return f"{name} {'' if operator == '==' else 'not '}in {low}-{high}"
    if operator not in ("==", "!=") or unit not in ("text", "any"):
        raise Untranslatable("pat() is compared with == or !=, and of texts")
    core = pattern.strip("*")
    starts, ends = pattern[:1] != "*", pattern[-1:] != "*"
    if core and not starts and not ends and not any(sign in core for sign in "*?[\\"):
        return f"{name} {'' if operator == '==' else 'not '}has {quoted_text(core)}"
    written = ("^" if starts else "") + _regular(core) + ("$" if ends else "")
    return f"{name} {'~' if operator == '==' else '!~'} {pattern_of(f'(?s){written}')}"


def _regular(glob: str) -> str:
    found = ""
    for character in glob:
        if character == "*":
            found += ".*"
        elif character == "?":
            found += "."
        elif character in "[]\\":
            raise Untranslatable("classes of characters in pat() are not carried over")
        else:
            found += re.escape(character) if character.isascii() and not character.isspace() else character
    return found


def _path(text: str) -> str:
    """A path into JSON: `.a[0].b`."""
    steps, position = "", 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise Untranslatable("this path is not known here")
        steps += f"[{match['index']}]" if match["index"] else f".{match['name']}"
        position = match.end()
    return f"${steps}"


_UNITS = {"RESPONSE_TIME": "ms", "CERTIFICATE_EXPIRATION": "days", "STATUS": "number", "IP": "text"}
_WHY = {
    "DOMAIN_EXPIRATION": "when a domain expires is not seen: no registry is asked",
    "CONTEXT": "there are no suites",
    "CERTIFICATE_EXPIRATION": "there is no certificate here",
    "STATUS": "there is no status here",
    "DNS_RCODE": "only dns has such a code",
}
