"""Giving up root once the doors are bound."""

import os
import pwd

from daemon.errors import TocsinError


class PrivilegeError(TocsinError):
    """The process cannot become the user it was told to become."""


def drop(user: str) -> None:
    """Become `user` for good: groups, group, user, and HOME. Nothing to do when we already are."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError as error:
        raise PrivilegeError(f"there is no user {user!r} on this machine; create it, or leave out --user") from error
    if os.geteuid() == entry.pw_uid:
        return
    if os.geteuid() != 0:
        raise PrivilegeError(f"only root can become {user!r}; start as root, or leave out --user")
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = entry.pw_dir
