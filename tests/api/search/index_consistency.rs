//! The tables of the search index: they hold exactly the existing words, however these were written.

use serde_json::json;
use vku_persistence::kernel::database::Database;

use crate::api::fixtures::bodies::contact;
use crate::api::visibility::hidden::create_resource;
use crate::harness::{Backend, TestApp, ask, on_both};

/// All rows of the index tables.
async fn index_rows(app: &TestApp) -> [Vec<String>; 3] {
    let id = match app.backend {
        Backend::Sqlite => "lower(hex(resource_id))",
        Backend::Postgres => "replace(CAST(resource_id AS text), '-', '')",
    };
    let hits = format!("SELECT word || ' ' || resource || ' ' || rank || ' ' || {id} AS hit FROM search_hit");
    let mut all = [
        ask(app, &hits).await,
        ask(app, "SELECT part || ' ' || word AS part FROM search_part").await,
        ask(app, "SELECT word FROM search_word").await,
    ];
    all.iter_mut().for_each(|rows| rows.sort_unstable());
    all
}

on_both! {
    async fn words_of_a_person_are_removed_with_the_text(app: TestApp) {
        let named = "SELECT word FROM search_word WHERE word LIKE '%zxqperson%' \
                     UNION ALL SELECT part || word FROM search_part WHERE word LIKE '%zxqperson%' \
                     UNION ALL SELECT word FROM search_hit WHERE word LIKE '%zxqperson%'";
        let staff = app.coordinator();
        let contacts = "/api/v1/members/hamburg-wasser/contacts";
        let person = create_resource(&app, contacts, contact("Zxqperson", false)).await;
        let before = ask(&app, named).await;
        assert!(before.len() >= 10, "{before:?}");
        let path = format!("{contacts}/{}", person["id"].as_str().unwrap());
        let anybody = json!({
            "given_name": "A", "family_name": "B", "email": "a@b.example", "function": null,
        });
        staff.patch(&path, "*", &anybody).await.ok();
        assert_eq!(ask(&app, named).await, Vec::<String>::new());
        // Words that another contact still has stay.
        create_resource(&app, contacts, contact("Zxqperson", false)).await;
        staff.patch(&path, "*", &json!({"family_name": "Zxqperson"})).await.ok();
        staff.patch(&path, "*", &json!({"family_name": "B"})).await.ok();
        assert_eq!(staff.all(&format!("{contacts}?q=zxqperson")).await.len(), 1);
        assert_eq!(ask(&app, named).await.len(), before.len());
    }

    async fn migrating_rebuilds_an_empty_or_outdated_index(app: TestApp) {
        let staff = app.coordinator();
        // Updated and deleted resources are indexed alike by writes and by rebuilding.
        staff.patch("/api/v1/utilities/hamburg-wasser", "*", &json!({"name": "Zxqhamburg", "city": null})).await.ok();
        let body = json!({"slug": "zxq", "name": "Zxqgelöscht", "kind": "ngo"});
        staff.post("/api/v1/organisations", &body).await.expect(201);
        staff.delete("/api/v1/organisations/zxq", "*").await.expect(204);
        let before = index_rows(&app).await;
        assert!(before.iter().all(|rows| rows.len() > 500));
        for table in ["search_hit", "search_part", "search_word", "search_state"] {
            ask(&app, &format!("DELETE FROM {table}")).await;
        }
        assert_eq!(index_rows(&app).await, [const { Vec::<String>::new() }; 3]);
        for _ in 0..2 {
            let database = Database::connect(&app.url).await.unwrap();
            database.migrate().await.unwrap();
            database.close().await.unwrap();
            assert!(index_rows(&app).await == before, "the tables differ");
        }
        // Another version of the word splitter rebuilds the index.
        ask(&app, "UPDATE search_state SET version = 0").await;
        ask(&app, "INSERT INTO search_word (word) VALUES ('zxqstale')").await;
        let database = Database::connect(&app.url).await.unwrap();
        database.migrate().await.unwrap();
        database.close().await.unwrap();
        assert!(index_rows(&app).await == before, "the tables differ");
    }

    async fn migrating_cleans_and_folds_texts_of_older_versions(app: TestApp) {
        let staff = app.coordinator();
        let path = "/api/v1/utilities/hamburg-wasser";
        staff.patch(path, "*", &json!({"name": "Zxqm\u{fc}nster", "aliases": ["Zxqalias"], "city": "Zxqcity"})).await.ok();
        let before = (staff.get(path).await.ok().json(), index_rows(&app).await);
        let old = [
            ("name", "Zxqmu\u{308}n\u{ad}ster\u{202e}"), ("name_key", "zxqmun\u{ad}ster"),
            ("aliases", "[\"Zxq\u{200b}alias\"]"), ("city", "Zxq\u{2066}city"),
        ];
        for (column, text) in old {
            let sql = format!("UPDATE utility SET {column} = '{text}' WHERE slug = 'hamburg-wasser'");
            ask(&app, &sql).await;
        }
        ask(&app, "UPDATE organisation SET name = '\u{200b}' WHERE slug = 'vku'").await;
        ask(&app, "UPDATE search_state SET version = 1").await;
        let database = Database::connect(&app.url).await.unwrap();
        database.migrate().await.unwrap();
        database.close().await.unwrap();
        let key = ask(&app, "SELECT name_key FROM utility WHERE slug = 'hamburg-wasser'").await;
        assert_eq!(key, ["zxqmunster"]);
        let name = ask(&app, "SELECT name FROM organisation WHERE slug = 'vku'").await;
        assert_eq!(name, ["?"], "there was nothing to be seen");
        staff.patch("/api/v1/organisations/vku", "*", &json!({"name": "Verband kommunaler Unternehmen"})).await.ok();
        for member in ["name", "aliases", "city"] {
            assert_eq!(staff.get(path).await.ok().json()[member], before.0[member], "{member}");
        }
        assert!(index_rows(&app).await[0].iter().filter(|hit| hit.contains("zxq")).eq(
            before.1[0].iter().filter(|hit| hit.contains("zxq"))
        ));
    }
}
