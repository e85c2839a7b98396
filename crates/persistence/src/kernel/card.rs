//! What references show, looked up for a whole page at once, and who refers to what.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, LockType, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use uuid::Uuid;
use vku_domain::kernel::access::{Actor, Role};
use vku_domain::kernel::error::{Error, Named};
use vku_domain::kernel::reference::{Card, Key};
use vku_domain::kernel::resource::{READ_ONLY, Resource};
use vku_domain::kernel::value::{Location, Slug, Visibility};

use super::error::{Corrupt, failed};
use super::table::{Codes, Parent, Table, column_of, text, text_opt};
use crate::resources;

/// How a resource is looked up by name: made from its `impl Table`.
pub(crate) struct Described {
    pub(crate) name: &'static str,
    label: &'static str,
    named_after: Option<[SimpleExpr; 2]>,
    slugged: bool,
    card: &'static [&'static str],
    hideable: bool,
    located: bool,
    parties: bool,
    personal: bool,
    refers: &'static [(&'static str, &'static str)],
    codes: &'static [Codes],
    parent: Option<&'static str>,
    visible: fn(&Actor) -> Condition,
    reads: fn(&Actor) -> Result<(), Error>,
    concealed: fn(Option<Role>) -> &'static [&'static str],
    derived: &'static [&'static str],
    pub(crate) path: &'static str,
}

impl Described {
    pub(crate) fn of<T: Table>() -> Self {
        Self {
            name: T::NAME,
            label: T::LABEL,
            named_after: T::NAMED_AFTER
                .map(|(key, table)| ["slug", "name"].map(|name| column_of::<T>(key, table, name))),
            slugged: T::SLUGGED,
            card: T::CARD,
            hideable: T::HIDEABLE,
            located: T::LOCATED,
            parties: T::PARTIES,
            personal: T::PERSONAL,
            refers: T::REFERS,
            codes: T::CODES,
            parent: <T::Parent as Parent>::NAME,
            visible: T::visible,
            reads: Actor::reads::<T>,
            concealed: T::concealed,
            derived: T::DERIVED,
            path: T::PATH,
        }
    }

    fn find(name: &str) -> Result<Self, Error> {
        let found = resources().into_iter().find(|described| described.name == name);
        found.ok_or_else(|| Corrupt::from("a reference to no known resource").into())
    }

    /// Whether the actor may read this kind of resource at all.
    pub(crate) fn is_read_by(&self, actor: &Actor) -> bool {
        (self.reads)(actor).is_ok()
    }

    /// Whether a member of a logged state is the data of the thing itself, and the actor's to read.
    pub(crate) fn tells(&self, actor: &Actor, member: &str) -> bool {
        !READ_ONLY.contains(&member)
            && self.parent != Some(member)
            && !self.derived.contains(&member)
            && !(self.concealed)(actor.role).contains(&member)
    }

    fn column(&self, name: &'static str) -> Expr {
        Expr::col((Alias::new(self.name), Alias::new(name)))
    }

    /// Selects cards; what the resource does not have is null.
    fn select(&self) -> SelectStatement {
        let mut select = Query::select();
        let absent = || Expr::val(None::<String>);
        let mut put = |name: &'static str, has: bool| {
            let column = if has { self.column(name) } else { absent() };
            select.expr_as(column, name);
        };
        put("kind", self.card.contains(&"kind"));
        put("country", self.card.contains(&"country"));
        put("visibility", self.hideable);
        let own_slug = if self.slugged { self.column("slug") } else { absent() };
        let [slug, label] = self.named_after.clone().unwrap_or_else(|| [own_slug, self.column(self.label)]);
        select.expr_as(self.column("id"), "id").expr_as(slug, "slug").expr_as(label, "label");
        for name in ["latitude", "longitude"] {
            let column = if self.located { self.column(name) } else { Expr::val(None::<f64>) };
            select.expr_as(column, name);
        }
        select.from(self.name);
        select
    }

    fn card(&self, row: &sea_orm::QueryResult) -> Result<Card, Error> {
        let row = CardRow::from_query_result(row, "").map_err(failed)?;
        let location =
            row.latitude.zip(row.longitude).map(|(latitude, longitude)| Location { latitude, longitude });
        let visibility = text_opt::<Visibility>(row.visibility)?.unwrap_or(Visibility::Public);
        Ok(Card {
            id: row.id,
            slug: text_opt::<Slug>(row.slug)?,
            label: (self.label, row.label),
            kind: row.kind,
            country: text_opt(row.country)?,
            visibility,
            location,
        })
    }
}

#[derive(FromQueryResult)]
struct CardRow {
    id: Uuid,
    slug: Option<String>,
    label: String,
    kind: Option<String>,
    country: Option<String>,
    visibility: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

/// The cards of these ids, whoever may see them: for what a visible row refers to.
pub(crate) async fn by_id(
    tx: &impl ConnectionTrait,
    resource: &str,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Card>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let described = Described::find(resource)?;
    let select = described.select().and_where(described.column("id").is_in(ids.iter().copied())).take();
    let mut cards = HashMap::with_capacity(ids.len());
    for row in tx.query_all(&select).await.map_err(failed)? {
        let card = described.card(&row)?;
        cards.insert(card.id, card);
    }
    Ok(cards)
}

/// The cards that these keys name, as far as the actor sees them; locked against change until the write ends.
pub(crate) async fn by_key(
    tx: &DatabaseTransaction,
    actor: &Actor,
    resource: &str,
    keys: &[Key],
) -> Result<HashMap<Key, Card>, Error> {
    let described = Described::find(resource)?;
    let mut targets: HashMap<Key, Uuid> = HashMap::with_capacity(keys.len());
    let slugs: Vec<_> = keys.iter().filter(|key| matches!(key, Key::Slug(_))).map(Key::to_string).collect();
    if !slugs.is_empty() {
        let select = Query::select()
            .columns(["slug", "resource_id"])
            .from("slug")
            .and_where(Expr::col("resource").eq(resource))
            .and_where(Expr::col("slug").is_in(slugs))
            .take();
        for row in tx.query_all(&select).await.map_err(failed)? {
            let slug: String = row.try_get("", "slug").map_err(failed)?;
            targets.insert(Key::Slug(text(slug)?), row.try_get("", "resource_id").map_err(failed)?);
        }
    }
    targets.extend(keys.iter().filter_map(|key| match key {
        Key::Id(id) => Some((key.clone(), *id)),
        Key::Slug(_) => None,
    }));
    let select = described
        .select()
        .and_where(described.column("id").is_in(targets.values().copied()))
        .and_where(described.column("deleted_at").is_null())
        .cond_where((described.visible)(actor))
        .lock(LockType::Share)
        .take();
    let mut cards = HashMap::with_capacity(keys.len());
    for row in tx.query_all(&select).await.map_err(failed)? {
        let card = described.card(&row)?;
        let named = targets.iter().filter(|(_, id)| **id == card.id);
        cards.extend(named.map(|(key, _)| (key.clone(), card.clone())));
    }
    Ok(cards)
}

/// How many ids one statement asks for: a statement takes a limited number of values.
const CHUNK: usize = 10_000;

/// Those of these ids that the actor sees now, of whatever resource: a query each, however many they are.
pub(crate) async fn seen(
    tx: &DatabaseTransaction,
    actor: &Actor,
    ids: &HashSet<Uuid>,
) -> Result<HashSet<Uuid>, Error> {
    let (all, ids) = (resources(), ids.iter().copied().collect::<Vec<_>>());
    let live = |described: &Described| {
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

/// How many dependents an error names at most.
const NAMED: u64 = 20;

/// What refers to this row and is not deleted itself; a part is named by what it is a part of.
pub(crate) async fn dependents<T: Resource>(tx: &DatabaseTransaction, id: Uuid) -> Result<Vec<Named>, Error> {
    let mut found: Vec<Named> = Vec::new();
    let all = resources();
    // Who is bound to something does not keep it from being deleted, and is not named to who may delete it.
    for described in all.iter().filter(|described| !described.personal) {
        let mut conditions = Condition::any();
        if described.parties && (T::NAME == "utility" || T::NAME == "organisation") {
            let owners = Query::select()
                .column("owner_id")
                .from(format!("{}_party", described.name))
                .and_where(Expr::col(format!("{}_id", T::NAME)).eq(id))
                .take();
            conditions = conditions.add(described.column("id").in_subquery(owners));
        }
        for (column, _) in described.refers.iter().filter(|(_, resource)| *resource == T::NAME) {
            conditions = conditions.add(described.column(column).eq(id));
        }
        let sets: Vec<_> =
            described.codes.iter().filter(|codes| codes.of == T::NAME).map(|codes| codes.set).collect();
        if !sets.is_empty() {
            let code = Query::select().column("slug").from(T::NAME).and_where(Expr::col("id").eq(id)).take();
            let owners = Query::select()
                .column("owner_id")
                .from(format!("{}_set", described.name))
                .and_where(Expr::col("field").is_in(sets))
                .and_where(Expr::col("value").in_subquery(code))
                .take();
            conditions = conditions.add(described.column("id").in_subquery(owners));
        }
        if conditions.is_empty() {
            continue;
        }
        let live = described.column("deleted_at").is_null();
        let (shown, select) = match described.parent.and_then(|name| all.iter().find(|it| it.name == name)) {
            None => (described, described.select().cond_where(conditions).and_where(live).take()),
            Some(parent) => {
                let owners = Query::select()
                    .column(format!("{}_id", parent.name))
                    .from(described.name)
                    .cond_where(conditions)
                    .and_where(live)
                    .take();
                let live = parent.column("deleted_at").is_null();
                (
                    parent,
                    parent.select().and_where(parent.column("id").in_subquery(owners)).and_where(live).take(),
                )
            }
        };
        let select = select.clone().order_by("id", sea_orm::Order::Asc).limit(NAMED).take();
        for row in tx.query_all(&select).await.map_err(failed)? {
            let card = shown.card(&row)?;
            if !found.iter().any(|known| known.id == card.id) {
                found.push(name(shown.name, card));
            }
        }
    }
    Ok(found)
}

/// What parts of this row refer to, and is deleted itself.
pub(crate) async fn gone_for_parts<T: Resource>(
    tx: &DatabaseTransaction,
    id: Uuid,
) -> Result<Vec<Named>, Error> {
    let mut found = Vec::new();
    for part in resources().iter().filter(|described| described.parent == Some(T::NAME)) {
        for (column, resource) in part.refers {
            let target = Described::find(resource)?;
            let wanted = Query::select()
                .column(*column)
                .from(part.name)
                .and_where(Expr::col(format!("{}_id", T::NAME)).eq(id))
                .and_where(part.column("deleted_at").is_null())
                .take();
            // First held, then looked at: nobody deletes one of them in between.
            let held = Query::select()
                .column("id")
                .from(target.name)
                .and_where(target.column("id").in_subquery(wanted.clone()))
                .lock(LockType::Share)
                .take();
            tx.query_all(&held).await.map_err(failed)?;
            let select = target
                .select()
                .and_where(target.column("id").in_subquery(wanted))
                .and_where(target.column("deleted_at").is_not_null())
                .order_by("id", sea_orm::Order::Asc)
                .limit(NAMED)
                .take();
            for row in tx.query_all(&select).await.map_err(failed)? {
                found.push(name(target.name, target.card(&row)?));
            }
        }
    }
    Ok(found)
}

/// A card as an error names it.
pub(crate) fn name(resource: &'static str, card: Card) -> Named {
    Named { resource, id: card.id, slug: card.slug.map(|slug| slug.to_string()), name: card.label.1 }
}
