"""Sends a server with demo data what its document allows and what it forbids, and checks every response against it.

    run.py <URL> <anonymous|role> [options of `schemathesis run`]

Prints the number of requests and of the faults that they found. The client gets an account of its own, because the
passwords of the demo accounts are in the document, and requests change them.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

HERE = Path(__file__).parent


def send(base: str, method: str, path: str, body: object, token: str = "") -> dict:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with urlopen(Request(base + path, json.dumps(body).encode(), headers, method=method)) as answer:
        return json.loads(answer.read() or "{}")


def account(base: str, role: str) -> dict[str, str]:
    demo = {"email": "admin@demo.example", "password": "demo-partnerships"}
    admin = send(base, "POST", "/api/v1/auth/token", demo)["access_token"]
    password = secrets.token_urlsafe(24)
    email = f"{secrets.token_hex(6)}@fuzz.example"
    user = send(base, "POST", "/api/v1/users", {"email": email, "name": "Fuzz", "role": role}, admin)
    send(base, "PUT", f"/api/v1/users/{user['id']}/password", {"password": password}, admin)
    return {"VKU_FUZZ_EMAIL": email, "VKU_FUZZ_PASSWORD": password, "VKU_FUZZ_USER": user["id"]}


def main(base: str, role: str, *options: str) -> int:
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "VKU_FUZZ_URL": base}
    if role != "anonymous":
        environment |= account(base, role)
    program = Path(sys.executable).with_name("schemathesis")
    command = [program, "--no-color", "--config-file", HERE / "schemathesis.toml", "run", f"{base}/openapi.json"]
    began = time.monotonic()
    done = subprocess.run([*command, "--checks", "all", *options], env=environment, stdout=subprocess.PIPE, text=True)
    text = done.stdout
    cases = re.search(r"(\d[\d,]*) generated", text)
    faults = re.search(r"(\d+) unique failures?", text)
    if done.returncode != 0 or cases is None:
        print(text)
    asked, found = cases.group(1) if cases else "no", faults.group(1) if faults else "0"
    print(f"{role}: {asked} cases, {found} failures, {time.monotonic() - began:.0f} s")
    return done.returncode if cases else 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
