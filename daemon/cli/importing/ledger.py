"""What an import has to tell: what is not carried over, what will be different, what tocsin needs before it starts."""

import re
from dataclasses import dataclass, field

from daemon.config.findings import Findings, Path, Place, printable

_WORD = re.compile(r"[^A-Z0-9]+")
_ESCAPED_DOLLAR = "$$"


class Reference(str):
    """A text that says where a secret is; it is written as it stands."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that must be set. `value` is None where the source does not hold it either."""

    place: Place
    about: str
    value: str | None = field(repr=False)


@dataclass(slots=True)
class Ledger:
    """Gathers the sentences; secrets that it was told of never show in them.

    `findings` holds as problems what makes the source unusable, and as warnings what was left out.
    """

    findings: Findings = field(default_factory=Findings)
    variables: dict[str, Variable] = field(default_factory=dict)
    files: dict[str, Place] = field(default_factory=dict)
    _different: Findings = field(default_factory=Findings)
    _counts: dict[str, int] = field(default_factory=dict)

    def wrong(self, place: Place, path: Path, sentence: str) -> None:
        """Note for what Alertmanager itself would refuse the source."""
        self.findings.wrong(place, path, sentence)

    def left(self, place: Place, path: Path, sentence: str) -> None:
        """Note what was not carried over."""
        self.findings.doubtful(place, path, sentence)

    def differs(self, place: Place, path: Path, sentence: str) -> None:
        """Note what was carried over and will not be quite the same."""
        self._different.doubtful(place, path, sentence)

    def hide(self, value: str) -> None:
        """From now on this shows in no sentence."""
        if value:
            self.findings.secrets.add(value)
            self._different.secrets.add(value)

    def secret(self, wanted: str, place: Place, about: str, value: str | None) -> Reference:
        """Put a secret into the environment: return what stands for it."""
        self.hide(value or "")
        word = _WORD.sub("_", wanted.upper())
        base = word.strip("_") or "SECRET"
        if word.startswith("_"):  # a name without such letters: what is left of it may be PATH
            base = f"IMPORTED_{base}"
        base = f"_{base}" if base[0].isdigit() else base
        count = self._counts.get(base, 1)
        name = base if count == 1 else f"{base}_{count}"
        while name in self.variables and (value is None or self.variables[name].value != value):
            count += 1
            name = f"{base}_{count}"
        self._counts[base] = count
        self.variables.setdefault(name, Variable(place, about, value))
        return Reference(f"${{{name}}}")

    def variable(self, name: str, place: Place) -> None:
        """Note a variable that the source itself refers to."""
        self.variables.setdefault(name, Variable(place, "as the source refers to it", None))

    def file(self, path: str, place: Place) -> str:
        """Note that tocsin must be able to read a file: return its path as the configuration writes it."""
        self.files.setdefault(path, place)
        return Reference(path.replace("$", _ESCAPED_DOLLAR))

    @property
    def not_carried(self) -> list[str]:
        """One line for each thing that was left out, in the order of the source."""
        return self.findings.warnings

    @property
    def different(self) -> list[str]:
        """One line for each thing that will not be quite the same."""
        return self._different.warnings

    @property
    def needed(self) -> list[str]:
        """One line for each variable that must be set and each file that must be readable."""
        lines = [f"{name}: {one.about} ({one.place})" for name, one in self.variables.items()]
        lines += [f"{path}: a file that tocsin's user can read ({place})" for path, place in self.files.items()]
        return [printable(line) for line in lines]
