"""A headless Chromium, driven through the pipe that it offers to its developers: no driver, no library, no network.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import base64
import json
import os
import select
import shutil
import struct
import subprocess
import tempfile
import time
import zlib

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def find():
    """The program, or None"""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """One page. Every wait ends: at worst with an error that says what was waited for."""

    def __init__(self, patience_s=60):
        self.patience_s = patience_s
        self.folder = tempfile.mkdtemp(prefix="tyet-page-")
        to_read, self.to_write = os.pipe()
        self.to_read, to_write = os.pipe()

        def lay_pipes():
            a, b = os.dup(to_read), os.dup(to_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [find(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
             "--remote-debugging-pipe", "--user-data-dir=" + self.folder, "--disable-background-networking",
             "--no-first-run", "--force-device-scale-factor=1", "about:blank"],
            preexec_fn=lay_pipes, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        os.close(to_read)
        os.close(to_write)
        self.buffer, self.number, self.events, self.session = b"", 0, [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(10)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.to_write)
        os.close(self.to_read)
        shutil.rmtree(self.folder, ignore_errors=True)

    def receive(self, deadline, what):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.to_read], [], [], max(0, deadline - time.monotonic()))
            assert ready, "the browser did not answer in time: " + what
            chunk = os.read(self.to_read, 1 << 16)
            assert chunk, "the browser is gone: " + what
            self.buffer += chunk
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self.patience_s
        while True:
            answer = self.receive(deadline, method)
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    # ---- What a test asks ----

    def open(self, path, fragment="", shown="#diagrams svg text"):
        """Loads a page anew, until that is there; `errors ()` is about it from here on"""
        self.call("Page.navigate", url="about:blank")
        self.until("location.href === 'about:blank' && document.readyState === 'complete'")
        self.events.clear()
        self.call("Page.navigate", url="file://" + path + fragment)
        self.until("document.readyState === 'complete' && !!document.querySelector(%s)" % json.dumps(shown))
        self.settle()

    def errors(self):
        """What went wrong, and whatever was asked of the network"""
        found = []
        for event in self.events:
            method, params = event["method"], event["params"]
            if method == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"]))
            elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(params["entry"]["text"])
            elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
                found.append(str(params["args"]))
            elif method == "Network.requestWillBeSent" and not params["request"]["url"].startswith(("file:", "data:")):
                found.append("asks for " + params["request"]["url"])
            elif method == "Page.javascriptDialogOpening":
                found.append("a dialog opens")
        return found

    def eval(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, (expression, answer.get("exceptionDetails"))
        return answer["result"].get("value")

    def until(self, expression):
        deadline = time.monotonic() + self.patience_s
        while not self.eval("Boolean(%s)" % expression):
            assert time.monotonic() < deadline, "it did not come about: " + expression
        return True

    def settle(self):
        """Until what was asked for is drawn"""
        self.eval("new Promise (done => requestAnimationFrame (() => requestAnimationFrame (done)))")

    def text(self, selector):
        return self.eval("document.querySelector(%s).innerText" % json.dumps(selector))

    def count(self, selector):
        return self.eval("document.querySelectorAll(%s).length" % json.dumps(selector))

    def key(self, key, text=None):
        code = {" ": "Space"}.get(key, key)
        more = {"text": text or key} if len(key) == 1 else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=code, **more)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=code)
        self.settle()

    def raw_key(self, key, number, modifiers=0, text=None):
        """As a keyboard does it, so that the browser does with it what it does by itself; 8: with Shift"""
        more = {"text": text} if text else {}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", key=key, code=key,
                  windowsVirtualKeyCode=number, modifiers=modifiers, **more)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=number,
                  modifiers=modifiers)
        self.settle()

    def tab(self, back=False):
        self.raw_key("Tab", 9, 8 if back else 0)

    def enter(self):
        self.raw_key("Enter", 13, text="\r")

    def space(self):
        self.raw_key(" ", 32, text=" ")

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, x, y):
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, button="left", clickCount=1)
        self.mouse("mouseReleased", x, y, button="left", clickCount=1)
        self.settle()

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.settle()

    def scheme(self, scheme, media=""):
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.settle()

    def picture(self, width, height, cells):
        """How light the page is, from 0 to 255, in so many cells in each row"""
        shot = self.call("Page.captureScreenshot", format="png",
                         captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": width, "height": height, "scale": cells / width})
        return lightness(base64.b64decode(shot["data"]))


def lightness(png):
    """Rows of how light each pixel is"""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data = 8, b""
    width = height = channels = 0
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        body = png[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8 and colour in (2, 6)
            channels = 3 if colour == 2 else 4
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    raw, stride, rows = zlib.decompress(data), width * channels, []
    before = bytearray(stride)
    for y in range(height):
        kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            a = line[i - channels] if i >= channels else 0
            b, c = before[i], before[i - channels] if i >= channels else 0
            if kind == 1:
                line[i] = (line[i] + a) & 255
            elif kind == 2:
                line[i] = (line[i] + b) & 255
            elif kind == 3:
                line[i] = (line[i] + (a + b) // 2) & 255
            elif kind == 4:
                p = a + b - c
                nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
                line[i] = (line[i] + nearest) & 255
        rows.append([(299 * line[x] + 587 * line[x + 1] + 114 * line[x + 2]) // 1000
                     for x in range(0, stride, channels)])
        before = line
    return rows
