"""Runs the first examples of the README, as they stand there, on a server with demo data: `first.py URL`.

Runs them from the files that the front page shows too. Their output has to equal the one in the README.
"""

import pathlib
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).parents[2]
examples = root / "crates/http/src/meta/index/examples"
npm = root / ".ci/node_modules/.bin"
readme = (root / "README.md").read_text()


def run(*command: str, folder: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def text(name: str) -> str:
    found = (examples / name).read_text()
    if found not in readme:
        raise SystemExit(f"the README does not show {name} as it is")
    return found


def main(base: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ["curl.sh", "typescript.ts", "python.py"]:
            place = pathlib.Path(folder, name)
            place.write_text(text(name).replace("http://localhost:8080", base))
        pathlib.Path(folder, "node_modules").symlink_to(root / ".ci/node_modules")
        pathlib.Path(folder, "package.json").write_text('{"type": "module"}')
        run(str(npm / "openapi-typescript"), f"{base}/openapi.json", "--output", "partnerships.ts", folder=folder)
        compile = "--strict --target es2022 --module esnext --moduleResolution bundler --lib es2022,dom typescript.ts"
        run(str(npm / "tsc"), *compile.split(), folder=folder)
        for answer, command in [
            ("curl.txt", ["sh", "curl.sh"]),
            ("lines.txt", ["node", "typescript.js"]),
            ("lines.txt", [sys.executable, "python.py"]),
        ]:
            said = run(*command, folder=folder)
            if said.strip() != text(answer).strip():
                raise SystemExit(f"{command} printed something else than the README says:\n{said}")
            print(f"{command[-1]}: as the README says")


main(sys.argv[1])
