//! Files of the tables of what resources contain, and how pages and files follow changes.

use reqwest::Method;
use serde_json::Value;

use super::create_world;
use super::unnested::{PARTICIPANTS, SUPPORTS, VALUES, support};
use crate::api::fixtures::{create, partnership};
use crate::api::visibility::hidden::text;
use crate::harness::on_both;

on_both! {
    async fn files_have_columns_that_can_be_joined(app: TestApp) {
        create_world(&app).await;
        support(&app).await;
        let staff = app.coordinator();
        let header = async |path: &str, more: &str| {
            let csv = staff.get(&format!("{path}?format=csv{more}")).await.ok().text();
            csv.lines().next().unwrap().to_owned()
        };
        assert_eq!(
            header(PARTICIPANTS, "").await,
            "partnership,position,party.utility,party.organisation,role,from,until"
        );
        assert_eq!(
            header(PARTICIPANTS, "&columns=all").await,
            "partnership,partnership.id,partnership.title,position,party.utility,party.utility.id,party.utility.name,\
             party.utility.kind,party.utility.country,party.organisation,party.organisation.id,party.organisation.name,\
             party.organisation.kind,party.organisation.country,role,from,from_earliest,from_latest,from_year,until,\
             until_earliest,until_latest,until_year"
        );
        assert_eq!(header(VALUES, "").await, "partnership,result,position,unit,sdg_target,on,value,reported_by");
        assert_eq!(
            header(SUPPORTS, "&columns=all").await,
            "topic,topic.id,topic.title.de,topic.title.en,member,member.id,member.name,since"
        );
        for path in [PARTICIPANTS, VALUES, SUPPORTS] {
            let rows = staff.all(&format!("{path}?limit=200")).await;
            let lines = staff.get(&format!("{path}?format=ndjson")).await.ok().text();
            let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert!(lines == rows, "{path}");
            let few = match path {
                PARTICIPANTS => "&role=associate",
                SUPPORTS => "&member=stadtentwaesserung-dresden",
                _ => "",
            };
            let xlsx = staff.get(&format!("{path}?format=xlsx{few}")).await.ok();
            assert!(xlsx.body.starts_with(b"PK"), "{path}");
            let file = format!("filename=\"{}-", path.rsplit('/').next().unwrap());
            assert!(xlsx.headers["content-disposition"].to_str().unwrap().contains(&file), "{path}");
        }
    }

    /// A cached page and a file with a tag follow the changes of what they show.
    async fn pages_and_files_follow_changes(app: TestApp) {
        create_world(&app).await;
        support(&app).await;
        let staff = app.coordinator();
        let ask = async |path: &str, tag: &str| {
            staff.send(staff.request(Method::GET, path).header("If-None-Match", tag)).await.status.as_u16()
        };
        let topic = text(&staff.all("/api/v1/topics?limit=1").await[0], "id");
        let support = format!("/api/v1/topics/{topic}/support?member=stadtentwaesserung-dresden");
        for (path, method, target, body) in [
            (PARTICIPANTS, Method::POST, "/api/v1/partnerships", partnership("Zxq three")),
            (SUPPORTS, Method::DELETE, support.as_str(), Value::Null),
        ] {
            let file = format!("{path}?format=csv");
            let page = format!("{path}?limit=200&count=true");
            let of_page = staff.get(&page).await.ok();
            // The follower of the log may not have come to the last changes yet.
            let mut of_file = String::new();
            for _ in 0..200 {
                of_file = staff.get(&file).await.ok().tag();
                if ask(&file, &of_file).await == 304 {
                    break;
                }
            }
            assert_eq!(ask(&file, &of_file).await, 304, "{path}");
            assert_eq!(ask(&page, &of_page.tag()).await, 304, "{path}");
            match method {
                Method::POST => drop(create(&staff, target, &body).await),
                _ => drop(staff.send(staff.request(method, target)).await.ok()),
            }
            assert_eq!((ask(&file, &of_file).await, ask(&page, &of_page.tag()).await), (200, 200), "{path}");
            let after = staff.get(&page).await.ok().json();
            assert_ne!(after["total"], of_page.json()["total"], "{path}");
        }
    }
}
