"""A text of several lines for a provider that shows a title by itself."""

from daemon.notice import Message


def headed(message: Message, text: str) -> tuple[str, str]:
    """Split into the title and what else there is: a text that begins with the title need not say it twice."""
    title = message.title
    rest = text.removeprefix(title)
    return (title, rest.lstrip()) if rest != text and rest[:1] in {"", "\n"} else (title, text)
