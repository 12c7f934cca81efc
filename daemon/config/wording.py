"""The settings that say in which words people are told: language, time zone, templates in place of built-in texts."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from daemon.config.keys import doc
from daemon.template import Template
from daemon.template.words import Lang
from daemon.texts.built_in import LANGS, WHAT_FOR, Kind
from daemon.zone import Zone


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The language and the time zone of what people read."""

    lang: Lang = field(default="en", metadata=doc("language of whoever and whatever has none of its own"))
    time_zone: Zone = field(
        default=Zone("Local"), metadata=doc("zone of the times in texts, such as Asia/Shanghai; Local is the machine's")
    )


@dataclass(frozen=True, kw_only=True)
class Wording:
    """One kind of text, in each language. A text alone is for both."""

    en: Template | None = field(default=None, metadata=doc("in English"))
    zh: Template | None = field(default=None, metadata=doc("in Chinese"))
    both: Template | None = field(default=None, metadata=doc("in the language that has none of its own"))

    def of(self, lang: Lang) -> Template | None:
        """The template of a language, if there is one."""
        own: Template | None = getattr(self, lang)
        return self.both if own is None else own


@dataclass(frozen=True, kw_only=True)
class Templates:
    """Templates in place of the built-in texts: each one for both languages, or a section as that of `line`."""

    line: Wording | None = field(default=None, metadata=doc(WHAT_FOR["line"], bare="both"))
    short: Wording | None = field(default=None, metadata=doc(WHAT_FOR["short"], bare="both"))
    long: Wording | None = field(default=None, metadata=doc(WHAT_FOR["long"], bare="both"))
    markdown: Wording | None = field(default=None, metadata=doc(WHAT_FOR["markdown"], bare="both"))
    html: Wording | None = field(default=None, metadata=doc(WHAT_FOR["html"], bare="both"))

    def of(self, lang: Lang) -> dict[Kind, Template]:
        """The templates of a language, by the kind of text."""
        return self._by_lang[lang]

    @functools.cached_property
    def _by_lang(self) -> dict[Lang, dict[Kind, Template]]:
        return {lang: self._in(lang) for lang in LANGS}

    def _in(self, lang: Lang) -> dict[Kind, Template]:
        found: dict[Kind, Template] = {}
        for one in fields(self):
            wording: Wording | None = getattr(self, one.name)
            template = wording.of(lang) if wording is not None else None
            if template is not None:
                found[one.name] = template  # type: ignore[index] # the fields are the kinds; a test holds them together
        return found

    def each(self) -> Iterator[tuple[Kind, Lang, Template]]:
        """Every template that takes effect."""
        for lang in LANGS:
            for kind, template in self.of(lang).items():
                yield kind, lang, template
