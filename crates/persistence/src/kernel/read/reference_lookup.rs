//! Looks up the summaries of referenced resources for a whole page at once.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, LockType, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult};
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::resource::reference::{Key, ReferenceSummary};
use vku_domain::kernel::value::{Location, Slug, Visibility};

use crate::kernel::codec::{json_opt, text, text_opt};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::id::padded_ids;
use crate::kernel::table::conditions::{column_of, ids_of_keys};
use crate::kernel::table::{Codes, Parent, Table};
use crate::resources;

/// The resource that another one is named after: its foreign key, its name, and its `slug` and `name`
/// columns.
struct NameSource {
    key: &'static str,
    resource: &'static str,
    columns: [SimpleExpr; 2],
}

/// Describes a resource that is selected by its name at run time; made from its `impl Table`.
pub(crate) struct ResourceDescriptor {
    pub(crate) name: &'static str,
    label: &'static str,
    labels: Option<&'static str>,
    named_after: Option<NameSource>,
    slugged: bool,
    summary_fields: &'static [&'static str],
    visibility: Option<fn() -> Expr>,
    located: bool,
    pub(crate) parties: bool,
    pub(crate) binds: fn(DateTime<Utc>) -> Condition,
    pub(crate) refers: &'static [(&'static str, &'static str)],
    pub(crate) codes: &'static [Codes],
    pub(crate) parent: Option<&'static str>,
    visible: fn(&Actor) -> Condition,
    pub(crate) with_keys: fn(&[Key], &Actor) -> SelectStatement,
    reads: fn(&Actor) -> Result<(), Error>,
    concealed: fn(Option<Role>) -> &'static [&'static str],
    derived: &'static [&'static str],
    pub(crate) path: &'static str,
}

impl ResourceDescriptor {
    pub(crate) fn of<T: Table>() -> Self {
        Self {
            name: T::NAME,
            label: T::NAME_FIELD,
            labels: Some(T::json_column(T::NAME_FIELD)).filter(|labels| *labels != T::NAME_FIELD),
            named_after: T::NAMED_AFTER.map(|(key, resource)| {
                let columns = ["slug", "name"].map(|name| column_of::<T>(key, resource, name));
                NameSource { key, resource, columns }
            }),
            slugged: T::SLUG.is_some(),
            summary_fields: T::SUMMARY_FIELDS,
            visibility: T::VISIBILITY,
            located: <T::Entity as EntityTrait>::Column::from_str("latitude").is_ok(),
            parties: T::PARTIES,
            binds: T::is_binding,
            refers: T::FOREIGN_KEYS,
            codes: T::CODE_LISTS,
            parent: <T::Parent as Parent>::NAME,
            visible: T::visible_to,
            with_keys: ids_of_keys::<T>,
            reads: Actor::require_read::<T>,
            concealed: T::hidden_fields,
            derived: T::DERIVED,
            path: T::PATH,
        }
    }

    pub(crate) fn find(name: &str) -> Result<&'static Self, Error> {
        let found = resources().iter().find(|described| described.name == name);
        found.ok_or_else(|| Corrupt::from("a reference to no known resource").into())
    }

    /// Whether the actor may read this kind of resource.
    pub(crate) fn is_read_by(&self, actor: &Actor) -> bool {
        (self.reads)(actor).is_ok()
    }

    /// Whether a member of a logged state belongs to the resource itself and may be read by the actor.
    pub(crate) fn may_read_member(&self, actor: &Actor, member: &str) -> bool {
        !READ_ONLY.contains(&member)
            && self.parent != Some(member)
            && !self.derived.contains(&member)
            && !(self.concealed)(actor.role).contains(&member)
    }

    pub(crate) fn column(&self, name: &'static str) -> Expr {
        Expr::col((Alias::new(self.name), Alias::new(name)))
    }

    /// Selects reference summaries; columns that the resource does not have are null.
    pub(crate) fn select(&self) -> SelectStatement {
        let mut select = Query::select();
        let absent = || Expr::val(None::<String>);
        let mut put = |name: &'static str, has: bool| {
            let column = if has { self.column(name) } else { absent() };
            select.expr_as(column, name);
        };
        put("kind", self.summary_fields.contains(&"kind"));
        put("country", self.summary_fields.contains(&"country"));
        let visibility = self.visibility.map_or_else(absent, |visibility| visibility());
        select.expr_as(visibility, "visibility");
        let own_slug = if self.slugged { self.column("slug") } else { absent() };
        // Some sub-resources have no name.
        let own_label = if self.label.is_empty() { Expr::val("") } else { self.column(self.label) };
        let after = self.named_after.as_ref();
        let [slug, label] = after.map_or_else(|| [own_slug, own_label], |after| after.columns.clone());
        select.expr_as(self.column("id"), "id").expr_as(slug, "slug").expr_as(label, "label");
        if let Some(name) = self.labels {
            select.expr_as(self.column(name), "labels");
        }
        if let Some(after) = after {
            select.expr_as(self.column(after.key), "named_after");
        }
        for name in ["latitude", "longitude"] {
            let column = if self.located { self.column(name) } else { Expr::val(None::<f64>) };
            select.expr_as(column, name);
        }
        select.from(self.name);
        select
    }

    pub(crate) fn summary(&self, row: &sea_orm::QueryResult) -> Result<ReferenceSummary, Error> {
        let labels: Option<Value> = match self.labels {
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
            label: (self.label, row.label),
            kind: row.kind,
            country: text_opt(row.country)?,
            visibility,
            location,
            labels: json_opt(labels)?,
            named_after,
        })
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

/// Returns the summaries of these ids without checking their visibility: for references of a visible row.
pub(crate) async fn by_id(
    tx: &impl ConnectionTrait,
    resource: &str,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, ReferenceSummary>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let described = ResourceDescriptor::find(resource)?;
    let select = described.select().and_where(described.column("id").is_in(padded_ids(ids))).take();
    let mut summaries = HashMap::with_capacity(ids.len());
    for row in tx.query_all(&select).await.map_err(failed)? {
        let summary = described.summary(&row)?;
        summaries.insert(summary.id, summary);
    }
    Ok(summaries)
}

/// Returns the summaries of these keys that the actor sees, locked against change until the end of the write.
pub(crate) async fn by_key(
    tx: &DatabaseTransaction,
    actor: &Actor,
    resource: &str,
    keys: &[Key],
) -> Result<HashMap<Key, ReferenceSummary>, Error> {
    let described = ResourceDescriptor::find(resource)?;
    let (named, key) =
        described.named_after.as_ref().map_or((resource, "id"), |after| (after.resource, after.key));
    let slugs: Vec<_> = keys.iter().filter(|key| matches!(key, Key::Slug(_))).map(Key::to_string).collect();
    let mut targets: HashMap<Key, Uuid> = HashMap::with_capacity(slugs.len());
    if !slugs.is_empty() {
        let select = Query::select()
            .columns(["slug", "resource_id"])
            .from("slug")
            .and_where(Expr::col("resource").eq(named))
            .and_where(Expr::col("slug").is_in(slugs))
            .take();
        for row in tx.query_all(&select).await.map_err(failed)? {
            let slug: String = row.try_get("", "slug").map_err(failed)?;
            targets.insert(Key::Slug(text(slug)?), row.try_get("", "resource_id").map_err(failed)?);
        }
    }
    let ids = keys.iter().filter_map(|key| match key {
        Key::Id(id) => Some(*id),
        Key::Slug(_) => None,
    });
    let matches_key = Condition::any()
        .add(described.column("id").is_in(ids))
        .add(described.column(key).is_in(targets.values().copied()));
    let select = described
        .select()
        .cond_where(matches_key)
        .and_where(described.column("deleted_at").is_null())
        .cond_where((described.visible)(actor))
        .lock(LockType::Share)
        .take();
    let mut summaries = HashMap::with_capacity(keys.len());
    for row in tx.query_all(&select).await.map_err(failed)? {
        let summary = described.summary(&row)?;
        let means = |key: &&Key| match key {
            Key::Id(id) => *id == summary.id,
            Key::Slug(_) => targets.get(*key) == Some(&summary.named_after.unwrap_or(summary.id)),
        };
        summaries.extend(keys.iter().filter(means).map(|key| (key.clone(), summary.clone())));
    }
    Ok(summaries)
}

/// How many ids one statement asks for: databases limit the number of bound values.
const CHUNK: usize = 10_000;

/// Returns those of these ids that the actor sees now, with one query per kind of resource and chunk of ids.
pub(crate) async fn filter_visible(
    tx: &DatabaseTransaction,
    actor: &Actor,
    ids: &HashSet<Uuid>,
) -> Result<HashSet<Uuid>, Error> {
    let (all, ids) = (resources(), ids.iter().copied().collect::<Vec<_>>());
    let live = |described: &ResourceDescriptor| {
        let mut select = Query::select();
        select
            .column("id")
            .from(described.name)
            .and_where(described.column("deleted_at").is_null())
            .cond_where((described.visible)(actor));
        select
    };
    let mut found = HashSet::with_capacity(ids.len());
    for described in all.iter().filter(|described| described.is_read_by(actor)) {
        let mut select = live(described);
        if let Some(parent) = all.iter().find(|it| described.parent == Some(it.name)) {
            let key = Expr::col((Alias::new(described.name), Alias::new(format!("{}_id", parent.name))));
            select.and_where(key.in_subquery(live(parent)));
        }
        for chunk in ids.chunks(CHUNK) {
            let select = select.clone().and_where(described.column("id").is_in(chunk.iter().copied())).take();
            for row in tx.query_all(&select).await.map_err(failed)? {
                found.insert(row.try_get("", "id").map_err(failed)?);
            }
        }
    }
    Ok(found)
}
