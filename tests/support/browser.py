"""A headless Chromium that is told what to do over a pipe, in the DevTools protocol."""

import base64
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from needs import need_program

# Started anew for each use, with nothing of anybody's, and asking nobody anything by itself.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe",
    # Only this machine has a name.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
PATIENCE = 30.0  # seconds until an answer is overdue


class Page:
    """One tab. It remembers what was asked for over the network, and what was complained of."""

    def __init__(self, browser: "Browser", session: str) -> None:
        self._browser = browser
        self._session = session
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.loads = 0
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.tell(f"{domain}.enable")

    def tell(self, method: str, **params: Any) -> Any:
        return self._browser.tell(method, self._session, **params)

    def look(self, *, width: int, dark: bool = False, scripts: bool = False, height: int = 800) -> None:
        """Be a screen of this width, on a machine whose owner likes it light or dark."""
        self.tell(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.tell("Emulation.setEmulatedMedia", features=[scheme])
        self.tell("Emulation.setScriptExecutionDisabled", value=not scripts)

    def open(self, url: str) -> None:
        """Go there; return once all of it is loaded."""
        loads = self.loads
        assert "errorText" not in self.tell("Page.navigate", url=url), url
        while self.loads == loads:
            self._browser.read()

    def ask(self, expression: str) -> Any:
        """What the page is, in its own words."""
        said = self.tell("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    def picture(self, path: Path) -> None:
        """Take a picture of all of it."""
        size = self.tell("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        taken = self.tell("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(taken["data"]))

    def happened(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(params["entry"]["text"])
            case "Runtime.exceptionThrown" | "Runtime.consoleAPICalled":
                self.complaints.append(json.dumps(params))
            case "Page.loadEventFired":
                self.loads += 1


class Browser:
    """The process, and the pipe to it. Messages end with a zero byte."""

    def __init__(self, profile: Path) -> None:
        program = need_program("chromium", "chromium")
        self._near, far = socket.socketpair()  # a pipe that lets other greenlets run while nothing comes
        self._near.settimeout(PATIENCE)
        fd = far.fileno()
        os.set_blocking(fd, True)  # chromium takes "nothing yet" for the end
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{fd} 4>&{fd}', "bash", program, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(fd,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"HOME": str(profile), "XDG_CONFIG_HOME": str(profile), "XDG_CACHE_HOME": str(profile)},
        )
        far.close()
        self._rest = b""
        self._last = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._pages: dict[str, Page] = {}

    def page(self) -> Page:
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session)
        return page

    def tell(self, method: str, session: str = "", **params: Any) -> Any:
        self._last += 1
        told = {"id": self._last, "method": method, "params": params} | ({"sessionId": session} if session else {})
        self._near.sendall(json.dumps(told).encode() + b"\0")
        while self._last not in self._answers:
            self.read()
        said = self._answers.pop(self._last)
        assert "error" not in said, said
        return said["result"]

    def read(self) -> None:
        """Take one message: an answer, or something that happened."""
        while b"\0" not in self._rest:
            data = self._near.recv(1 << 20)
            assert data, "chromium has ended"
            self._rest += data
        raw, _, self._rest = self._rest.partition(b"\0")
        said = json.loads(raw)
        if "id" in said:
            self._answers[said["id"]] = said
        elif said.get("sessionId") in self._pages:
            self._pages[said["sessionId"]].happened(said["method"], said["params"])

    def close(self) -> None:
        self._near.close()  # which ends it
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """One that is gone after the block."""
    browser = Browser(profile)
    try:
        yield browser
    finally:
        browser.close()
