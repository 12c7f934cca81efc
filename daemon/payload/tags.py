"""Tags of other systems as labels: a tag may come twice, or without a value."""

from collections.abc import Iterable


def labels_of(tags: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Put each tag's value under its name; a repeated one's values are joined, and a bare tag is `tag.<name>`."""
    found: dict[str, dict[str, None]] = {}  # the values of each name, in order, once
    for name, value in tags:
        if name:
            found.setdefault(name if value else f"tag.{name}", {})[value or "true"] = None
    return {name: ",".join(values) for name, values in found.items()}
