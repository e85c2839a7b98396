//! The SQL statements of the API. Both databases accept `$1`.

/// The columns of a partnership.
pub const COLUMNS: &str = r#"SELECT "id", "version", "created_at", "updated_at", "slug", "title", "summary", "status", "start",
    "end", "based_on", "visibility", "source_url" FROM "partnership""#;

/// One partnership by its slug, as the public sees it.
pub const ONE: &str = r#"WHERE "visibility" IN ($1) AND "deleted_at" IS NULL
    AND "id" IN (SELECT "resource_id" FROM "slug" WHERE "resource" = $2 AND "slug" IN ($3))"#;

/// A page with three filters, as the public sees it.
pub const PAGE: &str = r#"WHERE "visibility" IN ($1) AND "deleted_at" IS NULL AND "status" IN ($2)
    AND EXISTS (SELECT 1 FROM "partnership_party" WHERE "partnership_party"."owner_id" = "partnership"."id"
        AND "field" = $3 AND "utility_id" IN (SELECT "id" FROM "utility" WHERE "country" IN ($4)))
    AND EXISTS (SELECT 1 FROM "partnership_set" WHERE "partnership_set"."owner_id" = "partnership"."id"
        AND "field" = $5 AND "value" IN ($6))
    ORDER BY "start_first" DESC, "title_key" ASC, "id" ASC LIMIT $7"#;

/// A part of all partnerships, in the order of their ids.
pub const AFTER: &str =
    r#"WHERE "visibility" IN ($1) AND "deleted_at" IS NULL AND "id" > $2 ORDER BY "id" LIMIT $3"#;

/// Partnerships by their ids. `{}` is the list of parameters.
pub const BY_ID: &str = r#"WHERE "id" IN ({})"#;

/// Child rows of partnerships and the rows that they refer to. `{}` is the list of parameters.
pub const SETS: &str = r#"SELECT "owner_id", "field", "value" FROM "partnership_set" WHERE "owner_id" IN ({})
    ORDER BY "position""#;
pub const PARTIES: &str = r#"SELECT "owner_id", "field", "utility_id", "organisation_id", "from", "until"
    FROM "partnership_party" WHERE "owner_id" IN ({}) ORDER BY "position""#;
pub const UTILITIES: &str = r#"SELECT "kind", "country", "visibility", "id", "slug", "name", "latitude", "longitude"
    FROM "utility" WHERE "id" IN ({})"#;
/// Funding and the last activity. The list of parameters occurs twice.
pub const FUNDED: &str = r#"SELECT "partnership_id", "programme_id", "amount_currency", "amount_minor", NULL AS "last_on"
    FROM "funding" WHERE "partnership_id" IN ({}) AND "deleted_at" IS NULL
    UNION ALL SELECT "partnership_id", NULL, NULL, NULL, MAX("last_on") FROM "activity"
    WHERE "partnership_id" IN ({}) AND "starts_on" <= '9999-12-31' AND "deleted_at" IS NULL GROUP BY "partnership_id""#;
pub const PROGRAMMES: &str =
    r#"SELECT "kind", "id", "slug", "name" FROM "funding_programme" WHERE "id" IN ({})"#;

/// The rows of a new partnership in its own tables.
pub const INSERT: &str = r#"INSERT INTO "partnership" ("id", "version", "created_at", "updated_at", "slug", "title", "title_key",
    "status", "start_first", "end_last", "visibility") VALUES ($1, 1, $2, $2, $3, $4, $4, 'idea', '', '', 'public')"#;
pub const INSERT_SLUG: &str =
    r#"INSERT INTO "slug" ("resource", "slug", "resource_id") VALUES ('partnership', $1, $2)"#;
pub const INSERT_SET: &str = r#"INSERT INTO "partnership_set" ("owner_id", "field", "value", "position")
    VALUES ($1, 'sectors', 'water', 0), ($1, 'sectors', 'wastewater', 1)"#;
pub const INSERT_PARTIES: &str = r#"INSERT INTO "partnership_party" ("owner_id", "position", "field", "utility_id")
    VALUES ($1, 0, 'lead', $2), ($1, 1, 'partner', $3)"#;

/// The statement with `$1, $2, …` for this many parameters.
pub fn parameters(statement: &str, count: usize) -> String {
    let list: Vec<_> = (1..=count).map(|number| format!("${number}")).collect();
    statement.replace("{}", &list.join(", "))
}
