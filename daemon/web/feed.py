"""The incidents as a feed (Atom, RFC 4287), for readers and for rooms that follow one."""

import uuid
from collections.abc import Iterator
from html import escape

from daemon.template.words import Lang
from daemon.web import words
from daemon.web.document import instant
from daemon.web.view import Trouble, View
from daemon.web.words import WORDS

MOST = 50
_OURS = uuid.UUID("6f0f3ad2-6a5e-5c6e-9d0e-7f2a1b1c0d5e")  # in which names of incidents are made


def written(view: View, lang: Lang, title: str) -> bytes:
    """Write it: one entry for each incident, which is written anew when that ends."""
    troubles = sorted((*view.current, *view.past), key=lambda one: -(one.ended or one.began))[:MOST]
    updated = max((one.ended or one.began for one in troubles), default=view.at)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{lang}">'
        f"<title>{_text(title)}</title><id>urn:uuid:{uuid.uuid5(_OURS, title)}</id>"
        f"<updated>{instant(updated)}</updated>"
        f"<author><name>{_text(title)}</name></author>"
        '<link rel="self" href="status.atom"/><link rel="alternate" type="text/html" href="status"/>'
        f"{''.join(_entries(troubles, view, lang))}</feed>\n"
    ).encode("utf-8", "replace")


def _entries(troubles: list[Trouble], view: View, lang: Lang) -> Iterator[str]:
    for one in troubles:
        name = uuid.uuid5(_OURS, f"{one.name}\n{one.state}\n{one.began:.3f}")
        yield (
            f"<entry><id>urn:uuid:{name}</id><title>{_text(f'{one.title}: {WORDS[lang][one.state]}')}</title>"
            f"<published>{instant(one.began)}</published><updated>{instant(one.ended or one.began)}</updated>"
            f"<content>{_text(_said(one, view, lang))}</content></entry>"
        )


def _said(one: Trouble, view: View, lang: Lang) -> str:
    """From when to when: with the date, for it is read later, and elsewhere."""
    if one.ended is None:
        return WORDS[lang]["since"].format(words.date_and_time(one.began, view.zone))
    return f"{words.between(one.began, one.ended, view.zone)}, {words.lasted(one.ended - one.began, lang)}"


def _text(text: str) -> str:
    return escape(text, quote=False)
