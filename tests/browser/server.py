"""A JupyterLab of the tests' own: a free port of the loopback interface, a copy of the notebooks, its own settings."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from urllib.error import URLError

SECONDS_TO_START = 180
# The environment of the tests also holds the grader's tools, which look for a course of their own and complain.
FOREIGN = [
    f"nbgrader.server_extensions.{name}" for name in ("formgrader", "assignment_list", "course_list", "validate_assignment")
]
QUIET = {"@jupyter/nbgrader": True, "@jupyterlab/apputils-extension:announcements": True}


class Server:
    """A running JupyterLab whose root folder is `folder`; `close()` ends it and its kernels."""

    def __init__(self, folder, scratch):
        self.folder, self._log = folder, scratch / "jupyterlab.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._token = secrets.token_hex(16)
        self._address = f"http://127.0.0.1:{port}"
        settings = configure(scratch / "config", port, self._token, folder)
        own = {f"JUPYTER_{name}_DIR": str(scratch / name.lower()) for name in ("DATA", "RUNTIME")}
        with open(self._log, "w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab"],
                cwd=folder,
                stdout=log,
                stderr=log,
                env={**os.environ, **own, "JUPYTER_CONFIG_DIR": str(settings), "IPYTHONDIR": str(scratch / "ipython")},
            )
        self._wait()

    def lab(self, notebook):
        """Return the address of a notebook in JupyterLab, with nothing open from before."""
        return f"{self._address}/lab/tree/{notebook}?reset&token={self._token}"

    def close_kernels(self):
        """End every kernel: each holds a gigabyte or so."""
        for session in json.loads(self._ask("sessions")):
            self._ask(f"sessions/{session['id']}", "DELETE")

    def close(self):
        """End the server, and with it its kernels."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _ask(self, path, method="GET"):
        headers = {"Authorization": f"token {self._token}"}
        with urllib.request.urlopen(urllib.request.Request(f"{self._address}/api/{path}", None, headers, method=method)) as got:
            return got.read()

    def _wait(self):
        end = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < end and self._process.poll() is None:
            try:
                self._ask("status")
                return
            except URLError:
                time.sleep(0.3)
        self.close()
        raise RuntimeError(f"JupyterLab did not start. It wrote:\n{self._log.read_text()[-4000:]}")


def configure(folder, port, token, root):
    """Write JupyterLab's settings into a folder of the tests' own, and return it."""
    (folder / "labconfig").mkdir(parents=True)
    server = {
        "ip": "127.0.0.1",
        "port": port,
        "port_retries": 0,
        "open_browser": False,
        "allow_root": True,
        "root_dir": str(root),
        "jpserver_extensions": dict.fromkeys(FOREIGN, False),
        # A message of over 10 MiB would end the connection without a word, and a refusal of large files would never be seen.
        "tornado_settings": {"websocket_max_message_size": 100_000_000},
    }
    own = {f"{name}_dir": str(folder / name) for name in ("user_settings", "workspaces")}
    # expose_app_in_browser: how the tests ask which cells still run, and what the notebook would store.
    everything = {"ServerApp": server, "IdentityProvider": {"token": token}, "LabApp": {"expose_app_in_browser": True, **own}}
    (folder / "jupyter_server_config.json").write_text(json.dumps(everything))
    (folder / "labconfig" / "page_config.json").write_text(json.dumps({"disabledExtensions": QUIET}))
    return folder
