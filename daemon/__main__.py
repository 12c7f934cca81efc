"""The foreground process: patch, read the configuration, run until told to stop."""

from gevent import config, monkey

config.resolver = "ares"  # name look-ups in the event loop: a dead name server holds no thread
monkey.patch_all()

import argparse  # noqa: E402 - nothing may be imported before the patch
import gc  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from queue import SimpleQueue  # noqa: E402

import gevent  # noqa: E402

from daemon import __version__  # noqa: E402
from daemon.app import App, check  # noqa: E402
from daemon.clock import SystemClock  # noqa: E402
from daemon.config.load import http_address  # noqa: E402
from daemon.errors import ConfigError, TocsinError  # noqa: E402
from daemon.listener.server import open_socket  # noqa: E402
from daemon.privileges import drop  # noqa: E402
from daemon.probing.coming import coming  # noqa: E402

DEFAULT = "/etc/tocsin/tocsin.yml"
NOT_CONFIGURED = 6  # LSB's word for it

Asked = SimpleQueue[signal.Signals]

logger = logging.getLogger("tocsin")


def main() -> int:
    """Run `tocsind`; return the exit code."""
    arguments = _arguments()
    try:
        if arguments.check:
            return _checked(arguments.config, arguments.user)
        asked: Asked = SimpleQueue()
        _obey(asked, signal.SIGHUP, signal.SIGUSR1)  # would end us while we start; to be stopped meanwhile is right
        app = _started(arguments.config, arguments.user)
    except ConfigError as error:
        print(f"{arguments.config} cannot be used:", *error.problems, sep="\n  ", file=sys.stderr)  # noqa: T201
        return NOT_CONFIGURED
    except TocsinError as error:
        print(f"tocsind cannot start: {error}", file=sys.stderr)  # noqa: T201
        return 1
    _obey(asked, signal.SIGTERM, signal.SIGINT)
    _serve(app, asked)
    return 0


def _started(config: Path, user: str) -> App:
    """Bind while we may, give up root, and only then read all of the configuration and run anybody's handlers.

    So what cannot be read as that user is noticed at the start, and not at the first reload.
    """
    gc.disable()  # nearly all that reading makes is kept: to look for what is not takes a quarter of a long start
    door = open_socket(http_address(config, os.environ))
    try:
        if user:
            drop(user)
        app = App(config, os.environ, door)
        gc.collect()
        gc.freeze()  # what was made until here stays for good: later collections need not walk it
        gc.enable()
        app.start()
    except BaseException:
        door.close()
        raise
    return app


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tocsind", description="The alarm daemon, in the foreground.")
    parser.add_argument("--config", type=Path, default=Path(os.environ.get("TOCSIN_CONFIG", DEFAULT)), metavar="FILE")
    parser.add_argument("--check", action="store_true", help="say what is wrong with the configuration, and exit")
    parser.add_argument("--user", default="", metavar="NAME", help="become this user once the HTTP door is bound")
    parser.add_argument("--version", action="version", version=f"tocsin {__version__}")
    return parser.parse_args()


def _checked(path: Path, user: str) -> int:
    if user:
        drop(user)
    loaded = check(path, os.environ)
    for warning in loaded.warnings:
        print(f"warning: {warning}")  # noqa: T201
    for line in coming(loaded.settings, SystemClock().now()):
        print(line)  # noqa: T201
    print(f"{path}: good")  # noqa: T201
    return 0


def _obey(asked: Asked, *numbers: signal.Signals) -> None:
    """From now on these signals only stand in line."""
    for number in numbers:
        gevent.signal_handler(number, asked.put, number)


def _serve(app: App, asked: Asked) -> None:
    """Do what signals ask, one after the other, until one says stop."""
    while (number := asked.get()) not in (signal.SIGTERM, signal.SIGINT):
        if number == signal.SIGHUP:
            app.reload()
        else:
            app.reopen_log()
    logger.info("stopping: %s", number.name)
    app.stop()
    logger.info("stopped")


if __name__ == "__main__":
    sys.exit(main())
