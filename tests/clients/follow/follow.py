import json
import time

import requests

api = "http://localhost:8080/api/v1"
copy = {}


def read_all():
    answer = requests.get(f"{api}/organisations", params={"format": "ndjson"})
    copy.update((it["id"], it) for it in map(json.loads, answer.iter_lines()))
    return answer.headers["Change-Token"]


since = read_all()
print("following", len(copy), "organisations", flush=True)
while True:
    answer = requests.get(f"{api}/changes", params={"since": since, "resource": "organisation"})
    if answer.status_code == 410:  # too old, or your permissions have changed
        copy.clear()
        since = read_all()
        continue
    page = answer.json()
    for it in page["items"]:
        if "state" in it:
            copy[it["resource_id"]] = it["state"]
        else:
            copy.pop(it["resource_id"], None)
        print(it["action"], it.get("slug"), flush=True)
    since = page["since"]
    if not page["has_more"]:
        time.sleep(1)
