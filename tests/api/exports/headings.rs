//! Every column has a German heading, and imports find it by that.

use std::collections::HashSet;

use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::tabular::{Column, ColumnSet, Layout};
use vku_persistence::kernel::table::Table;
use vku_persistence::{PARTICIPANTS, RESULT_VALUES, SUPPORTS, Visitor, collections, table, visit};

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

fn check<'a>(list: &str, columns: impl Iterator<Item = &'a Column>) {
    let mut met = HashSet::new();
    for column in columns {
        let heading = column.heading();
        assert!(column.name != heading, "{list}: `{}` has no German heading", column.name);
        assert!(column.is_called(&heading) && column.is_called(&column.name));
        assert!(met.insert(heading.clone()), "{list}: two columns are called `{heading}`");
    }
}

#[tokio::test]
async fn german_headings_are_complete_and_unique() {
    for collection in collections() {
        let (imported, others) = visit(&collection, Columns).await.unwrap();
        check(&collection, imported.iter().chain(&others));
    }
    for (name, list) in [("partnership", &PARTICIPANTS), ("result", &RESULT_VALUES), ("topic", &SUPPORTS)] {
        let columns = table(name).unwrap().columns_of_unnested(list, ColumnSet::All);
        check(list.path, columns.iter());
    }
}
