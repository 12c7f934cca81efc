"""A condition's text read against what a kind of probe can say.

condition  = [ "any" | "all" | "length" ] value test [ "from" node ]
value      = name [ "?" ] [ quoted ]            status, time.connect, header "Content-Type", json "$.ok"
test       = compare literal                    == != < <= > >=
           | ( "~" | "!~" ) quoted              an RE2 pattern that is found, or is not
           | [ "not" ] "in" one { "," one }     one = literal | number "-" number
           | [ "not" ] "has" literal            of a text, a list
           | [ "not" ] "exists"
"""

from collections.abc import Mapping

import msgspec

from daemon.conditions.condition import BODY, JSON, Condition, Quantity, Subject, Test, Value
from daemon.conditions.literals import SAYS, read, within
from daemon.conditions.tokens import Token, split
from daemon.errors import ConditionError, MatcherError
from daemon.fitting import cut
from daemon.matcher import pattern
from daemon.payload.paths import Path
from daemon.reading import Fact, Unit

ORDER = ("<", "<=", ">", ">=")
COMPARE = ("==", "!=", *ORDER)
MATCH = ("~", "!~")
WORDS = ("in", "has", "exists")
EXPECTED = "== != < <= > >= ~ !~ in has exists"
MAX_PROGRAM = 1_500  # of a pattern: a body has a megabyte, and takes so many times its characters at worst

_JSON = Fact("a value of the body's JSON", keyed=True)
_QUANTITIES: dict[str, Quantity] = {"any": "any", "all": "all", "length": "length"}
# What each unit can be asked, beside `in` and `exists`.
_ASKED: dict[Unit | None, tuple[str, ...]] = {
    "text": (*COMPARE, *MATCH, "has"),
    "flag": ("==", "!="),
    "list": ("has",),
    None: (*COMPARE, *MATCH, "has"),
}
_MEANT = {
    "=": "==",
    "===": "==",
    "=~": "~",
    "=>": ">=",
    "=<": "<=",
    "<>": "!=",
    "is": "==",
    "contains": "has",
    "includes": "has",
    "matches": "~",
}
_JOINED = frozenset(("and", "or", "&&", "||", "&", "|"))


def parse(text: str, gives: Mapping[str, Fact], kind: str = "") -> Condition:
    """Read a condition, or raise ConditionError. `gives` is what the readings of the `kind` carry."""
    source = text.strip()
    tokens, node = _from(split(source))
    quantity: Quantity = ""
    if len(tokens) > 1 and tokens[0].is_word(*_QUANTITIES) and tokens[1].kind == "word":
        quantity = _QUANTITIES[tokens[0].text]
        tokens = tokens[1:]
    subject, rest = _subject(tokens, gives, kind)
    subject, asked = _counted(subject, quantity)
    test, rest = _test(rest, subject, asked)
    if rest:
        raise ConditionError(_left_over(rest[0], test))
    return Condition(source, subject, test, quantity, node)


def _from(tokens: list[Token]) -> tuple[list[Token], str]:
    """Take the node off the end."""
    if not tokens:
        raise ConditionError("it is empty; write for example status == 200")
    if tokens[-1].is_word("from"):
        raise ConditionError("from which node? write its name behind it")
    if len(tokens) > 1 and tokens[-2].is_word("from"):
        return tokens[:-2], tokens[-1].text
    return tokens, ""


def _subject(tokens: list[Token], gives: Mapping[str, Fact], kind: str) -> tuple[Subject, list[Token]]:
    known = {**gives, JSON: _JSON} if BODY in gives else dict(gives)
    if not tokens or tokens[0].kind != "word":
        raise ConditionError("it begins with the value that it is about: status == 200")
    name, may_lack, rest = tokens[0].text.removesuffix("?"), tokens[0].text.endswith("?"), tokens[1:]
    if name == "not":
        raise ConditionError("not stands before in, has or exists: status not in 500-599")
    if name not in known:
        listed = ", ".join(f'{one} "…"' if fact.keyed else one for one, fact in known.items())
        whose = f"a probe of type {kind}" if kind else "this probe"
        can = f"{whose} can say {listed}" if known else f"{whose} says nothing that a condition could ask"
        raise ConditionError(f'there is no value "{cut(name, 40)}"; {can}', wrong=name, known=known)
    fact = known[name]
    key = rest[0].text if rest and rest[0].kind == "text" else None
    if fact.keyed and not key:
        example = 'json "$.status"' if name == JSON else f'{name} "name"'
        raise ConditionError(f"which {name}? write it in quotes behind it, such as {example}")
    if not fact.keyed and key is not None:
        raise ConditionError(f"{name} is one value, and takes no name behind it")
    if name == JSON and fact is _JSON:
        return _path(str(key), may_lack=may_lack), rest[1:]
    return Subject(name, key or "", fact.unit, may_lack=may_lack), rest[1:] if fact.keyed else rest


def _path(source: str, *, may_lack: bool) -> Subject:
    try:
        return Subject(JSON, source, None, Path(source.removesuffix("?")), may_lack or source.endswith("?"))
    except ValueError as error:
        raise ConditionError(str(error)) from None


def _counted(subject: Subject, quantity: Quantity) -> tuple[Subject, tuple[str, ...]]:
    """What is asked, and what may be: of each element whatever comes, of a length what numbers are asked."""
    many = subject.path is not None and subject.path.is_many
    if quantity == "length":
        if subject.unit not in (None, "list", "text"):
            raise ConditionError(f"{subject.name} is {SAYS[subject.unit]}: it has no length")
        return msgspec.structs.replace(subject, unit="number"), (*COMPARE, "in")
    if quantity:
        if subject.unit not in (None, "list"):
            raise ConditionError(f"{subject.name} is one value: leave out {quantity}")
        return msgspec.structs.replace(subject, unit=None), (*_ASKED[None], "in")
    if many:
        return subject, ("exists",)
    return subject, (*_ASKED.get(subject.unit, COMPARE), "exists", *(() if subject.unit == "list" else ("in",)))


def _test(tokens: list[Token], subject: Subject, asked: tuple[str, ...]) -> tuple[Test, list[Token]]:
    operator, is_not, rest = _operator(tokens, subject, asked)
    if operator == "exists":
        if subject.may_lack:
            raise ConditionError(f"leave out the ?: it says that {subject.name} need not exist")
        return Test(operator, is_not=is_not), rest
    if not rest:
        raise ConditionError(f"nothing stands behind {operator}; it wants {SAYS[subject.unit]}")
    if operator in MATCH:
        return _match(operator, rest[0]), rest[1:]
    if operator == "in":
        values, rest = _listed(rest, subject)
        return Test(operator, values, is_not=is_not), rest
    value = read(_literal(rest[0]), subject)
    if operator in ORDER and (isinstance(value, str | bool) or value is None):
        raise ConditionError(f"{operator} compares numbers; of a text can be asked == != ~ !~ has")
    return Test(operator, (value,), is_not=is_not), rest[1:]


def _operator(tokens: list[Token], subject: Subject, asked: tuple[str, ...]) -> tuple[str, bool, list[Token]]:
    is_not = bool(tokens) and tokens[0].is_word("not")
    tokens = tokens[is_not:]
    if not tokens:
        raise ConditionError(f"what must {subject.name} be? write one of {EXPECTED}")
    operator = tokens[0].text
    if tokens[0].kind == "text" or operator not in (*COMPARE, *MATCH, *WORDS):
        raise ConditionError(_no_operator(tokens[0]))
    if is_not and operator not in WORDS:
        raise ConditionError(f"not stands before in, has or exists only; write the opposite of {operator}")
    if operator not in asked:
        raise ConditionError(_not_asked(operator, subject, asked))
    return operator, is_not, tokens[1:]


def _match(operator: str, token: Token) -> Test:
    if token.kind != "text":
        raise ConditionError(f'a pattern is written in quotes: {operator} "{token.text}"')
    try:
        compiled = pattern(token.text)
    except MatcherError as error:
        raise ConditionError(str(error)) from None
    if compiled.programsize > MAX_PROGRAM:
        raise ConditionError("the pattern repeats too much: it would take too long in a large body")
    return Test(operator, (token.text,), pattern=compiled)


def _listed(tokens: list[Token], subject: Subject) -> tuple[tuple[Value, ...], list[Token]]:
    """One after the other with commas between them; brackets around them are as good."""
    closing = {"[": "]", "(": ")"}.get(tokens[0].text) if tokens[0].kind == "sign" else None
    rest = tokens[1:] if closing else tokens
    values = []
    while True:
        if not rest:
            raise ConditionError("another value is missing at the end of the list")
        values.append(within(_literal(rest[0]), subject))
        rest = rest[1:]
        if not rest or rest[0] != Token("sign", ","):
            break
        rest = rest[1:]
    if closing:
        if not rest or rest[0] != Token("sign", closing):
            raise ConditionError(f"the list is not closed: {closing} is missing")
        rest = rest[1:]
    return tuple(values), rest


def _literal(token: Token) -> Token:
    if token.kind == "sign":
        raise ConditionError(f"{token.text} stands where a value should; write for example status == 200")
    return token


def _no_operator(token: Token) -> str:
    text = token.text
    if text in _MEANT:
        return f"{text} is not known here; write {_MEANT[text]}"
    if text in _JOINED:
        return f"{text}: each condition stands on its own line, and all of them must hold"
    return f"{text!r} stands where one of {EXPECTED} should"


def _not_asked(operator: str, subject: Subject, asked: tuple[str, ...]) -> str:
    if subject.path is not None and subject.path.is_many:
        return f"{subject.key} leads to several values; write any, all or length before json"
    if subject.unit == "list" and operator in (*COMPARE, *MATCH, "in"):
        return f"{subject.name} is a list; write has, or any, all or length before it"
    return f"{subject.name} cannot be asked {operator}, only {' '.join(asked)}"


def _left_over(token: Token, test: Test) -> str:
    if token.text in _JOINED and token.kind != "text":
        return _no_operator(token)
    if token.kind == "word" and test.operator not in ("exists", *MATCH):
        return f"{token.text!r} is left over at the end; a value with spaces is written in quotes, units without them"
    return f"{token.text!r} is left over at the end"
