"""Whose rights we have, and giving up root's once the doors are bound."""

import grp
import os
import pwd

from daemon.errors import TocsinError


class PrivilegeError(TocsinError):
    """The process cannot become the user it was told to become."""


def owner() -> tuple[str, str]:
    """The user and the group that we are: names, or numbers where they have none."""
    user, group = os.geteuid(), os.getegid()
    try:
        return pwd.getpwuid(user).pw_name, grp.getgrgid(group).gr_name
    except KeyError:
        return str(user), str(group)


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
