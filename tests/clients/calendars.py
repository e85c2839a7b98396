"""A calendar library in another language reads the calendars that calendar programs subscribe to (RFC 5545)."""

import json
import sys
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

BASE = sys.argv[1]
BERLIN = ZoneInfo("Europe/Berlin")


def ask(method, path, token=None, body=None, headers=None):
    """The status, the headers and the body of a response."""
    headers = dict(headers or {})
    data = None
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
        data = json.dumps(body).encode()
    if token:
        headers["Authorization"] = f"Bearer {token}"
    url = path if path.startswith("http") else BASE + path
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def expect(status, answer):
    assert answer[0] == status, (answer[0], answer[2])
    return answer


def signed_in(role):
    account = {"email": f"{role}@demo.example", "password": "demo-partnerships"}
    return json.loads(expect(200, ask("POST", "/api/v1/auth/token", body=account))[2])["access_token"]


def calendar(path, token=None, headers=None):
    """The calendar at a path. Checks that every line is short enough and that the library finds no fault."""
    _, headers, body = expect(200, ask("GET", path, token, headers=headers))
    assert headers["Content-Type"].startswith("text/calendar"), headers["Content-Type"]
    assert body.endswith(b"END:VCALENDAR\r\n") and b"\n" not in body.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in body.split(b"\r\n")), "a line is too long"
    read = icalendar.Calendar.from_ical(body)
    for event in read.walk("VEVENT"):
        assert not event.errors, event.errors
    return read


def event_of(read, uid):
    found = [event for event in read.walk("VEVENT") if event["UID"].startswith(uid)]
    assert len(found) == 1, found
    return found[0]


office, member = signed_in("coordinator"), signed_in("member")
# The night of the next year in which the clocks go back: an hour longer than they show.
year = datetime.now(timezone.utc).year + 1
back = max(day for day in (datetime(year, 10, number) for number in range(25, 32)) if day.weekday() == 6)
night = (back - timedelta(days=1)).date().isoformat()
title = "Erfahrungsaustausch: Wasserverluste, Fernwärme; " + "Львівводоканал " * 8
session = {
    "title": title.strip(),
    "kind": "exchange",
    "starts_on": night,
    "ends_on": back.date().isoformat(),
    "start_time": "22:00",
    "end_time": "06:00",
    "format": "online",
    "online_url": "https://meet.example/secret-room",
    "description": {"de": "Erste Zeile\nZweite; Zeile, mit \\ Zeichen"},
    "visibility": "members",
    "status": "published",
}
_, headers, body = expect(201, ask("POST", "/api/v1/sessions", office, session))
made, path = json.loads(body), headers["Location"]
one = event_of(calendar(f"{path}?format=ics", office), made["id"])
assert str(one["SUMMARY"]) == session["title"], one["SUMMARY"]
assert session["description"]["de"] in str(one["DESCRIPTION"]), one["DESCRIPTION"]
assert str(one["STATUS"]) == "CONFIRMED"
start, end = one["DTSTART"].dt, one["DTEND"].dt
assert start.tzinfo is not None and end.astimezone(timezone.utc) - start.astimezone(timezone.utc) == timedelta(hours=9)
assert start.astimezone(BERLIN).strftime("%H:%M") == "22:00" and str(one["DTSTART"].params["TZID"]) == "Europe/Berlin"
by_accept = calendar(path, office, {"Accept": "text/calendar"})
assert event_of(by_accept, made["id"])["UID"] == one["UID"]
# The time zone in the file equals the one of the machine.
zones = by_accept.walk("VTIMEZONE")
assert [str(zone["TZID"]) for zone in zones] == ["Europe/Berlin"]
told = zones[0].to_tz()
for day in range(0, 365):
    at = datetime(year, 1, 1, 12) + timedelta(days=day)
    assert at.replace(tzinfo=told).utcoffset() == at.replace(tzinfo=BERLIN).utcoffset(), at

# A feed of all visible sessions. The public does not see this one.
everything = calendar("/api/v1/sessions?format=ics", office)
event_of(everything, made["id"])
public = calendar("/api/v1/sessions?format=ics")
assert made["id"] not in str([event["UID"] for event in public.walk("VEVENT")])
assert len(public.walk("VEVENT")) > 5, "the sessions of the real data"

# The feed of a member, by its secret link.
link = "/api/v1/members/stadtentwaesserung-dresden/calendar-link"
url = json.loads(expect(201, ask("POST", link, member))[2])["url"]
feed = url[url.index("/calendars/"):]
seen = event_of(calendar(feed), made["id"])
assert "secret-room" not in str(seen), "nobody of the member is registered"
_, headers, _ = expect(200, ask("GET", feed))
assert "private" in headers["Cache-Control"]
expect(304, ask("GET", feed, headers={"If-None-Match": headers["ETag"]}))
expect(403, ask("POST", "/api/v1/members/hamburg-wasser/calendar-link", member))

# Changes and cancellations appear with the same UID and a higher SEQUENCE.
_, headers, _ = expect(200, ask("GET", path, office))
patch = {"start_time": "21:00", "place": "Berlin"}
expect(200, ask("PATCH", path, office, patch, {"If-Match": headers["ETag"]}))
moved = event_of(calendar(feed), made["id"])
assert moved["UID"] == one["UID"] and int(moved["SEQUENCE"]) > int(one["SEQUENCE"])
assert moved["DTSTART"].dt.astimezone(BERLIN).strftime("%H:%M") == "21:00" and str(moved["LOCATION"]) == "Berlin"
expect(200, ask("POST", f"{path}/transitions", office, {"to": "cancelled", "reason": "Illness"}))
gone = event_of(calendar(feed), made["id"])
assert str(gone["STATUS"]) == "CANCELLED" and gone["UID"] == one["UID"]
assert int(gone["SEQUENCE"]) > int(moved["SEQUENCE"])
between = recurring_ical_events.of(calendar(feed)).between(back - timedelta(days=2), back + timedelta(days=2))
assert any(event["UID"] == one["UID"] for event in between)

# A new link replaces the old one, and a revoked link stops working.
again = json.loads(expect(201, ask("POST", link, member))[2])["url"]
expect(404, ask("GET", feed))
feed = again[again.index("/calendars/"):]
calendar(feed)
expect(204, ask("DELETE", link, member))
expect(404, ask("GET", feed))
print(f"{len(everything.walk('VEVENT'))} events read by icalendar {icalendar.__version__}")
