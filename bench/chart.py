"""A bar chart as SVG text."""

from collections.abc import Mapping
from html import escape

WIDTH, BAR, GAP, LEFT, RIGHT = 640, 26, 12, 110, 70


def bars(title: str, values: Mapping[str, float]) -> str:
    """One horizontal bar a value, the largest over the whole width."""
    largest = max(values.values())
    height = 40 + len(values) * (BAR + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" style="font: 14px sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-weight="bold">{escape(title)}</text>',
    ]
    for place, (name, value) in enumerate(values.items()):
        top = 36 + place * (BAR + GAP)
        length = max(1.0, (WIDTH - LEFT - RIGHT) * value / largest)
        middle = top + BAR * 0.7
        parts += [
            f'<text x="{LEFT - 8}" y="{middle:.0f}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{LEFT}" y="{top}" width="{length:.0f}" height="{BAR}" fill="#2a6f97"/>',
            f'<text x="{LEFT + length + 6:.0f}" y="{middle:.0f}">{value:.0f}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"
