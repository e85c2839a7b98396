//! The front page: the figures that it shows, and that it shows only public data.

use reqwest::Method;
use serde_json::json;

use super::fixtures::{PARTNERSHIPS, create, delete, merged, partnership};
use super::sessions::{SESSIONS, session};
use crate::harness::{Caller, on_both};

async fn page(caller: &Caller, path: &str) -> String {
    let answer = caller.send(caller.request(Method::GET, path).header("Accept", "text/html")).await.ok();
    assert!(!answer.text().contains("{front}"));
    answer.text()
}

/// Follows all links of the page that stay on this server. Returns how many of them lead to a partnership.
async fn followed(caller: &Caller, page: &str) -> usize {
    let links: Vec<_> = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for link in links.iter().filter(|link| link.starts_with('/')) {
        caller.get(&link.replace("&amp;", "&")).await.ok();
    }
    links.iter().filter(|link| link.starts_with(&format!("{PARTNERSHIPS}/"))).count()
}

on_both! {
    async fn the_front_page_shows_the_map_charts_and_next_sessions(app: TestApp) {
        let (office, anyone) = (app.coordinator(), app.anonymous());
        for (path, heading, map, sector) in [
            ("/?lang=en", "Partnerships in figures", "Partnerships around the world", "Drinking water: "),
            ("/?lang=de", "Partnerschaften in Zahlen", "Partnerschaften in der Welt", "Trinkwasser: "),
        ] {
            let page = page(&anyone, path).await;
            assert_eq!(page.matches("<svg role=\"img\"").count(), 4, "{path}");
            for part in [heading, map, sector] {
                assert!(page.contains(part), "{path}: {part}");
            }
            assert_eq!(followed(&anyone, &page).await, 1);
        }
        let number = anyone.get(&format!("{PARTNERSHIPS}?limit=1&count=true")).await.ok().json()["total"].as_u64().unwrap();
        assert!(page(&anyone, "/").await.contains(&format!("{number} partnerships are published")));

        // Public changes appear at once, and hidden resources never.
        let new = [
            ("Zxq <b>bold</b> & \"{curl}\"", json!({"status": "published", "visibility": "public", "place": "Köln & <i>Bonn</i>"})),
            ("Zxq members", json!({"status": "published", "visibility": "members"})),
            ("Zxq draft", json!({"visibility": "public"})),
            ("Zxq held", json!({"status": "held", "visibility": "public", "starts_on": "2020-01-02"})),
        ];
        for (title, more) in new {
            let body = merged(&session(title), &merged(&json!({"starts_on": "2031-03-04"}), &more));
            create(&office, SESSIONS, &body).await;
        }
        for (title, visibility) in [("Zxq", "public"), ("Zxq", "internal"), ("Zxq", "members")] {
            create(&office, PARTNERSHIPS, &merged(&partnership(title), &json!({"visibility": visibility}))).await;
        }
        // The page is the same for everybody, with or without credentials.
        for caller in [anyone, office] {
            let page = page(&caller, "/?lang=de").await;
            assert!(page.contains(&format!("{} Partnerschaften sind veröffentlicht", number + 1)));
            assert!(page.contains("Zxq &lt;b&gt;bold&lt;/b&gt; &amp; &quot;{curl}&quot;"), "{page}");
            for part in [
                "<time datetime=\"2031-03-04\">4. März 2031, 10:00–12:30 Uhr</time>", "Köln &amp; &lt;i&gt;Bonn&lt;/i&gt; · Vor Ort und online",
            ] {
                assert!(page.contains(part), "{part}");
            }
            for title in ["Zxq members", "Zxq draft", "Zxq held"] {
                assert!(!page.contains(title), "{title}");
            }
        }
    }

    async fn the_front_page_works_without_data(app: TestApp) {
        let (office, anyone) = (app.coordinator(), app.anonymous());
        for collection in [PARTNERSHIPS, SESSIONS] {
            for it in office.all(&format!("{collection}?limit=200&fields=id")).await {
                delete(&office, &format!("{collection}/{}", it["id"].as_str().unwrap())).await;
            }
        }
        for (path, parts) in [
            ("/?lang=en", ["No partnerships have been published yet.", "No sessions are announced at the moment."]),
            ("/?lang=de", ["Noch ist keine veröffentlicht.", "Zurzeit ist keine angekündigt."]),
        ] {
            let page = page(&anyone, path).await;
            assert!(parts.iter().all(|part| page.contains(part)) && !page.contains("<svg"), "{path}");
            assert!(page.contains("GET /api/v1/partnerships/{id}<"), "{path}");
            assert_eq!(followed(&anyone, &page).await, 0);
        }
        // The statistics work without data.
        for path in ["partnerships?format=svg", "partnerships?format=map", "sessions?format=svg", "partnerships"] {
            anyone.get(&format!("/api/v1/statistics/{path}")).await.ok();
        }
    }
}
