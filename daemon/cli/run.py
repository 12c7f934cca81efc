"""One command from its words to its exit code."""

import argparse
import json
import os
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

from daemon.cli.arguments import URL, params, parser, setting
from daemon.cli.ask import CannotAskError, NoAnswerError, NotRunningError, SaidNoError, Where, ask
from daemon.cli.bodies import pair
from daemon.cli.command import PATIENCE, Command
from daemon.cli.commands import SHOWN, command
from daemon.cli.completion import bash
from daemon.cli.keys import LENGTH, described, keygen, secret_in
from daemon.cli.send import joined
from daemon.cli.tables import lines

DONE, FAILED, USAGE, NOT_RUNNING, UNKNOWN = range(5)
INTERRUPTED = 130
AROUND = " ()[]<>【】「」#,.;:、。!?"  # what stands around a code in a message, full-width signs made narrow
INVALID_PARAMS = -32602  # JSON-RPC's word for wrong usage


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr] # a terminal that has no Chinese gets "?"
    try:
        code = _run(parser().parse_args(joined(sys.argv[1:] if argv is None else argv)))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough (`| head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code


def _run(given: argparse.Namespace) -> int:
    try:
        return _carry_out(given)
    except CannotAskError as error:
        return _complain(error, USAGE)
    except NotRunningError as error:
        return _complain(error, NOT_RUNNING)
    except NoAnswerError as error:
        return _complain(error, UNKNOWN)
    except SaidNoError as error:
        if hasattr(given, "json"):
            _print_json({"error": error.error})
        if error.error.get("code") == INVALID_PARAMS:
            return _complain(error, USAGE)
        # `status` speaks LSB, where 1 would mean dead: it runs, but does not tell how it is.
        is_status = isinstance(given.command, Command) and given.command.words == "status"
        return _complain(error, UNKNOWN if is_status else FAILED)


def _complain(error: Exception, code: int) -> int:
    sys.stderr.write(f"tocsinctl: {lines(str(error))}\n")
    return code


def _carry_out(given: argparse.Namespace) -> int:
    match given.command:
        case "keygen":
            made = keygen(getattr(given, "out", ""), getattr(given, "name", "tocsin"))
            if hasattr(given, "json"):
                _print_json(made)
            else:
                sys.stdout.write(described(made))
            return DONE
        case "import" | "run" as which:
            return _import(given) if which == "import" else _wrap(given)
        case "completion":
            sys.stdout.write(bash())
            return DONE
        case "call":
            _print_json(ask(_where(given, PATIENCE), given.method, _called_with(given)))
            return DONE
        case "show":
            code = _bare(given.code)
            shown = SHOWN.get(code[:1])
            if shown is None:
                raise CannotAskError(f"{given.code!r} is no code: write A17, D5, Q3, S3 or E12")
            return _ask(command(shown), {"id": code}, given)
    one, wanted = given.command, params(given.command, given)
    if one.turned is not None:
        one, wanted = one.turned(given, wanted)
    return _ask(one, wanted, given)


def _bare(code: str) -> str:
    """Read a code as it is copied out of a message: `(A17)`, `a17,`, `Ａ17`; a number alone is an alert's."""
    normal = unicodedata.normalize("NFKC", code).upper().strip(AROUND)
    return f"A{normal}" if normal.isascii() and normal.isdigit() else normal


def _import(given: argparse.Namespace) -> int:
    # YAML and the matchers' engine take longer to load than everything else here.
    from daemon.cli.importing.command import Wanted, run  # noqa: PLC0415 - only this command needs them

    options = (getattr(given, name, "") for name in ("out", "environment", "source"))
    wanted = Wanted(given.file, *options)
    done = run(wanted, as_json=hasattr(given, "json"))
    return DONE if done.is_whole else FAILED


def _wrap(given: argparse.Namespace) -> int:
    from daemon.cli import wrap  # noqa: PLC0415 - only this command needs HTTP

    argv = given.argv[1:] if given.argv[:1] == ["--"] else given.argv
    if not argv:
        raise CannotAskError("what is to be run? tocsinctl run -- COMMAND")
    key, url = (
        str(getattr(given, name, "") or os.environ.get(f"TOCSIN_PING_{name.upper()}", "")) for name in ("key", "url")
    )
    return wrap.run(wrap.heartbeat(key, url, getattr(given, "timeout", wrap.PATIENCE)), argv)


def _ask(one: Command, with_params: dict[str, Any], given: argparse.Namespace) -> int:
    result = ask(_where(given, one.patience), one.method, with_params)
    if hasattr(given, "json"):
        _print_json(result)
    else:
        sys.stdout.write(one.show(result))
    return FAILED if one.failed(result) else DONE


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _called_with(given: argparse.Namespace) -> dict[str, Any]:
    """Read name=value pairs; a value that is not JSON is text."""
    found: dict[str, Any] = {}
    for text in given.pairs or []:
        try:
            name, value = pair(text)
        except argparse.ArgumentTypeError as error:
            raise CannotAskError(str(error)) from error
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _where(given: argparse.Namespace, patience: float) -> Where:
    key_file, server_key = setting(given, "key_file"), setting(given, "server_key")
    if bool(key_file) != bool(server_key):
        raise CannotAskError("CURVE needs both keys: --key-file (ours, secret) and --server-key (the daemon's, public)")
    if server_key and len(server_key) != LENGTH:
        raise CannotAskError(f"--server-key is not a key of {LENGTH} characters")
    return Where(
        url=setting(given, "url", URL),
        timeout=getattr(given, "timeout", patience),
        server_key=server_key,
        secret_key=secret_in(key_file) if key_file else None,
    )
