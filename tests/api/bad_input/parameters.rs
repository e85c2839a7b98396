//! Invalid parameters and cursors.

use reqwest::Method;

use super::body::send;
use crate::api::fixtures::{
    DRESDEN, ORGANISATIONS, PARTNERSHIPS, PROGRAMMES, UTILITIES, assert_nothing_written,
};
use crate::harness::contract::Contract;
use crate::harness::on_both;

on_both! {
    async fn invalid_query_parameters_are_refused(app: TestApp) {
        let staff = app.coordinator();
        for (path, faults) in [
            ("/partnerships?limit=0", vec!["limit out_of_range"]),
            ("/partnerships?limit=201", vec!["limit out_of_range"]),
            ("/partnerships?limit=abc", vec!["limit out_of_range"]),
            ("/partnerships?limit=-1", vec!["limit out_of_range"]),
            ("/partnerships?limit=99999999999999999999", vec!["limit out_of_range"]),
            ("/partnerships?limit=1&limit=2", vec!["limit repeated"]),
            ("/partnerships?sort=colour", vec!["sort unknown_value"]),
            ("/partnerships?sort=", vec!["sort unknown_value"]),
            ("/partnerships?sort=title,,start", vec!["sort unknown_value"]),
            ("/partnerships?sort=title,-title", vec!["sort repeated"]),
            ("/partnerships?sort=title&sort=start", vec!["sort repeated"]),
            ("/partnerships?status=asleep&country=XX", vec!["country unknown_value", "status unknown_value"]),
            ("/partnerships?country=UA&country=ua", vec!["country unknown_value"]),
            (
                "/partnerships?utility=No%20Slug&utility=%00",
                vec!["utility invalid_format", "utility invalid_format"],
            ),
            (
                "/partnerships?start_from=2023-13&start_to=x",
                vec!["start_from invalid_date", "start_to invalid_format"],
            ),
            ("/partnerships?start_from=2023&start_from=2024", vec!["start_from repeated"]),
            ("/partnerships?updated_since=2026-01-01", vec!["updated_since invalid_format"]),
            ("/partnerships?count=yes&deleted=1", vec!["count unknown_value", "deleted unknown_value"]),
            ("/partnerships?format=pdf", vec!["format unknown_value"]),
            ("/partnerships?cursor=", vec!["cursor invalid_cursor"]),
            ("/partnerships?cursor=%00%ff", vec!["cursor invalid_cursor"]),
            (
                "/partnerships?sektor=water&%ff=1",
                vec!["sektor unknown_parameter", "\u{fffd} unknown_parameter"],
            ),
            ("/utilities?need=Pump&expertise=pumps", vec!["need invalid_format"]),
            ("/organisations?visibility=public", vec!["visibility unknown_parameter"]),
            (
                "/partnerships/gelsenwasser-lukanga?expand=all&limit=1",
                vec!["expand unknown_value", "limit unknown_parameter"],
            ),
            ("/partnerships/gelsenwasser-lukanga/transitions?x=", vec!["x unknown_parameter"]),
            ("/partnerships/gelsenwasser-lukanga/funding?status=active", vec!["status unknown_parameter"]),
            ("/me?x=1", vec!["x unknown_parameter"]),
        ] {
            let answer = staff.get(&format!("/api/v1{path}")).await;
            assert_eq!(answer.faults(400, "invalid_parameters"), faults, "{path}");
        }
        let problem = staff.get("/api/v1/partnerships?contry=UA").await.problem(400, "invalid_parameters");
        assert!(
            problem["errors"][0]["detail"].as_str().unwrap().contains("Did you mean `country`?"),
            "{problem:#}"
        );
    }

    async fn invalid_parameters_of_writes_are_refused(app: TestApp) {
        let staff = app.coordinator();
        let (transitions, restore) = (format!("{DRESDEN}/transitions"), format!("{DRESDEN}/restore"));
        assert_nothing_written(&app, async || {
            for (method, path) in [
                (Method::POST, UTILITIES),
                (Method::PATCH, DRESDEN),
                (Method::DELETE, DRESDEN),
                (Method::POST, &transitions),
                (Method::POST, &restore),
            ] {
                for (query, faults) in [
                    ("dryrun=true", ["dryrun unknown_parameter"]),
                    ("dry_run=yes", ["dry_run unknown_value"]),
                    ("dry_run=true&dry_run=true", ["dry_run repeated"]),
                ] {
                    let answer =
                        send(&staff, method.clone(), &format!("{path}?{query}"), "application/json", "{}")
                            .await;
                    assert_eq!(answer.faults(400, "invalid_parameters"), faults, "{method} {path}?{query}");
                }
            }
        })
        .await;
    }

    async fn a_cursor_is_valid_for_its_own_list_only(app: TestApp) {
        let staff = app.coordinator();
        let list = "/api/v1/partnerships?sector=water&sort=-start,title&limit=3";
        let next = staff.get(list).await.ok().json()["next"].as_str().unwrap().to_owned();
        let cursor = next.split_once("cursor=").unwrap().1;
        staff.get(&next).await.ok();
        staff.get(&next.replace("limit=3", "limit=7")).await.ok();
        for other in [
            "/utilities?sector=water&limit=3",
            "/partnerships/gelsenwasser-lukanga/funding?",
            "/partnerships?limit=3",
            "/partnerships?sector=waste&sort=-start,title",
            "/partnerships?sector=water&sector=waste&sort=-start,title",
            "/partnerships?sector=water&sort=start,title",
            "/partnerships?sector=water&sort=-start",
            "/partnerships?sector=water&sort=-start,title&deleted=true",
        ] {
            let answer = staff.get(&format!("/api/v1{other}&cursor={cursor}")).await;
            assert_eq!(answer.faults(400, "invalid_parameters"), ["cursor invalid_cursor"], "{other}");
        }
        let altered = (0..cursor.len()).map(|at| {
            let other = if &cursor[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &cursor[..at], &cursor[at + 1..])
        });
        for wrong in
            altered.chain([format!("{cursor}A"), cursor[1..].into(), cursor[..cursor.len() - 1].into()])
        {
            let answer = staff.get(&format!("{list}&cursor={wrong}")).await;
            assert_eq!(answer.faults(400, "invalid_parameters"), ["cursor invalid_cursor"], "{wrong}");
        }
        let twice = staff.get(&format!("{next}&cursor={cursor}")).await;
        assert_eq!(twice.faults(400, "invalid_parameters"), ["cursor repeated"]);
    }

    async fn invalid_parameters_suggest_the_right_ones(app: TestApp) {
        let staff = app.coordinator();
        for (query, code, suggestion) in [
            ("sector=water,waste", "unknown_value", "`sector=water&sector=waste`"),
            ("sector=water;waste", "unknown_value", "`sector=water&sector=waste`"),
            ("sector=water%20|%20waste", "unknown_value", "`sector=water&sector=waste`"),
            ("sector=water+waste", "unknown_value", "`sector=water&sector=waste`"),
            ("country=UA,ZM,TZ,KE", "", "`country=UA&country=ZM&country=TZ&…`"),
            ("status=active,completed", "unknown_value", "`status=active&status=completed`"),
            ("sector[]=water", "unknown_parameter", "Use `sector=…` without brackets"),
            ("sector[0]=water", "unknown_parameter", "Use `sector=…` without brackets"),
            ("filter[sector]=water", "unknown_parameter", "Use `sector=…` without brackets"),
            ("sort=title:asc", "unknown_value", "Use `sort=title`"),
            ("sort=title:desc", "unknown_value", "Use `sort=-title`"),
            ("sort=title+desc", "unknown_value", "Use `sort=-title`"),
            ("sort=title.DESC,start", "unknown_value", "Use `sort=-title`"),
            ("sort=title_asc", "unknown_value", "Use `sort=title`"),
            ("sort=-title:asc", "unknown_value", "Use `sort=-title`"),
            ("sort=%2Btitle", "unknown_value", "Use `sort=title`"),
            ("sort=title&sort=-start", "repeated", "with commas"),
            ("fields=id&fields=title", "repeated", "with commas"),
            ("page=2", "unknown_parameter", "follow `next`"),
            ("offset=50", "unknown_parameter", "follow `next`"),
            ("page[number]=2", "unknown_parameter", "follow `next`"),
            ("$skip=50", "unknown_parameter", "follow `next`"),
            ("per_page=10", "unknown_parameter", "Use `limit`"),
            ("page_size=10", "unknown_parameter", "Use `limit`"),
            ("pageSize=10", "unknown_parameter", "Use `limit`"),
            ("page[size]=10", "unknown_parameter", "Use `limit`"),
            ("$top=10", "unknown_parameter", "Use `limit`"),
            ("order_by=title", "unknown_parameter", "`sort=-key`"),
            ("orderBy=title", "unknown_parameter", "`sort=-key`"),
            ("search=wasser", "unknown_parameter", "Use `q`"),
            ("include=programmes", "unknown_parameter", "Use `expand`"),
            ("updated_since=2026-01-01T00:00:00+01:00", "invalid_format", "`updated_since=2026-01-01T00:00:00%2B01:00`"),
        ] {
            let problem = staff.get(&format!("{PARTNERSHIPS}?{query}")).await.problem(400, "invalid_parameters");
            let faults = problem["errors"].as_array().unwrap();
            assert_eq!(faults.len(), 1, "{query}: {problem:#}");
            let detail = faults[0]["detail"].as_str().unwrap();
            assert!(code.is_empty() || faults[0]["code"] == code, "{query}: {problem:#}");
            assert!(detail.contains(suggestion) && !detail.contains("Did you mean"), "{query}: {detail}");
        }
        // All faults of the parameter are reported at once.
        let problem = staff.get(&format!("{PARTNERSHIPS}?sector=water,wast")).await.problem(400, "invalid_parameters");
        assert!(problem.to_string().contains("sector=water&sector=wast") && problem.to_string().contains("`waste`"));
        // The suggestions work.
        for right in ["sector=water&sector=waste", "sort=-title", "updated_since=2026-01-01T00:00:00%2B01:00"] {
            staff.get(&format!("{PARTNERSHIPS}?{right}")).await.ok();
        }
        let since = staff.get("/api/v1/audit?at_from=2026-01-01T00:00:00+01:00").await;
        assert!(since.text().contains("%2B01:00"), "{}", since.text());
        let german = staff.request(Method::GET, &format!("{PARTNERSHIPS}?page=2")).header("Accept-Language", "de");
        assert!(staff.send(german).await.text().contains("Seiten haben keine Nummern"));
    }

    /// These formats answer with all rows, so a cursor would pass off the rest as the whole.
    async fn formats_without_pages_refuse_cursors(app: TestApp) {
        let staff = app.coordinator();
        for collection in [PARTNERSHIPS, UTILITIES, ORGANISATIONS, PROGRAMMES] {
            let list = format!("{collection}?limit=1");
            let Some(next) = staff.get(&list).await.ok().json()["next"].as_str().map(str::to_owned) else {
                panic!("{collection} has one page only");
            };
            staff.get(&format!("{next}&format=json")).await.ok();
            for format in ["csv", "ndjson", "xlsx", "parquet", "geojson", "iati", "ics"] {
                let answer = staff.get(&format!("{next}&format={format}")).await;
                let faults = answer.faults(400, "invalid_parameters");
                assert!(faults == ["cursor not_in_format"] || faults == ["format unknown_value"], "{next} {format}: {faults:?}");
            }
            let request = staff.request(Method::GET, &next).header("Accept", "text/csv");
            assert_eq!(staff.send(request).await.faults(400, "invalid_parameters"), ["cursor not_in_format"]);
        }
    }

    async fn list_parameters_accept_at_most_a_hundred_values(app: TestApp) {
        let (staff, mut lists) = (app.coordinator(), 0);
        for it in &Contract::served().operations {
            for parameter in it.definition["parameters"].as_array().into_iter().flatten() {
                let is_list = parameter["schema"]["type"] == "array" && parameter["explode"] != false;
                if !is_list || parameter["in"] != "query" {
                    continue;
                }
                assert_eq!(parameter["schema"]["maxItems"], 100, "{} {}", it.id, parameter["name"]);
                lists += 1;
            }
        }
        assert!(lists > 50, "{lists}");
        let values = |count: usize| vec!["sector=water"; count].join("&");
        staff.get(&format!("{PARTNERSHIPS}?{}", values(100))).await.ok();
        let answer = staff.get(&format!("{PARTNERSHIPS}?{}", values(101))).await;
        assert_eq!(answer.faults(400, "invalid_parameters"), ["sector too_many"]);
    }
}
