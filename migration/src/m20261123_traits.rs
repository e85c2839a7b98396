//! The profile of a utility for matching, as one text: `kind|country|climate zone|people served|set:value
//! set:value …`. Collecting it from the sets for each request would take ten times as long.

use crate::columns::text;
use crate::prelude::*;

crate::migration!(manager => {
    let mut column = text(manager, "traits");
    column.default("");
    let table = Table::alter().table("utility").add_column(column).take();
    manager.alter_table(table).await?;
    let join = match manager.get_database_backend() {
        DbBackend::Postgres => "string_agg",
        _ => "group_concat",
    };
    let fill = format!(
        r#"UPDATE "utility" SET "traits" = "kind" || '|' || "country" || '|' || coalesce("climate_zone", '') || '|' ||
        coalesce("population_served" ->> 'value', '') || '|' || coalesce((SELECT {join}("field" || ':' || "value", ' ')
        FROM "utility_set" WHERE "owner_id" = "utility"."id"
        AND "field" IN ('sectors', 'languages', 'expertise', 'needs')), '')"#
    );
    manager.get_connection().execute_unprepared(&fill).await.map(drop)
});
