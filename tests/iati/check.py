"""Validates the IATI files of a server with demo data by the official schema, rule set and code lists.

check.py BASE STANDARD: the server, and a folder with iati-activities-schema.xsd and its companions at any depth.
"""

import datetime
import json
import re
import sys
from decimal import Decimal
from pathlib import Path

import requests
from lxml import etree

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
TODAY = datetime.datetime.now(datetime.timezone.utc).date()

# Which code list applies where, as far as our files use it. Other codes are not checked.
CODES = {
    "activity-status/@code": "ActivityStatus",
    "activity-date/@type": "ActivityDateType",
    "reporting-org/@type": "OrganisationType",
    "participating-org/@type": "OrganisationType",
    "participating-org/@role": "OrganisationRole",
    "recipient-country/@code": "Country",
    "sector[@vocabulary='1']/@code": "Sector",
    "tag[@vocabulary='2']/@code": "UNSDG-Goals",
    "tag[@vocabulary='3']/@code": "UNSDG-Targets",
    "budget/@type": "BudgetType",
    "result/@type": "ResultType",
    "result/indicator/@measure": "IndicatorMeasure",
    "location/exactness/@code": "GeographicExactness",
    "document-link/category/@code": "DocumentCategory",
    "document-link/language/@code": "Language",
    ".//@xml:lang": "Language",
}


def found(standard, name):
    """The file with this name that is nearest to the top."""
    paths = sorted(Path(standard).rglob(name), key=lambda path: (len(path.parts), "2-03" not in path.parts, path))
    recent = [path for path in paths if "2-03" in path.parts] or paths
    return recent[0] if recent else None


def day(text):
    return TODAY if text == "NOW" else datetime.date.fromisoformat(text[:10])


def texts(nodes):
    return [node if isinstance(node, str) else "".join(node.itertext()) for node in nodes]


class Rules:
    """The rules for one file. An unknown rule is a fault of this program."""

    def __init__(self):
        self.faults = []
        self.asked = 0

    def check(self, tree, ruleset):
        for context, rules in ruleset.items():
            elements = tree.xpath(context)
            for name, rule in rules.items():
                for case in rule["cases"]:
                    for element in elements:
                        self.case(element, name, case)

    def case(self, element, name, case):
        if "condition" in case and not element.xpath(f"boolean({case['condition']})"):
            return
        if case.get("idCondition") and name == "startswith":
            return  # Needs the register of organisations.
        self.asked += 1
        values = texts(value for path in case.get("paths", []) for value in element.xpath(path))
        if not getattr(self, name)(element, case, values):
            info = case.get("ruleInfo", {})
            self.faults.append(f"{info.get('id', '')} {name} {case.get('paths', case)}: {values} {info.get('message', '')}")

    def atleast_one(self, _element, _case, values):
        return len(values) >= 1

    def no_more_than_one(self, _element, _case, values):
        return len(values) <= 1

    def unique(self, _element, _case, values):
        return len(values) == len(set(values))

    def startswith(self, element, case, values):
        prefixes = [case["prefix"]] if isinstance(case["prefix"], str) else case["prefix"]
        known = texts(value for prefix in prefixes for value in element.xpath(prefix))
        between = case.get("separator", "")
        return all(any(value.startswith(prefix + between) for prefix in known) for value in values)

    def one_or_all(self, element, case, _values):
        if element.xpath(case["one"]):
            return True
        if case["all"] == "lang":
            return all(LANG in narrative.attrib for narrative in element.iter("narrative"))
        if case["all"] == "currency":
            return all("currency" in value.attrib for value in element.iter("value"))
        return all(transaction.xpath(case["all"]) for transaction in element.xpath("transaction"))

    def date_now(self, element, case, _values):
        return all(day(text) <= TODAY for text in element.xpath(case["date"]))

    def date_order(self, element, case, _values):
        less = element.xpath(case["less"])
        more = ["NOW"] if case["more"] == "NOW" else element.xpath(case["more"])
        return all(day(one) <= day(other) for one in less for other in more)

    def time_limit(self, element, case, _values):
        for one, other in zip(element.xpath(case["start"]), element.xpath(case["end"])):
            limit = day(one) + datetime.timedelta(days=366)
            if day(other) > limit:
                return False
        return True

    def regex_matches(self, _element, case, values):
        return all(re.search(case["regex"], value) for value in values)

    def no_spaces(self, _element, _case, values):
        return all(value == value.strip() for value in values)

    def range(self, _element, case, values):
        return all(case["min"] <= float(value) <= case["max"] for value in values)

    def strict_sum(self, _element, case, values):
        return not values or sum(map(Decimal, values)) == Decimal(case["sum"])

    sum = strict_sum

    def if_then(self, element, case, _values):
        holds = element.xpath(f"boolean({case['if']})")
        return not holds or element.xpath(f"boolean({case['then']})")

    def loop(self, element, case, _values):
        for value in sorted(set(element.xpath(case["foreach"]))):
            for name, rule in case["do"].items():
                for inner in rule["cases"]:
                    filled = {key: self.fill(part, value) for key, part in inner.items()}
                    self.case(element, name, filled)
        return True

    def fill(self, part, value):
        if isinstance(part, str):
            return part.replace("$1", value)
        return [self.fill(one, value) for one in part] if isinstance(part, list) else part


def codes(standard):
    """The code lists that exist. Reports those of `CODES` that are missing in the folder."""
    lists = {}
    for name in sorted(set(CODES.values())):
        path = found(standard, f"{name}.xml")
        if path:
            lists[name] = {item.findtext("code") for item in etree.parse(str(path)).iter("codelist-item")}
    return lists


def check(text, standard):
    """The faults of a file, and the number of rules that were checked."""
    tree = etree.fromstring(text)
    schema = etree.XMLSchema(etree.parse(str(found(standard, "iati-activities-schema.xsd"))))
    faults = [] if schema.validate(tree) else [str(error) for error in schema.error_log]
    rules = Rules()
    rules.check(tree, json.loads((found(standard, "standard-ruleset.json") or found(standard, "standard_ruleset.json")).read_text()))
    faults += rules.faults
    lists = codes(standard)
    for activity in tree.iter("iati-activity"):
        for path, name in CODES.items():
            strangers = set(activity.xpath(path)) - lists.get(name, set(activity.xpath(path)))
            if strangers:
                faults.append(f"{path}: {sorted(strangers)} not in {name}")
    return tree, faults, rules.asked, lists


class Demo:
    """The coordination office of a server with demo data."""

    def __init__(self, base):
        self.api = f"{base}/api/v1"
        self.office = requests.Session()
        account = {"email": "coordinator@demo.example", "password": "demo-partnerships"}
        token = requests.post(f"{self.api}/auth/token", json=account).json()["access_token"]
        self.office.headers["Authorization"] = f"Bearer {token}"

    def make(self, path, **body):
        answer = self.office.post(f"{self.api}/{path}", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def fill(self):
        """A partnership with everything that an activity may have, because those of the demo data have little of it."""
        area = self.make("utilities", name="A <&> B", kind="partner", country="XK", sectors=["water"])
        party = lambda role, utility: {"role": role, "party": {"utility": utility}}
        partners = [party("partner", area["slug"]), party("partner", "lvivvodokanal")]
        made = self.make(
            "partnerships", title="]]> --> \u2603", start="2020-02", end="2024", status="completed",
            sectors=["water", "wastewater", "waste", "energy", "district_heating", "public_transport", "telecommunications"],
            working_areas=["gis", "pumps", "tariffs"], sdg_targets=["6.3", "6.a"], source_url="https://example.org/ä?b&c",
            summary={"de": "Ä", "uk": "Ї"}, participants=[party("lead", "hamburg-wasser"), *partners],
        )  # fmt: skip
        path = f"partnerships/{made['slug']}"
        for currency, amount in [("EUR", "100.01"), ("UGX", "7"), ("JOD", "0.001")]:
            money = {"amount": amount, "currency": currency}
            self.make(f"{path}/funding", kind="grant", amount=money, **{"from": "2020-02-29", "to": "2024"})
        self.make(
            f"{path}/results", name="Losses", unit="%", baseline="41.5", target="30", sdg_target="6.4",
            values=[{"on": "2019-12-31", "value": "42"}, {"on": "2022-12-31", "value": "-1.5", "reported_by": "lvivvodokanal"}],
        )  # fmt: skip
        self.make(f"{path}/results", name="People", unit="people")
        for kind in ["mou", "contract", "report", "presentation", "web_page", "other"]:
            self.make(f"{path}/documents", title=kind, url=f"https://example.org/{kind}.pdf", kind=kind, language="en")
        return made["slug"]


def left_out(tree):
    """The slugs in the comments about what is left out."""
    comments = [node.text for node in tree.xpath("/iati-activities/comment()") if node.text.startswith(" Left out")]
    return [slug.strip() for text in comments for slug in text.split(":", 1)[1].split(",")]


def main(base, standard):
    demo = Demo(base)
    rich = demo.fill()
    for caller in [requests.Session(), demo.office]:
        answer = caller.get(f"{demo.api}/partnerships", headers={"Accept": "application/xml"})
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/xml", answer.headers
        tree, faults, asked, lists = check(answer.content, standard)
        assert not faults, "\n".join(faults)
        path, rows = "/api/v1/partnerships?limit=200", []
        while path:
            page = caller.get(base + path).json()
            rows += page["items"]
            path = page.get("next")
        told = tree.xpath("iati-activity/other-identifier[@type='A1']/@ref")
        valid = [row["slug"] for row in rows if row.get("start") and row["countries"]]
        assert told == valid, (told, valid)
        prefix = tree.xpath("string(iati-activity/reporting-org/@ref)")
        identifiers = [f"{prefix}-{row['id']}" for row in rows if row["slug"] in valid]
        assert tree.xpath("iati-activity/iati-identifier/text()") == identifiers, identifiers
        assert left_out(tree) == [row["slug"] for row in rows if row["slug"] not in valid]
        last = f"{len(told)} activities valid, {len(rows) - len(told)} left out, {asked} rules asked, {len(lists)} code lists"
    assert rich in told
    # The checks are worth something only if they can fail.
    budget = tree.xpath("//budget/period-end")[0]
    budget.set("iso-date", "2029-12-31")
    tree.xpath("//recipient-country[@percentage]")[0].set("percentage", "99")
    tree.xpath("//activity-status")[0].set("code", "77")
    broken = "\n".join(check(etree.tostring(tree), standard)[1])
    assert all(word in broken for word in ["recipient-country/@percentage", "ActivityStatus"]), broken
    swapped = tree.find("iati-activity")
    swapped.append(swapped.find("title"))
    assert "title" in "\n".join(check(etree.tostring(tree), standard)[1])
    print(last)


if __name__ == "__main__":
    main(*sys.argv[1:])
