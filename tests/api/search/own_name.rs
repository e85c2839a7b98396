//! Every resource is found by its own name.

use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::query::Query;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::Table;
use vku_persistence::{Visitor, collections, visit};

use crate::api::fixtures::create_samples;
use crate::api::schema::all_rows;
use crate::harness::on_both;

on_both! {
    async fn every_resource_is_found_by_its_own_name(app: TestApp) {
        create_samples(&app, &["Zweckverband „Wasser & Abwasser“ A.ö.R. / Київ – Teil II"]).await;
        let mut searches = 0;
        for collection in collections() {
            searches += visit(&collection, Walk(&app.store)).await.unwrap();
        }
        assert!(searches > 300, "{searches}");
    }
}

/// Searches for every row of a resource by its name, with a legal form appended, and quoted in a title.
struct Walk<'a>(&'a Store);

impl Visitor for Walk<'_> {
    type Output = usize;

    async fn visit<T: Table>(self) -> usize {
        let mut searches = 0;
        if !T::SEARCHED {
            return searches;
        }
        let (operator, items) = (Actor::operator(self.0.now()), all_rows::<T>(self.0, false).await);
        for item in items {
            let name = item.data.label();
            for q in [
                name.to_owned(),
                format!("{name} GmbH"),
                format!("Die „{name}“ und mehr AöR").replace(" mehr", ""),
            ] {
                if name.is_empty() {
                    continue;
                }
                let query =
                    Query::<T>::parse(vec![("q".into(), q.clone()), ("limit".into(), "200".into())]).unwrap();
                let page = self.0.read(&operator).await.unwrap().list_everywhere(&query).await.unwrap();
                assert!(page.items.iter().any(|found| found.id == item.id), "{} by `{q}`", T::PATH);
                searches += 1;
            }
        }
        searches
    }
}
