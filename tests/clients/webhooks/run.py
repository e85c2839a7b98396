"""Sends webhooks to the receivers of the README, which verify them with the libraries for Standard Webhooks of npm and
PyPI: `run.py BINARY`.

The server is killed in between. Every event has to arrive, in the order of the changes.
"""

import json
import os
import pathlib
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

root = pathlib.Path(__file__).parents[3]
here = pathlib.Path(__file__).parent
DEADLINE = 60


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(port: int) -> None:
    begun = time.monotonic()
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() - begun > DEADLINE:
                raise
            time.sleep(0.05)


class Server:
    def __init__(self, binary: str, folder: str) -> None:
        self.binary, self.folder, self.port = binary, folder, free_port()
        self.start()
        account = {"email": "coordinator@demo.example", "password": "demo-partnerships"}
        self.token = None
        self.token = self.ask("POST", "/auth/token", account)["access_token"]

    def start(self) -> None:
        arguments = ["serve", "--demo", "--bind", f"127.0.0.1:{self.port}", "--data-dir", self.folder]
        more = ["--webhook-allow-private", "true", "--log", "error"]
        self.process = subprocess.Popen([self.binary, *arguments, *more], stdout=subprocess.DEVNULL)
        wait_for(self.port)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def ask(self, method: str, path: str, body: object = None) -> dict:
        headers = {"Content-Type": "application/json", "If-Match": "*"} if method == "PATCH" else {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = json.dumps(body).encode() if body is not None else None
        url = f"http://127.0.0.1:{self.port}/api/v1{path}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.read().decode()}") from error


class Receiver:
    """A receiver of the README, and what it prints."""

    def __init__(self, server: Server, command: list[str], folder: str) -> None:
        self.name, self.port = command[-1], free_port()
        webhook = {"name": self.name, "url": f"http://127.0.0.1:{self.port}/", "resources": ["organisation"]}
        self.path = f"/webhooks/{server.ask('POST', '/webhooks', webhook)['id']}"
        secret = server.ask("POST", f"{self.path}/reveal-secret")["secret"]
        environment = {**os.environ, "SECRET": secret, "PORT": str(self.port)}
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        wait_for(self.port)

    def read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def expect(self, *lines: str) -> None:
        for line in lines:
            told = self.lines.get(timeout=DEADLINE)
            if told != line:
                raise SystemExit(f"{self.name} was told {told!r}, and not {line!r}")


def main(binary: str) -> None:
    readme = (root / "README.md").read_text()
    with tempfile.TemporaryDirectory() as folder:
        for name in ["receiver.mjs", "receiver.py"]:
            if (here / name).read_text() not in readme:
                raise SystemExit(f"the README does not show {name} as it is")
            shutil.copy(here / name, folder)
        pathlib.Path(folder, "node_modules").symlink_to(root / ".ci/node_modules")
        server = Server(binary, f"{folder}/data")
        commands = [["node", "receiver.mjs"], [sys.executable, "receiver.py"]]
        receivers = [Receiver(server, command, folder) for command in commands]

        def organisation(name: str) -> str:
            made = server.ask("POST", "/organisations", {"name": f"Zxq {name}", "kind": "ngo"})
            return f"organisation.created {made['id']}"

        try:
            for receiver in receivers:
                server.ask("POST", f"{receiver.path}/ping")
                receiver.expect("webhook.ping")
            first = [organisation(f"{number}") for number in range(20)]
            server.kill()
            server.start()
            # The old secret is still valid.
            for receiver in receivers:
                server.ask("POST", f"{receiver.path}/rotate-secret")
            last = organisation("last")
            for receiver in receivers:
                told = []
                while last not in told:
                    told.append(receiver.lines.get(timeout=DEADLINE))
                # What was sent when the server was killed may be sent again.
                if list(dict.fromkeys(told)) != [*first, last]:
                    raise SystemExit(f"{receiver.name} was told {told}, and not {[*first, last]}")
                print(f"{receiver.name}: {len(told)} events, in order and verified")
        finally:
            server.kill()
            for receiver in receivers:
                receiver.process.kill()


main(sys.argv[1])
