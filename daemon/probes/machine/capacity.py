"""How full something is, beside what its settings allow."""

import psutil

from daemon.units import Share

# What is raised when the kernel's own figures cannot be read, or are no figures.
UNREADABLE = (ArithmeticError, LookupError, OSError, ValueError, psutil.Error)

_UNITS = ("B", "KB", "MB", "GB")
_STEP = 1024.0

ALL = Share(fraction=1.0)  # a limit that nothing exceeds


def check_percent(share: Share) -> None:
    """Refuse what is no part of a whole."""
    if not share.fraction:
        raise ValueError("must be in per cent: write for example 95%")


def percent(part: float, whole: float) -> float:
    """How many per cent that is."""
    return 100.0 * part / whole


def over(what: str, found: float, most: Share) -> list[str]:
    """What to complain of when more per cent are in use than may be."""
    return [f"{what} {shown(found)} used, at most {most} allowed"] if found > 100 * most.fraction else []


def under(what: str, found: int, least: int) -> list[str]:
    """What to complain of when fewer bytes are left than must be."""
    return [f"{sized(found)} {what}, at least {sized(least)} wanted"] if found < least else []


def shown(found: float) -> str:
    """Per cent as people read them; what is not all is never shown as all."""
    return f"{min(found, 99.9) if found < 100 else found:.1f}%"  # noqa: PLR2004 - per cent


def sized(count: float) -> str:
    """Bytes as people read them."""
    for unit in _UNITS:
        if abs(count) < _STEP:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= _STEP
    return f"{count:.1f} TB"
