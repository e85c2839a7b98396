//! Reference summaries, as columns of the referenced row.

use sea_orm::sea_query::Func;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{DatabaseBackend, FromQueryResult, QueryResult};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::resource::reference::ReferenceSummary;
use vku_domain::kernel::value::{Location, Slug, Visibility};

use super::any::AnyTable;
use super::conditions::column_of;
use super::json::json_id;
use crate::kernel::codec::{json_opt, text_opt};
use crate::kernel::database::error::failed;

impl AnyTable {
    /// Whether the actor may read this kind of resource.
    pub(crate) fn is_read_by(&self, actor: &Actor) -> bool {
        actor.require_read(self.resource).is_ok()
    }

    /// Whether a member of a logged state belongs to the resource itself and may be read by the actor.
    pub(crate) fn may_read_member(&self, actor: &Actor, member: &str) -> bool {
        !READ_ONLY.contains(&member)
            && self.resource.parent != Some(member)
            && !self.resource.derived.contains(&member)
            && !(self.resource.hidden_fields)(actor.role).contains(&member)
    }

    /// Whether the name is in several languages.
    pub(crate) fn has_localized_name(&self) -> bool {
        self.labels_column().is_some()
    }

    /// The column with the names in all languages, if there is one.
    fn labels_column(&self) -> Option<&'static str> {
        let label = self.resource.name_field;
        Some((self.json_column)(label)).filter(|labels| *labels != label)
    }

    /// The columns of a summary, in the order of [`SummaryCells`]; those that the resource does not have are null.
    fn summary_columns(&self) -> [(&'static str, Expr); 10] {
        // Written out: PostgreSQL could not tell the type of a parameter.
        let absent = || Expr::cust("NULL");
        let shown =
            |name| if self.resource.summary_fields.contains(&name) { self.column(name) } else { absent() };
        let [slug, label] = match self.named_after {
            Some((key, table)) => ["slug", "name"].map(|name| column_of(self, key, table, name)),
            None => [
                if self.resource.has_slug { self.column("slug") } else { absent() },
                // Some sub-resources have no name.
                match self.resource.name_field {
                    "" => Expr::val(""),
                    name => self.column(name),
                },
            ],
        };
        let degrees = |name: &'static str| match self.has_column(name) {
            true => self.column(name),
            false => absent(),
        };
        [
            ("id", self.column("id")),
            ("slug", slug),
            ("label", label),
            ("labels", self.labels_column().map_or_else(absent, |name| self.column(name))),
            ("kind", shown("kind")),
            ("country", shown("country")),
            ("visibility", self.visibility.map_or_else(absent, |visibility| visibility())),
            ("latitude", degrees("latitude")),
            ("longitude", degrees("longitude")),
            ("named_after", self.named_after.map_or_else(absent, |(key, _)| self.column(key))),
        ]
    }

    /// Selects reference summaries.
    pub(crate) fn select_summaries(&self) -> SelectStatement {
        let mut select = Query::select();
        for (name, column) in self.summary_columns() {
            select.expr_as(column, name);
        }
        select.from(self.name());
        select
    }

    /// The columns of a summary for a JSON array that [`SummaryCells`] is read from.
    pub(crate) fn summary_cells(&self, backend: DatabaseBackend) -> Vec<Expr> {
        let columns = self.summary_columns().into_iter();
        let cells = columns.map(|(name, column)| match (name, backend) {
            ("labels", DatabaseBackend::Sqlite) => Func::cust("json").arg(column).into(),
            ("id" | "named_after", _) => json_id(backend, column),
            // Enough digits for every number; in JSON, SQLite would write fewer.
            ("latitude" | "longitude", DatabaseBackend::Sqlite) => Expr::cust_with_exprs(
                "CASE WHEN ? IS NOT NULL THEN printf('%!.17g', ?) END",
                [column.clone(), column],
            ),
            ("latitude" | "longitude", _) => column.cast_as("text"),
            _ => column,
        });
        cells.collect()
    }

    /// Reads a row of [`Self::select_summaries`].
    pub(crate) fn read_summary(&self, row: &QueryResult) -> Result<ReferenceSummary, Error> {
        self.summary(SummaryCells::from_query_result(row, "").map_err(failed)?)
    }

    /// Makes a summary of its cells.
    pub(crate) fn summary(&self, cells: SummaryCells) -> Result<ReferenceSummary, Error> {
        let location = cells.latitude.zip(cells.longitude);
        Ok(ReferenceSummary {
            id: cells.id,
            slug: text_opt::<Slug>(cells.slug)?,
            label: (self.resource.name_field, cells.label),
            kind: cells.kind,
            country: text_opt(cells.country)?,
            visibility: text_opt::<Visibility>(cells.visibility)?.unwrap_or(Visibility::Public),
            location: location.map(|(latitude, longitude)| Location { latitude, longitude }),
            labels: json_opt(cells.labels)?,
            named_after: cells.named_after,
        })
    }
}

/// The cells of a summary, as a row or as a JSON array.
#[derive(FromQueryResult, Deserialize)]
pub(crate) struct SummaryCells {
    id: Uuid,
    slug: Option<String>,
    label: String,
    labels: Option<Value>,
    kind: Option<String>,
    country: Option<String>,
    visibility: Option<String>,
    #[serde(deserialize_with = "degrees")]
    latitude: Option<f64>,
    #[serde(deserialize_with = "degrees")]
    longitude: Option<f64>,
    named_after: Option<Uuid>,
}

impl SummaryCells {
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }
}

/// Reads the text of [`AnyTable::summary_cells`].
fn degrees<'de, D: Deserializer<'de>>(text: D) -> Result<Option<f64>, D::Error> {
    let text = Option::<String>::deserialize(text)?;
    text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

/// Returns the reference summary of a resource that has just been read.
pub(crate) fn summary(stored: &dyn AnyStored) -> ReferenceSummary {
    let data = stored.data();
    ReferenceSummary {
        id: stored.id(),
        slug: data.slug(),
        label: (stored.info().name_field, data.label().to_owned()),
        kind: None,
        country: None,
        visibility: data.visibility(),
        location: None,
        labels: None,
        named_after: None,
    }
}
