//! Every column has a German heading, and is found by it.

use std::collections::HashSet;

use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::tabular::{Column, Kind, Layout};
use vku_persistence::kernel::table::{Parent, Table};
use vku_persistence::{Visitor, collections, visit};

/// The columns of a resource, imported ones and others.
struct Columns;

impl Visitor for Columns {
    type Answer = (Vec<Column>, Vec<Column>);

    async fn visit<T: Table>(self) -> Self::Answer {
        let layout = Layout::of::<T>();
        let languages = ["to".to_owned(), "uk".to_owned()];
        let mut others: Vec<_> = READ_ONLY.iter().map(|name| Column::new(*name, Kind::Text)).collect();
        others.extend(<T::Parent as Parent>::NAME.map(|name| Column::new(name, Kind::Reference)));
        others.extend(Layout::derived::<T>().columns(&languages));
        let imported = layout.columns(&languages);
        for column in &imported {
            for name in [&column.name, &column.heading()] {
                assert_eq!(layout.column(name).as_ref(), Ok(column), "{name}");
            }
        }
        (imported, others)
    }
}

#[tokio::test]
async fn every_column_has_one_and_no_two_of_a_resource_are_alike() {
    for collection in collections() {
        let (imported, others) = visit(&collection, Columns).await.unwrap();
        let mut met = HashSet::new();
        for column in imported.iter().chain(&others) {
            let heading = column.heading();
            assert!(column.name != heading, "{collection}: `{}` has no German heading", column.name);
            assert!(column.is_called(&heading) && column.is_called(&column.name));
            assert!(met.insert(heading.clone()), "{collection}: two columns are called `{heading}`");
        }
    }
}
