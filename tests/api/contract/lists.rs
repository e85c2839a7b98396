//! Every list is paged through: by `api/lists.rs` if it can be sorted, here if it has a fixed order.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
use vku_persistence::collections;

use super::{Operation, Walk};
use crate::api::fixtures::{delete, location, post_nothing};
use crate::api::interests::{confirmed, interest};
use crate::harness::on_both;

/// The lists without the kernel's sorting and filters, and why. This list may only shrink.
const ELSEWHERE: &[(&str, &str)] = &[
    ("list_all_partnership_participants", "in the order of partnerships: `tables/unnested.rs`"),
    ("list_all_partnership_result_values", "in the order of results: `tables/unnested.rs`"),
    ("list_all_topic_supports", "in the order of topics: `tables/unnested.rs`"),
    ("list_api_keys", "one's own keys: as many as fit on a page"),
    (
        "list_audit",
        "the log in its own order: its pages are turned below, its filters tested in `history/audit.rs`",
    ),
    ("list_changes", "the log in its order, by tokens: `feed`"),
    ("list_climate_zones", "reference data: whole"),
    ("list_countries", "reference data: whole"),
    ("list_dac_codes", "reference data: whole"),
    ("list_imports", "the latest: as many as fit on a page"),
    ("list_languages", "reference data: whole"),
    ("list_logins", "one's own logins: as many as fit on a page"),
    ("list_mails", "the latest first, always: its pages are turned below, its filters tested in `mails.rs`"),
    ("list_sdg_targets", "reference data: whole"),
    ("list_sectors", "reference data: whole"),
    ("list_vocabularies", "reference data: whole"),
    (
        DELIVERIES,
        "the latest first, always, and only where there is a receiver: `webhooks/delivery.rs` turns its pages",
    ),
];

/// The list of the attempts of a webhook.
const DELIVERIES: &str = "list_webhook_deliveries";

on_both! {
    async fn every_list_is_covered_by_a_paging_test(app: TestApp) {
        let walk = Walk::of(&app);
        let (mut sorted, mut elsewhere) = (BTreeSet::new(), BTreeSet::new());
        for it in walk.operations.iter().filter(|it| it.reads()) {
            let named = it.id.starts_with("list_");
            // `lists.rs` and `fields.rs` find lists by these parameters.
            let turns = ["sort", "cursor", "limit", "count", "fields"].map(|name| it.parameter(name).is_some());
            if named && turns == [true; 5] {
                sorted.insert(it.definition["tags"][0].as_str().unwrap().to_owned());
            } else if named {
                assert!(!turns[0] || it.id.starts_with("list_all_"), "{} is sorted, but not walked", it.id);
                elsewhere.insert(it.id.as_str());
            } else {
                assert!(!turns[0], "{} is a list by another name", it.id);
            }
        }
        assert_eq!(elsewhere, ELSEWHERE.iter().map(|(id, _)| *id).collect());
        // `filters.rs` compares the filters of these lists with `matches`.
        assert_eq!(sorted, collections().iter().map(|name| name.replace('-', "_")).collect());
    }

    /// Lists with a fixed order: the audit log, the e-mails, and every history.
    async fn paging_through_unsorted_lists_returns_each_row_once(app: TestApp) {
        let walk = Walk::of(&app);
        for name in ["Neustadt", "Altstadt"] {
            confirmed(&app, &interest(name)).await;
        }
        let mut turned = 0;
        for it in walk.operations.iter().filter(|it| it.reads()) {
            if it.parameter("cursor").is_none() || it.parameter("sort").is_some() || it.id == DELIVERIES {
                continue;
            }
            let (caller, mut path) = (walk.admin(), walk.filled(it).await);
            if let Some(template) = it.path.strip_suffix("/{id}/history") {
                path = deleted_and_restored(&walk, template, path.trim_end_matches("/history")).await + "/history";
            }
            let whole = caller.all(&format!("{path}?limit=200")).await;
            assert!(whole.len() > 1, "{}: nothing to turn", it.id);
            let each: BTreeSet<_> = whole.iter().map(Value::to_string).collect();
            assert_eq!(each.len(), whole.len(), "{}: no row comes twice", it.id);
            for limit in [if whole.len() < 20 { 1 } else { 7 }, 50] {
                assert_eq!(caller.all(&format!("{path}?limit={limit}")).await, whole, "{} {limit}", it.id);
            }
            turned += 1;
        }
        assert!(turned > 8);
    }
}

/// The path of a resource that was deleted and restored: one made from the example of the collection's `POST`, or the
/// given one.
pub(super) async fn deleted_and_restored(walk: &Walk<'_>, template: &str, thing: &str) -> String {
    let (admin, (collection, _)) = (walk.admin(), thing.rsplit_once('/').unwrap());
    let (_, example) = walk.find(&Method::POST, template).and_then(Operation::body).unwrap();
    let made = admin.post(collection, example).await;
    // Some resources are not created before a person confirms them.
    let thing = match made.status == 201 {
        true => location(&made),
        false => thing.to_owned(),
    };
    for _ in 0..2 {
        delete(&admin, &thing).await;
        post_nothing(&admin, &format!("{thing}/restore")).await.ok();
    }
    thing
}
