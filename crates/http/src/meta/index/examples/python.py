import requests

host, path = "http://localhost:8080", "/api/v1/partnerships?country=ZM&status=active&limit=2"
while path:
    page = requests.get(host + path).json()
    for it in page["items"]:
        print(it.get("start", "unknown"), it["title"])
    path = page.get("next")
