"""The words with which other programs say how a problem stands and how bad it is."""

from collections.abc import Iterable

from daemon.event import Severity, State

_STATES = {
    State.FIRING: """firing fired alerting alert alarm alarming active problem down fail failed failing failure
        error critical warning open opened reopened new created triggered trigger raised bad
        unhealthy unresolved 1 true yes on""",
    State.RESOLVED: """resolved resolve ok okay up good healthy normal recovered recovery closed close cleared
        clear inactive ended finished fixed passed pass success succeeded 0 false no off""",
}
_SEVERITIES = {
    Severity.CRITICAL: "critical crit page pager emergency emerg fatal panic disaster alert blocker p0 p1 sev0 sev1 s1",
    Severity.ERROR: "error err high major severe failure average p2 sev2 s2",
    Severity.WARNING: "warning warn medium moderate minor p3 sev3 s3",
    Severity.INFO: "info information informational notice low none debug ok p4 p5 sev4 sev5 s4 s5",
}


def plain(word: str) -> str:
    """Bring a word into the form in which words are compared."""
    return word.strip().casefold()


STATES = {word: state for state, words in _STATES.items() for word in words.split()}
SEVERITIES = {word: level for level, words in _SEVERITIES.items() for word in words.split()}


def severity(words: Iterable[str | None], default: Severity = Severity.ERROR) -> Severity:
    """Take the first word that names a severity; a source's own unknown word must not lose its alarm."""
    for word in words:
        if word is not None and (known := SEVERITIES.get(plain(word))):
            return known
    return default
