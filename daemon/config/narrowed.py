"""Threshold rules that stand with a scrape: the same as all others, about the series of that one page."""

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from daemon.config import thresholds
from daemon.config.findings import quoted
from daemon.config.scrapes import NAME, Scrape
from daemon.config.settings import Settings
from daemon.config.thresholds import MOST_RULES, Rule
from daemon.config.written import Problem, Written
from daemon.expressions.expression import Value
from daemon.matcher import Matcher


def problems(settings: Settings, written: Written) -> Iterator[Problem]:
    """What those of all scrapes cannot be."""
    taken = {name: f"rules.{name}" for name in settings.rules}
    for scrape in settings.scrapes.values():
        path = ("scrapes", scrape.name)
        for about, sentence in thresholds.problems(scrape.rules, written.time_intervals):
            yield (*path, *about), sentence
        for name, rule in scrape.rules.items():
            if name in taken:
                yield (*path, "rules", name), f"the name is taken by {taken[name]}; choose another"
            taken.setdefault(name, f"a rule of the scrape {scrape.name}")
            if any(one.name == NAME for value in rule.expr.values for one in value.matchers):
                sentence = f"it stands with the scrape {quoted(scrape.name)}: leave out the label {NAME}"
                yield (*path, "rules", name, "expr"), sentence
    if len(settings.rules) <= MOST_RULES < len(taken):
        yield ("rules",), f"are {len(taken):,} with those of scrapes; at most {MOST_RULES:,} are taken"


def joined(settings: Settings) -> Settings:
    """The settings, with the rules of scrapes among all others."""
    more = {
        rule.name: _narrowed(rule, scrape) for scrape in settings.scrapes.values() for rule in scrape.rules.values()
    }
    return replace(settings, rules=settings.rules | more) if more else settings


def _narrowed(rule: Rule, scrape: Scrape) -> Rule:
    """The rule about the series of this page alone."""
    its = Matcher(NAME, "=", scrape.name)

    def only(value: Value) -> Value:
        return msgspec.structs.replace(value, matchers=(its, *value.matchers))

    expr = rule.expr
    divisor = only(expr.divisor) if expr.divisor is not None else None
    return replace(rule, expr=msgspec.structs.replace(expr, value=only(expr.value), divisor=divisor))
