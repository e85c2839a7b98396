//! Totals of lists with so many rows that those are subtracted which the caller does not see.

use std::fmt::Write;

use crate::api::fixtures::delete;
use crate::api::imports::{counts, import};
use crate::harness::on_both;

/// Of three quarters of them, SQLite does not look up each.
const ROWS: usize = 1_600;

fn visibility(row: usize) -> &'static str {
    ["public", "members", "internal", "public"][row % 4]
}

fn sectors(row: usize) -> &'static str {
    ["water", "water;wastewater", "water;waste", "waste"][row / 4 % 4]
}

on_both! {
    async fn totals_of_many_rows_are_their_number(app: TestApp) {
        let staff = app.coordinator();
        let mut utilities = "slug,name,kind,country,sectors,visibility\n".to_owned();
        let mut partnerships = "slug,title,participants,sectors,visibility\n".to_owned();
        for row in 0..ROWS {
            let (sectors, visibility) = (sectors(row), visibility(row));
            writeln!(utilities, "zxq-{row},Zxq {row},partner,ZM,{sectors},{visibility}").unwrap();
            // A utility that everybody sees, so that the partnership may have any visibility.
            let partner = if row % 3 == 0 { format!(";partner:utility:zxq-{}", row / 4 * 4) } else { String::new() };
            let participants = format!("lead:utility:hamburg-wasser;partner:utility:lvivvodokanal{partner}");
            writeln!(partnerships, "zxq-{row},Zxq {row},{participants},{sectors},{visibility}").unwrap();
        }
        for (collection, csv) in [("utilities", utilities), ("partnerships", partnerships)] {
            let query = format!("resource={collection}&mode=create");
            let done = import(&staff, &query, "text/csv", csv).await;
            assert_eq!(counts(&done), [ROWS as u64, 0, 0, 0, 0], "{done:#}");
        }
        for row in [1, 2, 4, 7, 11, 16] {
            delete(&staff, &format!("/api/v1/partnerships/zxq-{row}")).await;
        }
        for row in [1, 2, 6, 9, 13, 17] {
            delete(&staff, &format!("/api/v1/utilities/zxq-{row}")).await;
        }
        let lists = [
            "utilities?sector=water",
            "utilities?sector=waste",
            "utilities?sector=water&sector=waste",
            "utilities?sector=water&country=ZM",
            "partnerships?sector=water",
            "partnerships?sector=water&country=UA",
            "partnership-participants?",
            "partnership-participants?partnership.sector=water",
            "partnership-participants?utility=lvivvodokanal",
            "partnership-participants?partnership.sector=water&utility=lvivvodokanal",
        ];
        for list in lists {
            let mut totals = Vec::new();
            for (name, caller) in app.everybody() {
                let first = caller.get(&format!("/api/v1/{list}&limit=1&count=true")).await.ok().json();
                let rows = caller.all(&format!("/api/v1/{list}&limit=200")).await;
                assert_eq!(first["total"], rows.len(), "{list} as {name}");
                totals.push(rows.len());
            }
            assert!(totals.iter().any(|total| total != &totals[0]), "{list}: everybody sees the same {totals:?}");
        }
    }
}
