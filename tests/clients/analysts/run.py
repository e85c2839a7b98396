"""Runs the examples of `.github/docs/analysts.md`, as they stand there, on a server with demo data: `run.py URL`.

Needs the packages in `requirements.txt`. Examples of programs that are not installed are skipped, with a line that says
so.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).parents[3]
PROGRAMS = {"python": (sys.executable, "python"), "r": ("Rscript", "Rscript"), "sh": ("sh", "ogr2ogr")}


def main(base: str) -> None:
    text = (root / ".github/docs/analysts.md").read_text().replace("http://localhost:8080", base)
    examples = re.findall(r"^## (.+?)\n.*?^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(examples) == 5, [name for name, _, _ in examples]
    for name, language, code in examples:
        interpreter, needed = PROGRAMS[language]
        if language != "python" and not shutil.which(needed):
            print(f"{name}: skipped, {needed} is not installed")
            continue
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder, "example")
            place.write_text(code)
            done = subprocess.run([interpreter, place], cwd=folder, capture_output=True, text=True)
        # Ukraine and water are the most frequent ones in the demo data; GDAL counts.
        if done.returncode != 0 or not re.search(r"Ukraine|water|UA|Feature Count: [1-9]|Point", done.stdout):
            raise SystemExit(f"{name} failed:\n{done.stdout}{done.stderr}")
        print(f"{name}: {len(done.stdout.splitlines())} lines")


main(sys.argv[1])
