//! The tables of statements of every kind that the store executes, and of what it does not.

use super::*;

fn set(names: &str) -> TableSet {
    if names.is_empty() { TableSet::NONE } else { TableSet::from_names(names) }
}

#[test]
fn the_tables_of_a_statement_are_found() {
    for (sql, read, written) in [
        (r#"SELECT "utility"."id" FROM "utility" WHERE "utility"."member" = $1"#, "utility", ""),
        (
            r#"SELECT id, session FROM utility AS "u", member m, (SELECT 1 AS topic) t WHERE a = b"#,
            "utility,member",
            "",
        ),
        (
            r#"SELECT 1 FROM "partnership" LEFT JOIN "funding" ON "funding"."x" = 1 INNER JOIN (SELECT "a" FROM "topic") AS "found" ON 1 = 1"#,
            "partnership,funding,topic",
            "",
        ),
        (
            r#"SELECT count(*) FROM "contact" WHERE EXISTS(SELECT 1 FROM "member" WHERE x IN (SELECT y FROM "user"))"#,
            "contact,member,user",
            "",
        ),
        ("SELECT value FROM json_each($1) AS entry, utility", "utility", ""),
        (
            "SELECT word FROM jsonb_array_elements(CAST($1 AS jsonb)) AS c CROSS JOIN LATERAL (SELECT 1 FROM search_part OFFSET 0) AS i",
            "",
            "",
        ),
        (
            r#"SELECT "position" FROM (SELECT DISTINCT 1 AS "session") AS "wanted", "support" GROUP BY "topic", "member""#,
            "support",
            "",
        ),
        (
            r#"SELECT "id" FROM "user" WHERE a IS DISTINCT FROM b ORDER BY "session", "topic" LIMIT 1 FOR UPDATE"#,
            "user",
            "",
        ),
        (r#"SELECT "id" FROM "user" FOR NO KEY UPDATE SKIP LOCKED"#, "user", ""),
        (r#"(SELECT 1 FROM "topic") UNION ALL (SELECT 2 FROM "topic_set")"#, "topic,topic_set", ""),
        (r#"SELECT 'FROM session', 'it''s FROM topic' FROM "public"."document""#, "document", ""),
        (
            r#"INSERT INTO "change" ("a", "session") VALUES ($1, $2), ($3, 'x') RETURNING "position""#,
            "",
            "change",
        ),
        (
            "INSERT INTO change (a) SELECT a FROM import_change WHERE x = $1 ORDER BY n",
            "import_change",
            "change",
        ),
        (r#"INSERT INTO "topic" ("id") VALUES ($1) ON CONFLICT ("id") DO UPDATE SET "x" = 1"#, "", "topic"),
        (
            r#"UPDATE "registration" SET "session" = (SELECT "id" FROM "session" LIMIT 1), "topic" = 1 WHERE "member" = 2"#,
            "session",
            "registration",
        ),
        (
            r#"update only "registration" set "x" = "guest"."y" from "guest", "contact" where 1 = 1"#,
            "guest,contact",
            "registration",
        ),
        (r#"DELETE FROM "topic_set" WHERE "owner_id" = $1"#, "", "topic_set"),
        (r#"DELETE FROM "topic_set" USING "topic" WHERE 1 = 1"#, "topic", "topic_set"),
        (
            "DELETE FROM search_hit WHERE (word, resource) IN (SELECT 1, 2 FROM json_each($1) AS entry)",
            "",
            "",
        ),
        (
            r#"WITH "it" AS (SELECT 1 FROM "guest"), other AS (SELECT 1 FROM it) SELECT * FROM "it", other"#,
            "guest",
            "",
        ),
        (
            r#"WITH gone AS (DELETE FROM "login" RETURNING id) INSERT INTO "mail" SELECT id FROM gone"#,
            "",
            "login,mail",
        ),
        (
            r#"WITH "it" ("a", "b") AS  MATERIALIZED (SELECT 1, 2 FROM "guest"), other (c) AS NOT MATERIALIZED (SELECT 1 FROM "it") SELECT * FROM other"#,
            "guest",
            "",
        ),
        ("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(1)", "", ""),
        ("SAVEPOINT run", "", ""),
        (r#"ANALYZE (SKIP_LOCKED) "partnership", slug"#, "", ""),
        (r#"SELECT 1; DELETE FROM "guest""#, "", "guest"),
    ] {
        let found = StatementTables::of(sql);
        assert_eq!((found.read, found.written), (set(read), set(written)), "{sql}");
        assert!(!found.reads_slugs && !found.writes_slugs, "{sql}");
    }
}

#[test]
fn slugs_are_told_apart() {
    let found = StatementTables::of(r#"SELECT "resource_id" FROM "slug" WHERE "slug" = $1"#);
    assert_eq!(found, StatementTables { reads_slugs: true, ..StatementTables::default() });
    let found = StatementTables::of(r#"INSERT INTO "slug" ("resource") VALUES ($1)"#);
    assert_eq!(found, StatementTables { writes_slugs: true, ..StatementTables::default() });
}

#[test]
fn what_is_not_understood_counts_as_all_tables() {
    for sql in [
        "TRUNCATE utility",
        "COPY utility FROM STDIN",
        "DROP TABLE utility",
        "SELECT 1; TRUNCATE utility",
        "INSERT INTO novelty (a) VALUES (1)",
        "UPDATE $1 SET a = 1",
        "SELECT 1 -- a comment",
        "SELECT 1 FROM /* a comment */ utility",
        "SELECT 1)",
    ] {
        assert_eq!(StatementTables::of(sql), StatementTables::ALL, "{sql}");
    }
    for sql in [
        "SELECT 1 FROM novelty",
        "SELECT 1 FROM pg_class",
        r#"SELECT 1 FROM "utility", "novelty""#,
        "SELECT 1 FROM novelty AS n, (SELECT 1) AS m (a)",
    ] {
        assert_eq!(StatementTables::of(sql).read, TableSet::ALL, "{sql}");
    }
}

#[test]
fn few_statements_are_remembered_and_each_is_read_right() {
    let sql = |number: usize| {
        let table = if number.is_multiple_of(2) { "utility" } else { "member" };
        format!("SELECT {number} FROM {table}")
    };
    for number in (0..2 * MAX_REMEMBERED).chain(0..2 * MAX_REMEMBERED) {
        let sql = sql(number);
        for _ in 0..2 {
            assert_eq!(StatementTables::of(&sql), StatementTables::scan(&sql), "{sql}");
        }
    }
    let long = format!("SELECT '{}' FROM utility", "x".repeat(MAX_TEXT));
    assert_eq!(StatementTables::of(&long).read, set("utility"));
    REMEMBERED.with_borrow(|remembered| {
        assert!((1..=MAX_REMEMBERED).contains(&remembered.len()));
        assert!(!remembered.contains_key(&*long));
    });
}
