"""A headless Chromium, told what to do over the pipes of its own protocol (DevTools), which needs no client library."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Chromium reads commands from descriptor 3 and writes answers to 4.
_START = "import os, sys; os.dup2({}, 3); os.dup2({}, 4); os.execvp(sys.argv[1], sys.argv[1:])"
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--remote-debugging-pipe"),
)
# Seconds; far more than it takes: what else the machine does is not the page's fault.
_PATIENCE = 240
_ENABLED = ("Page", "Runtime", "Log", "Network", "DOM")
_KEYS = {"Enter": ("Enter", 13, "\r"), "Escape": ("Escape", 27, "")}
_KEYS |= {name: (name, code, "") for name, code in (("ArrowLeft", 37), ("ArrowUp", 38), ("ArrowRight", 39))}
_KEYS |= {"ArrowDown": ("ArrowDown", 40, "")}


DESK, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844, "phone": True}
WINDOWS = [DESK, DESK | {"dark": True}, PHONE, PHONE | {"dark": True}]
NAMES = ["desk, light", "desk, dark", "phone, light", "phone, dark"]
# Elements that stick out of the window, and those whose content is cut off, with no way to scroll to it.
CUT_OFF = """
[...document.querySelectorAll("body *")].filter((one) => {
  const box = one.getBoundingClientRect();
  if (!box.width || !one.checkVisibility() || one.closest(".scroll, .stage, details:not([open])")) return false;
  const hides = getComputedStyle(one).overflowX === "hidden" && one.scrollWidth > one.clientWidth + 1;
  return box.right > innerWidth + 1 || box.left < -1 || hides;
}).map((one) => one.outerHTML.slice(0, 120))
"""

# What axe-core finds that keeps people from reading or using a page, the elements shortened.
_AXE = Path(find_spec("axe_core_python").origin).with_name("axe.min.js")
_VIOLATIONS = """
axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .flatMap((one) => one.nodes.slice(0, 3).map((node) => `${one.id}: ${node.html.slice(0, 120)}`)))
"""


class Browser:
    """One Chromium with one page; to be used in a ``with`` statement."""

    def __enter__(self) -> Browser:
        self._profile = tempfile.TemporaryDirectory(prefix="chromium", ignore_cleanup_errors=True)
        (reads, self._to), (self._from, writes) = os.pipe(), os.pipe()
        command = [sys.executable, "-c", _START.format(reads, writes), str(CHROMIUM), *_OPTIONS]
        self._process = subprocess.Popen(
            [*command, f"--user-data-dir={self._profile.name}"], pass_fds=(reads, writes), stderr=subprocess.DEVNULL
        )
        os.close(reads)
        os.close(writes)
        os.set_blocking(self._from, False)
        self._number, self._rest, self._session, self.events = 0, b"", None, []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in _ENABLED:
            self.send(f"{domain}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self._profile.cleanup()

    def send(self, method: str, **params: object) -> dict:
        """Give a command and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        number = self._number
        answer = self._until(lambda one: one.get("id") == number)
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    def open(self, file: Path, width: int, height: int, *, dark: bool = False, phone: bool = False) -> None:
        """Open a file in a window of so many pixels; :attr:`events` then begins anew."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.events.clear()
        self.send("Page.navigate", url=f"file://{quote(str(file.resolve()))}")
        self._until(lambda one: one.get("method") == "Page.loadEventFired")

    def value(self, expression: str) -> object:
        """Return what an expression of JavaScript gives on the page; a promise is waited for."""
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def violations(self) -> list[str]:
        """Return what axe-core calls a serious or critical fault of the page as it is now, with the elements."""
        self.value(f"{_AXE.read_text(encoding='utf-8')}; 0")
        return self.value(_VIOLATIONS)

    def press(self, key: str) -> None:
        """Press a key and release it."""
        name, code, text = _KEYS.get(key, (key, ord(key.upper()) if len(key) == 1 else 0, key))
        told = {"key": name, "code": name, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", **told, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **told)

    def click(self, selector: str) -> None:
        """Click on the middle of what a selector finds first."""
        # Twice: what comes into view is laid out only then, and may push the element away.
        place = (
            f"(async () => {{ const found = document.querySelector({json.dumps(selector)}); for (let n = 0; n < 2; n++)"
            " { found.scrollIntoView({block: 'center'}); await new Promise((done) => setTimeout(done, 60)); }"
            " const box = found.getBoundingClientRect();"
            " return [box.left + box.width / 2, box.top + box.height / 2]; })()"
        )
        x, y = self.value(place)
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, file: Path) -> None:
        """Save what is seen as a PNG."""
        file.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    def complaints(self) -> list[str]:
        """Return what the page wrote to the console, its errors, and what it could not load."""
        told = []
        for event in self.events:
            given = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                told.append(str(given["exceptionDetails"]))
            elif event["method"] == "Runtime.consoleAPICalled":
                told.append(str(given["args"]))
            elif event["method"] == "Log.entryAdded":
                told.append(given["entry"]["text"])
            elif event["method"] == "Network.loadingFailed" and not given.get("canceled"):
                told.append(given["errorText"])
        return told

    def asked_for(self) -> list[str]:
        """Return the addresses of all that was asked for since the page was opened."""
        return [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]

    def _until(self, wanted) -> dict:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                self._rest += os.read(self._from, 1 << 20)
            except BlockingIOError:
                time.sleep(0.005)
            while b"\0" in self._rest:
                message, _, self._rest = self._rest.partition(b"\0")
                told = json.loads(message)
                if "method" in told:
                    self.events.append(told)
                if wanted(told):
                    return told
        raise TimeoutError("Chromium did not answer")
