"""Settings that a reload cannot change."""

from daemon.config.settings import Settings


def needs_restart(old: Settings, new: Settings) -> list[str]:
    """Name what a reload cannot change."""
    fixed = {
        "listen.http": (old.listen.http, new.listen.http),
        "listen.zmq": (old.listen.zmq, new.listen.zmq),
        "store": (old.store, new.store),
        "limits.connections": (old.limits.connections, new.limits.connections),
    }
    changed = [
        f"{name} is now {after}, but it stays {before} until a restart"
        for name, (before, after) in fixed.items()
        if before != after
    ]
    if new.auth.curve and not old.auth.curve:
        changed.append("auth.curve is now on, but it stays off until a restart")
    if old.auth.curve and not new.auth.curve:
        changed.append("auth.curve is now off, but the ZeroMQ door lets nobody in until a restart")
    keys = {settings.auth.curve.secret_key for settings in (old, new) if settings.auth.curve}
    if len(keys) > 1:
        changed.append("auth.curve.secret_key has changed, but the one before is in use until a restart")
    return changed
