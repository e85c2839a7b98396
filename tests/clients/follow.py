"""Runs the examples of the README that follow changes, on a server with demo data: `follow.py URL`.

Each is started, then something is changed, and it has to print what has changed.
"""

import pathlib
import subprocess
import sys
import tempfile
import threading

import requests

root = pathlib.Path(__file__).parents[2]
examples = root / "tests/clients/follow"
npm = root / ".ci/node_modules/.bin"
readme = (root / "README.md").read_text()
DEADLINE = 30


def text(name: str) -> str:
    found = (examples / name).read_text()
    if found not in readme:
        raise SystemExit(f"the README does not show {name} as it is")
    return found


def office(base: str) -> requests.Session:
    session = requests.Session()
    account = {"email": "coordinator@demo.example", "password": "demo-partnerships"}
    answer = session.post(f"{base}/api/v1/auth/token", json=account)
    session.headers["Authorization"] = "Bearer " + answer.json()["access_token"]
    return session


def wait_for(process: subprocess.Popen, expected: str) -> str:
    for line in process.stdout:
        if expected in line:
            return line
    raise SystemExit(f"{process.args} ended without printing {expected!r}")


def follows(base: str, session: requests.Session, slug: str, folder: str, command: list[str], ready: str, said: str) -> None:
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    timer = threading.Timer(DEADLINE, process.kill)
    timer.start()
    try:
        if ready:
            wait_for(process, ready)
        made = session.post(f"{base}/api/v1/organisations", json={"slug": slug, "name": slug, "kind": "ngo"})
        made.raise_for_status()
        print(f"{command[-1]}: {wait_for(process, said.format(slug)).strip()[:80]}")
    finally:
        timer.cancel()
        process.kill()


def main(base: str) -> None:
    session = office(base)
    text("follow.js")  # tests/browser/follow.mjs runs it
    with tempfile.TemporaryDirectory() as folder:
        for name in ["follow.sh", "follow.ts", "follow.py"]:
            pathlib.Path(folder, name).write_text(text(name).replace("http://localhost:8080", base))
        pathlib.Path(folder, "package.json").write_text('{"type": "module"}')
        compile = "--strict --target es2022 --module esnext --moduleResolution bundler --lib es2022,dom,dom.asynciterable"
        done = subprocess.run([str(npm / "tsc"), *compile.split(), "follow.ts"], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stdout)
        for number, (command, ready, said) in enumerate(
            [
                (["sh", "follow.sh"], '"has_more":false', '"slug":"{}"'),
                (["node", "follow.js"], "following", "created {}"),
                ([sys.executable, "follow.py"], "following", "created {}"),
            ]
        ):
            follows(base, session, f"zxq-follow-{number}", folder, command, ready, said)


main(sys.argv[1])
