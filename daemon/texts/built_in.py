"""The built-in texts, one template for each kind of text and language, put together from the pieces of a language.

In the pieces, line breaks and indentation mean nothing; `¶` is a line break of the text and `␣` a space that would
else be lost. `⟦…⟧` stands out, `ESCAPED` makes an alarm's own words mean nothing in the markup of the kind, and
`LINKED` is how it writes a link: `name` and `url`. Texts of several lines are given their first, which is the text
of one line, as `headline`: what needs both makes it once.
"""

import functools
from types import ModuleType
from typing import Final, Literal, NamedTuple, get_args

from daemon.template import OwnTemplate
from daemon.template.words import Lang
from daemon.texts import chinese, english

Kind = Literal["line", "short", "long", "markdown", "html"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
LANGS: Final[tuple[Lang, ...]] = get_args(Lang)

WHAT_FOR: Final[dict[Kind, str]] = {
    "line": "one line: the title of a chat message, the subject of a mail",
    "short": "one line of 70 characters for a usual alarm: a text message, a voice call",
    "long": "plain text of several lines: a chat message, a mail, the console",
    "markdown": "the same in Markdown",
    "html": "the same in HTML",
}
MOST: Final[dict[Kind, int]] = {"line": 300, "short": 500, "long": 20_000, "markdown": 20_000, "html": 100_000}


class _Markup(NamedTuple):
    """How a kind of text writes what the pieces leave open."""

    escaped: str
    line_break: str
    strong: tuple[str, str]
    linked: str


_MARKUPS: Final[dict[Kind, _Markup]] = {
    "long": _Markup("string", "\n", ("", ""), "{{ NAME }}: {{ url }}"),
    "markdown": _Markup(
        "markdown",
        "  \n",
        ("**", "**"),
        "[{{ NAME | markdown }}]({{ url | replace('(', '%28') | replace(')', '%29') | replace(' ', '%20') }})",
    ),
    "html": _Markup("lined", "<br>\n", ("<b>", "</b>"), '<a href="{{ url | e }}">{{ NAME | e }}</a>'),
}
_LANGUAGES: Final[dict[Lang, ModuleType]] = {"en": english, "zh": chinese}
LAST_RESORT: Final[dict[Lang, str]] = {"en": english.LAST_RESORT, "zh": chinese.LAST_RESORT}
_OF_BODIES: Final = "{% set over = not notice.firing %}{% set all = notice.firing + notice.resolved %}"
_NAMES: Final[dict[Lang, str]] = {"en": "name", "zh": "('确认' if name == 'acknowledge' else name)"}


def _source(kind: Kind, lang: Lang, language: ModuleType) -> str:
    """Put the pieces together."""
    if kind == "short":
        return _flat(language.FACTS + language.SHORT)
    if kind == "line":
        return _flat(language.FACTS + language.LINE)
    escaped, line_break, (begin, end), linked = _MARKUPS[kind]
    body = _flat(_OF_BODIES + language.BODY)
    for token, meaning in (
        ("ESCAPED", escaped),
        ("LINKED", linked.replace("NAME", f"({_NAMES[lang]})")),
        ("⟦", begin),
        ("⟧", end),
        ("¶", line_break),
    ):
        body = body.replace(token, meaning)
    return body


def _flat(source: str) -> str:
    return "".join(line.strip() for line in source.splitlines()).replace("␣", " ")


@functools.cache
def template(kind: Kind, lang: Lang) -> OwnTemplate:
    """The built-in text of a kind in a language; compiled when it is first wanted, so that a start need not wait."""
    return OwnTemplate(_source(kind, lang, _LANGUAGES[lang]))
