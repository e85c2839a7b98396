"""What the examples of *Tables that join* write, compared with each other and with `/api/v1/statistics`."""

import collections
import csv
import io
import json
import pathlib
import urllib.request
import zipfile

ACCOUNT = {"email": "coordinator@demo.example", "password": "demo-partnerships"}
SCOPES = ["partnerships:read"]
FILES = ["partners", "money", "results"]


def request(url: str, token: str = "", body: dict | None = None) -> bytes:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = json.dumps(body).encode() if body else None
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as response:
        return response.read()


def create_key(base: str) -> str:
    """An API key that reads what the coordination office sees."""
    token = json.loads(request(f"{base}/api/v1/auth/token", body=ACCOUNT))["access_token"]
    return json.loads(request(f"{base}/api/v1/api-keys", token, {"name": "analysts", "scopes": SCOPES}))["key"]


def cell(text: str) -> str | float:
    try:
        return round(float(text), 6)
    except ValueError:
        return "" if text == "NA" else text


def rows(text: str) -> list[list[str | float]]:
    """The rows below the header; R writes `NA` for what is unknown."""
    return [[cell(text) for text in row] for row in list(csv.reader(io.StringIO(text)))[1:]]


def read(folder: pathlib.Path) -> dict[str, list]:
    return {name: sorted(rows((folder / f"{name}.csv").read_text()), key=repr) for name in FILES}


def sums(table: list, *columns: int) -> dict[tuple, float]:
    """The sums of the last column by other columns."""
    result = collections.Counter()
    for row in table:
        result[tuple(row[column] for column in columns)] += row[-1]
    return {key: round(value, 2) for key, value in result.items()}


def compare(joined: dict[str, dict], base: str, key: str) -> None:
    first, *others = joined
    for other in others:
        for name in FILES:
            here, there = joined[first][name], joined[other][name]
            assert here == there, f"{name}.csv: {first} and {other} differ:\n{here}\n{there}"

    def statistics(path: str) -> list:
        return rows(request(f"{base}/api/v1/statistics/{path}&format=csv", key).decode())

    answers = joined[first]
    # Their columns: key, German label, English label, then either the number, or the amount, the currency and phases.
    countries = {(row[2],): row[3] for row in statistics("partnerships?by=country")}
    programmes = {("" if row[0] == "unknown" else row[2], row[4]): row[3] for row in statistics("funding?by=programme")}
    years = {(row[0], row[4]): row[3] for row in statistics("funding?by=year")}
    for found, expected in [
        (sums(answers["partners"], 1), countries),
        (sums(answers["money"], 0, 2), programmes),
        (sums(answers["money"], 1, 2), years),
    ]:
        assert found == expected, f"not as in the statistics:\n{found}\n{expected}"
    assert ("Namibia",) in countries and len(programmes) > 2 and len(answers["results"]) > 5
    lengths = ", ".join(f"{len(answers[name])} {name}" for name in FILES)
    print(f"{', '.join(joined)}: the same {lengths}, as in the statistics")


def check_sheets(folder: pathlib.Path) -> None:
    """LibreOffice has read German decimals and dates as such."""
    utilities, funding = (
        zipfile.ZipFile(folder / name).read("content.xml").decode() for name in ["utilities.ods", "funding.ods"]
    )
    assert "Kürzel" in utilities and 'office:value="54.33"' in utilities
    assert 'office:value="123431.36"' in funding and 'office:date-value="2025-07-01"' in funding
