"""HTML as Telegram takes it: a handful of tags, properly nested, and line breaks that are line breaks."""

import html
import re
from html.parser import HTMLParser
from typing import Final

_TAGS: Final = {
    "b": "b", "strong": "b", "h1": "b", "h2": "b", "h3": "b", "th": "b", "i": "i", "em": "i", "u": "u", "ins": "u",
    "s": "s", "strike": "s", "del": "s", "code": "code", "pre": "pre", "blockquote": "blockquote", "a": "a",
    "tg-spoiler": "tg-spoiler",
}  # fmt: skip
_BREAKS: Final = frozenset(("p", "div", "h1", "h2", "h3", "ul", "ol", "li", "tr", "table", "pre", "blockquote"))
_UNREAD: Final = frozenset(("script", "style", "title", "head"))
_SPACE = re.compile(r"[ \t\r\n\f]+")
_LINKS: Final = ("http://", "https://", "tg://", "mailto:", "tel:")


def telegram_html(text: str) -> tuple[str, str]:
    """Rewrite HTML; return it, and the plain text that Telegram will make of it, which is never longer than `text`.

    Tags that Telegram does not know go, and what is in them stays; what is never closed is closed at the end.
    """
    rewriter = _Rewriter()
    rewriter.feed(text)
    rewriter.close()
    return rewriter.result()


class _Rewriter(HTMLParser):
    """Keeps the two texts side by side, in pieces."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._marked: list[str] = []
        self._plain: list[str] = []
        self._open: list[tuple[str, str]] = []  # the tags as written, and as Telegram knows them
        self._unread = 0
        self._at_start = True  # of a line, where HTML shows no space

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open what Telegram knows."""
        if tag in _UNREAD:
            self._unread += 1
        elif tag == "br":
            self._break()
        if tag in _BREAKS and not self._at_start:
            self._break()
        known = _TAGS.get(tag)
        if known is None or known in {name for _, name in self._open}:
            return
        if known == "a":
            href = dict(attrs).get("href") or ""
            if not href.lower().startswith(_LINKS):
                return
            self._marked.append(f'<a href="{html.escape(href)}">')
        else:
            self._marked.append(f"<{known}>")
        self._open.append((tag, known))

    def handle_endtag(self, tag: str) -> None:
        """Close it, and whatever was left open in it."""
        if tag in _UNREAD:
            self._unread = max(0, self._unread - 1)
        if any(tag == written for written, _ in self._open):
            while self._open:
                written, known = self._open.pop()
                self._marked.append(f"</{known}>")
                if written == tag:
                    break
        if tag in _BREAKS and not self._at_start:
            self._break()

    def handle_data(self, data: str) -> None:
        """Keep the words; white space means nothing outside `pre`."""
        if self._unread:
            return
        if not any(known == "pre" for _, known in self._open):
            data = _SPACE.sub(" ", data)
            if self._at_start:
                data = data.removeprefix(" ")
        if data:
            self._at_start = data.endswith("\n")
            self._plain.append(data)
            self._marked.append(html.escape(data, quote=False))

    def result(self) -> tuple[str, str]:
        """The two texts."""
        self._marked += [f"</{known}>" for _, known in reversed(self._open)]
        self._open.clear()
        return "".join(self._marked).strip(), "".join(self._plain).strip()

    def _break(self) -> None:
        self._marked.append("\n")
        self._plain.append("\n")
        self._at_start = True
