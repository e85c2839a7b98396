//! Reference summaries, read from the tables.

use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{FromQueryResult, QueryResult};
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::resource::reference::ReferenceSummary;
use vku_domain::kernel::value::{Location, Slug, Visibility};

use crate::kernel::codec::{json_opt, text_opt};
use crate::kernel::database::error::failed;
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::conditions::column_of;

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

    /// The column with the names in all languages, if there is one.
    fn labels_column(&self) -> Option<&'static str> {
        let label = self.resource.name_field;
        Some((self.json_column)(label)).filter(|labels| *labels != label)
    }

    /// Selects reference summaries; columns that the resource does not have are null.
    pub(crate) fn select_summaries(&self) -> SelectStatement {
        let resource = self.resource;
        let mut select = Query::select();
        let absent = || Expr::val(None::<String>);
        for name in ["kind", "country"] {
            let has = resource.summary_fields.contains(&name);
            select.expr_as(if has { self.column(name) } else { absent() }, name);
        }
        let visibility = self.visibility.map_or_else(absent, |visibility| visibility());
        select.expr_as(visibility, "visibility");
        let [slug, label] = match self.named_after {
            Some((key, table)) => ["slug", "name"].map(|name| column_of(self, key, table, name)),
            None => [
                if resource.has_slug { self.column("slug") } else { absent() },
                // Some sub-resources have no name.
                if resource.name_field.is_empty() { Expr::val("") } else { self.column(resource.name_field) },
            ],
        };
        select.expr_as(self.column("id"), "id").expr_as(slug, "slug").expr_as(label, "label");
        if let Some(name) = self.labels_column() {
            select.expr_as(self.column(name), "labels");
        }
        if let Some((key, _)) = self.named_after {
            select.expr_as(self.column(key), "named_after");
        }
        for name in ["latitude", "longitude"] {
            let column = if self.has_column(name) { self.column(name) } else { Expr::val(None::<f64>) };
            select.expr_as(column, name);
        }
        select.from(self.name());
        select
    }

    /// Reads a row of [`Self::select_summaries`].
    pub(crate) fn read_summary(&self, row: &QueryResult) -> Result<ReferenceSummary, Error> {
        let labels: Option<Value> = match self.labels_column() {
            Some(_) => row.try_get("", "labels").map_err(failed)?,
            None => None,
        };
        let named_after = match self.named_after {
            Some(_) => row.try_get("", "named_after").map_err(failed)?,
            None => None,
        };
        let row = SummaryRow::from_query_result(row, "").map_err(failed)?;
        let location =
            row.latitude.zip(row.longitude).map(|(latitude, longitude)| Location { latitude, longitude });
        let visibility = text_opt::<Visibility>(row.visibility)?.unwrap_or(Visibility::Public);
        Ok(ReferenceSummary {
            id: row.id,
            slug: text_opt::<Slug>(row.slug)?,
            label: (self.resource.name_field, row.label),
            kind: row.kind,
            country: text_opt(row.country)?,
            visibility,
            location,
            labels: json_opt(labels)?,
            named_after,
        })
    }
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

#[derive(FromQueryResult)]
struct SummaryRow {
    id: Uuid,
    slug: Option<String>,
    label: String,
    kind: Option<String>,
    country: Option<String>,
    visibility: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
}
