"""CURVE keys: making a pair, and reading one from a file."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import zmq

from daemon.cli.ask import CannotAskError

Pair = tuple[bytes, bytes]
LENGTH = 40


def pair(make: Callable[[], Pair] = zmq.curve_keypair) -> Pair:
    """Make a public and a secret key that survive being pasted.

    Z85 has `$`, which configuration files and shells take for a variable, and `-`, which at the beginning
    looks like an option: such pairs are thrown away. It costs nothing of their strength worth naming.
    """
    while True:
        public, secret = make()
        if not any(b"$" in key or key[:1] in b"-@" for key in (public, secret)):
            return public, secret


def keygen(folder: str, name: str) -> dict[str, str]:
    """Make a pair, and write it to files when there is a folder for them: then only the public key is told."""
    public, secret = (key.decode() for key in pair())
    if not folder:
        return {"name": name, "public": public, "secret": secret}
    secret_file, public_file = Path(folder, f"{name}.secret").absolute(), Path(folder, f"{name}.public").absolute()
    try:
        secret_file.parent.mkdir(parents=True, exist_ok=True)
        _write(secret_file, secret, 0o600)
        _write(public_file, public, 0o644)
    except FileExistsError as error:
        raise CannotAskError(f"{error.filename} is there already; move it away, or choose another --name") from error
    except OSError as error:
        raise CannotAskError(f"cannot write {error.filename}: {error.strerror}") from error
    return {"name": name, "public": public, "public_file": str(public_file), "secret_file": str(secret_file)}


def described(made: dict[str, str]) -> str:
    """Say what was made, and what to do with it: the same pair may be the daemon's or a client's."""
    if "secret" in made:
        return f"public: {made['public']}\nsecret: {made['secret']}\n"
    public, secret_file = made["public"], made["secret_file"]
    return f"""\
{secret_file} holds the secret key: keep it on the machine that uses it
{made["public_file"]} holds the public key: {public}

If it is the daemon's, let its user read the secret (chgrp tocsin, chmod 640), and write into its configuration
  auth: {{curve: {{secret_key: 'file:{secret_file}', clients: […]}}}}
Its clients then call tocsinctl with --server-key '{public}'

If it is a client's, write into the daemon's configuration
  auth: {{curve: {{clients: [{{name: {made["name"]}, public: '{public}', may: [read]}}]}}}}
The client then calls tocsinctl with --key-file {secret_file}
"""


def _write(path: Path, key: str, mode: int) -> None:
    """Write a file that was not there before, never readable for longer than wanted."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(key + "\n")


def secret_in(path: str) -> bytes:
    """Read the secret key in a file that `keygen` wrote."""
    try:
        file = Path(path)
        readable_by_others = file.stat().st_mode & 0o077
        key = file.read_bytes().strip()
    except OSError as error:
        raise CannotAskError(f"cannot read the key file {path}: {error.strerror}") from error
    if len(key) != LENGTH:
        raise CannotAskError(f"{path} does not hold a secret key: one line of {LENGTH} characters, as keygen writes it")
    try:
        zmq.curve_public(key)
    except (zmq.ZMQError, ValueError):  # not `from` it: the library's error may hold the key
        raise CannotAskError(f"{path} does not hold a secret key") from None
    if readable_by_others:
        sys.stderr.write(f"tocsinctl: {path} can be read by others; chmod 600 it\n")
    return key
