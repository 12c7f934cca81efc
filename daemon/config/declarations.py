"""What each kind of channel declares, as values and as the tables of docs/channels/."""

import inspect
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from typing import Any, get_type_hints

import msgspec

from daemon.config.keys import key_of
from daemon.config.reference import named_type, rows, shown_default
from daemon.declared import Answers, Each, Outcome, Rate
from daemon.errors import Scope
from daemon.fitting import Size
from daemon.secret import Secret
from daemon.units import spoken

SETTINGS, LIMITS, CODES = "## Settings", "## Limits", "## Codes"
_WHOLE = {Scope.MESSAGE: "", Scope.RECIPIENT: ", this recipient", Scope.CHANNEL: ", the whole channel"}
_REFUSED = {
    Scope.MESSAGE: "refused",
    Scope.RECIPIENT: "refused, this recipient",
    Scope.CHANNEL: "refused, and so would everything else on this channel be",
}


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of a kind. `default` is None where the setting is required, and "none" where it may be left out."""

    name: str
    type: str
    required: bool
    secret: bool
    default: str | None
    doc: str


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """What some of the provider's codes mean."""

    codes: tuple[str, ...]  # empty for what nobody knows; one that ends in * stands for all that begin like it
    outcome: Outcome
    scope: Scope
    seconds: float
    ambiguous: bool
    means: str


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of channel: what it needs, what fits, how often it may be used, what its provider's codes mean."""

    type: str
    doc: str
    address: str  # the field of a person that it needs, empty for a room
    text: str  # the kind of text that it takes
    batch: int  # recipients of one request
    size: Size | None
    rates: tuple[Rate, ...]
    settings: list[Setting]
    codes: list[Meaning]


def declaration(name: str, kind: Any) -> Declaration:
    """What a sender's class declares."""
    hints = get_type_hints(kind)
    return Declaration(
        type=name,
        doc=(inspect.getdoc(kind) or "").partition("\n")[0],
        address=kind.address,
        text=kind.text,
        batch=kind.batch,
        size=kind.size,
        rates=kind.rates,
        settings=[_setting(one, hints[one.name]) for one in fields(kind) if one.init and "doc" in one.metadata],
        codes=[
            Meaning(
                codes=one.codes,
                outcome=one.outcome,
                scope=one.scope,
                seconds=one.seconds,
                ambiguous=one.ambiguous,
                means=one.means,
            )
            for one in kind.answers or ()
        ],
    )


def tables(kind: Any) -> str:
    """Markdown: the settings, the limits and the codes of a kind."""
    lines = [SETTINGS, "", "| setting | what it is | default | what it does |", "|---|---|---|---|", *rows(kind)]
    lines += ["", LIMITS, "", *_limits(kind)]
    if kind.answers is not None:
        lines += ["", CODES, "", "| code | means | what tocsin makes of it |", "|---|---|---|", *_codes(kind.answers)]
    return "\n".join(lines) + "\n"


def _setting(one: Field[Any], hint: Any) -> Setting:
    required = one.default is MISSING and one.default_factory is MISSING
    return Setting(
        name=key_of(one),
        type=named_type(hint, one),
        required=required,
        secret=Secret.__name__ in str(hint),
        default=None if required else shown_default(hint, one).strip("`"),
        doc=one.metadata["doc"],
    )


def _limits(kind: Any) -> Iterator[str]:
    if kind.size is not None:
        yield f"* A text has at most {kind.size.most:,} {kind.size.unit}; a longer one is shortened."
    if kind.batch > 1:
        yield f"* One request takes up to {kind.batch:,} recipients."
    for rate in kind.rates:
        each = " to each recipient" if rate.each is Each.RECIPIENT else ""
        yield f"* At most {rate.most:,} message{'s' if rate.most > 1 else ''}{each} in {spoken(rate.within)}."
    if kind.size is None and kind.batch == 1 and not kind.rates:
        yield "None that tocsin knows of; `rates` of the channel sets some."


def _codes(answers: Answers) -> Iterator[str]:
    for one in answers:
        codes = ", ".join(f"`{code}`" for code in one.codes) or "anything else"
        means = "" if not one.codes else one.means
        yield f"| {codes} | {means} | {_made_of(one)} |"


def _made_of(one: Any) -> str:
    match one.outcome:
        case Outcome.SENT:
            return "sent"
        case Outcome.WAIT:
            return f"wait {spoken(one.seconds)} where it does not say how long{_WHOLE[one.scope]}"
        case Outcome.REFUSED:
            return _REFUSED[one.scope]
    return "failed for now; it may have arrived" if one.ambiguous else "failed for now"
