"""How one person, or a room, is to be told over one channel."""

from daemon.config.settings import Channel, Settings
from daemon.template.words import Lang
from daemon.texts.style import Style


def style(settings: Settings, channel: Channel | None, person: str = "", lang: Lang | None = None) -> Style:
    """The person's language, else the channel's, else that of the house; `lang` comes before all of them."""
    known = settings.people.get(person)
    spoken = lang or (known.lang if known else None) or (channel.lang if channel else None) or settings.texts.lang
    zone = settings.texts.time_zone
    return Style(
        lang=spoken,
        kind=channel.sender.text if channel else "long",
        zone=None if zone.name == "Local" else zone.info,
        own=settings.templates.of(spoken) | (channel.templates.of(spoken) if channel else {}),
    )
