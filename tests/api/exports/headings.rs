//! Every column has a German heading, and imports find it by that.

use std::collections::HashSet;

use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::tabular::{Column, ColumnSet, Layout};
use vku_persistence::kernel::table::Table;
use vku_persistence::{Visitor, collections, visit};

/// The columns of a resource: those that can be imported, and the others.
struct Columns;

impl Visitor for Columns {
    type Output = (Vec<Column>, Vec<Column>);

    async fn visit<T: Table>(self) -> Self::Output {
        let layout = Layout::of(T::INFO);
        let languages = ["to".to_owned(), "uk".to_owned()];
        let imported = layout.columns(&languages);
        let mut others = T::TABLE.columns(&languages, &Projection::default(), ColumnSet::All);
        others.retain(|column| !imported.contains(column));
        for column in &imported {
            for name in [&column.name, &column.heading()] {
                assert_eq!(layout.column(name).as_ref(), Ok(column), "{name}");
            }
        }
        (imported, others)
    }
}

#[tokio::test]
async fn german_headings_are_complete_and_unique() {
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
