//! Maps topics to their table.

mod support;
mod supports;

pub use self::supports::SUPPORTS;

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{DatabaseBackend, QueryResult};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::{Key, Ref};
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::member::Member;
use vku_domain::topic::{Topic, TopicDerived, TopicSort};

use crate::kernel::codec::{json, json_opt, text, text_opt, to_json, to_json_opt, to_text};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::conditions::{is_among, scalar_subquery};
use crate::kernel::table::hooks::WriteHooks;
use crate::kernel::table::row::row;
use crate::kernel::table::{SortColumn, Table, column};
use crate::kernel::transaction::Writer;
use crate::membership::takes_part;

row! {
    slug: String,
    // The title for errors and sorting; `titles` has all languages.
    title: String,
    title_key: String,
    titles: Json,
    description: Option<Json>,
    proposed_by_id: Uuid,
    status: Option<String>,
}

impl Table for Topic {
    type Row = Row;
    type Hooks = Self;

    const SETS: bool = true;
    const FOREIGN_KEYS: &'static [(&'static str, &'static str)] = &[("proposed_by_id", "member")];

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { slug, title, description, proposed_by, status, sectors } = data;
        let columns = Row {
            slug: to_text(slug).unwrap_or_default(),
            title: data.label().to_owned(),
            title_key: collation_key(data.label()),
            titles: to_json(title)?,
            description: to_json_opt(description)?,
            // An unresolved reference is refused before it gets here, and the foreign key would refuse this
            // id too.
            proposed_by_id: proposed_by.id().unwrap_or_default(),
            status: to_text(status),
        };
        Ok((columns, ChildRows::default().set("sectors", sectors)))
    }

    fn from_row(row: Row, mut links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            slug: Some(text(row.slug)?),
            title: json(row.titles)?,
            description: json_opt(row.description)?,
            proposed_by: Ref::to(Key::Id(row.proposed_by_id)),
            status: text_opt(row.status)?,
            sectors: links.take_set("sectors")?,
        })
    }

    fn sort_column(key: TopicSort) -> SortColumn {
        match key {
            TopicSort::Title => SortColumn::Text("title_key"),
            TopicSort::Slug => SortColumn::Text("slug"),
            TopicSort::Status => SortColumn::OptionalText("status"),
            TopicSort::CreatedAt => SortColumn::Instant("created_at"),
            TopicSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    fn json_column(member: &str) -> &str {
        if member == Self::NAME_FIELD { "titles" } else { member }
    }

    /// Topics whose proposing member the actor sees.
    fn visible_to(actor: &Actor) -> Condition {
        if actor.is_staff() {
            return Condition::all();
        }
        Condition::all().add(is_visible_member(actor, column::<Self>("proposed_by_id")))
    }

    /// Selects the number of supporters that the actor sees.
    fn derived_from(actor: &Actor, _backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
        let supporters = Query::select()
            .expr(Expr::col("member_id").count())
            .from("support")
            .and_where(Expr::col(("support", "topic_id")).eq(column::<Self>("id")))
            .and_where(Expr::col("given").eq(true))
            .and_where(is_visible_member(actor, Expr::col(("support", "member_id"))))
            .take();
        vec![("supporters", scalar_subquery(supporters))]
    }

    fn derive(item: &mut Stored<Self>, row: Option<&QueryResult>, _actor: &Actor) -> Result<(), Error> {
        let count: Option<i64> = row.map(|row| row.try_get("", "supporters")).transpose().map_err(failed)?;
        item.derived =
            TopicDerived { support_count: count.unwrap_or_default().try_into().unwrap_or_default() };
        Ok(())
    }
}

impl WriteHooks<Self> for Topic {
    /// Refuses a new proposal of a member that has left; its existing topics stay.
    async fn before_write(
        writer: &Writer<'_>,
        _parent: Option<Uuid>,
        before: Option<&Stored<Self>>,
        after: &mut Self,
    ) -> Result<(), Error> {
        let (was, is) = (before.map(|before| before.data.proposed_by.id()), after.proposed_by.id());
        if was == Some(is) { Ok(()) } else { takes_part(writer, "/proposed_by", is).await }
    }
}

/// Whether the member with this id is one that the actor sees.
fn is_visible_member(actor: &Actor, id: SimpleExpr) -> SimpleExpr {
    is_among(Member::TABLE, Member::TABLE.visible_ids(actor), id)
}
