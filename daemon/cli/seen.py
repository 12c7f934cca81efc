"""What people see of one look."""

import json
from typing import Any

from daemon.cli.tables import lines, phases, printable

_SHORT = 60  # characters of a text that is shown as something to compare with


def reading(result: Any) -> str:
    """What was seen, which conditions failed, how long each phase took, and the values."""
    health = result["health"]
    shown = [f"{health.upper() if health in {'down', 'degraded'} else health}: {lines(result['detail'])}"]
    if taken := result.get("phases"):
        shown.append(printable(phases(taken)))
    shown += [f"  ! {lines(text)}" for text in result.get("failed", ())]
    shown += [f"  {printable(name)}: {lines(text)}" for name, text in result.get("evidence", {}).items()]
    if values := [f"{name} {_value(value)}" for name, value in result.get("values", {}).items() if _is_short(value)]:
        shown.append(f"values: {printable(', '.join(values))}")
    return "\n".join(shown) + "\n"


def _is_short(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and len(value) <= _SHORT)


def _value(value: Any) -> str:
    """As conditions write it: texts in quotes."""
    return f"{value:.6g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
