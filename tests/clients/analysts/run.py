"""Runs the examples of `.github/docs/analysts.md`, as they stand there, on a server with demo data: `run.py URL`.

Needs the packages in `requirements.txt`. Examples of programs that are not installed are skipped, with a line that says
so. Those of *Tables that join* have to write the same files, with the figures of `/api/v1/statistics`.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import answers

root = pathlib.Path(__file__).parents[3]
HEADING_OR_CODE = re.compile(r"^##+ ([^\n]+)$|^```(python|r|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INTERPRETERS = {"python": sys.executable, "r": "Rscript", "sh": "sh"}
NEEDED = {"r": "Rscript", "GDAL": "ogr2ogr", "LibreOffice": "soffice"}
# What has to be in the output. Ukraine and water are the most frequent ones in the demo data; Namibia is `NA`.
PRINTED = {
    "pandas": "Ukraine",
    "Polars": "water",
    "DuckDB": "UA",
    "R": r"\bNA\b",
    "GDAL": "Feature Count: [1-9]",
    "LibreOffice": "funding.ods",
}


def examples(text: str):
    """The examples, each with the heading above it and its language."""
    for heading, language, code in HEADING_OR_CODE.findall(text):
        if heading:
            name = heading
        else:
            yield name, language, code


def run(name: str, language: str, code: str, folder: pathlib.Path) -> None:
    folder.mkdir()
    (folder / "example").write_text(code)
    # LibreOffice keeps a profile at home, and R reads UTF-8 only in such a locale.
    environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    command = [INTERPRETERS[language], "example"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0 or not re.search(PRINTED.get(name, ""), done.stdout):
        raise SystemExit(f"{name} failed:\n{done.stdout}{done.stderr}")
    if name == "LibreOffice":
        answers.check_sheets(folder)
    print(f"{name}: ran" + (f", {len(done.stdout.splitlines())} lines" if name in PRINTED else ""))


def main(base: str) -> None:
    text = (root / ".github/docs/analysts.md").read_text()
    found = list(examples(text))
    names = [name for name, _, _ in found]
    assert names == [*PRINTED, "In DuckDB", "In pandas", "In R"], names
    with tempfile.TemporaryDirectory() as place:
        key = answers.create_key(base)
        joined = {}
        for name, language, code in found:
            needed = NEEDED.get(name) or NEEDED.get(language)
            if needed and not shutil.which(needed):
                print(f"{name}: skipped, {needed} is not installed")
                continue
            folder = pathlib.Path(place, name)
            run(name, language, code.replace("http://localhost:8080", base).replace("vkp_…", key), folder)
            if name.startswith("In "):
                joined[name] = answers.read(folder)
        answers.compare(joined, base, key)


main(sys.argv[1])
