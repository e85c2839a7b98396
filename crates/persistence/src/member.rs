//! Maps members to their table.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use sea_orm::{DatabaseBackend, QueryResult};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::parameters::BoolParam;
use vku_domain::kernel::resource::reference::{Key, Ref};
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::member::{Interests, Member, MemberDerived, MemberFilter, MemberSort, MemberStatus};
use vku_domain::registration::Registration;
use vku_domain::utility::Utility;

use crate::kernel::codec::{text_opt, to_text};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::hooks::WriteHooks;
use crate::kernel::table::row::row;
use crate::kernel::table::{Codes, FoundBy, FoundWords, SortColumn, Table, Unique, column};
use crate::kernel::transaction::Writer;
use crate::partnership::active_today;
use crate::registration::waiting_list;

/// The column that says whether the utility takes part in an active partnership.
const AT_WORK: &str = "is_at_work";

/// The utility takes part today in an active partnership that the actor sees.
fn is_at_work(actor: &Actor) -> Expr {
    let of_utility = Expr::col(("partnership_party", "utility_id")).eq(column::<Member>("utility_id"));
    Expr::exists(active_today(actor).and_where(of_utility).take())
}

row! {
    utility_id: Uuid,
    status: Option<String>,
    joined_on: Option<String>,
    left_on: Option<String>,
    regional_group: Option<String>,
    note: Option<String>,
}

impl Table for Member {
    type Row = Row;
    type Hooks = Self;

    const SETS: bool = true;
    const CODE_LISTS: &'static [Codes] =
        &[Codes { set: "working_areas", pointer: "/interests/working_areas", of: "working_area" }];
    const NAMED_AFTER: Option<(&'static str, &'static str)> = Some(("utility_id", "utility"));
    const FOREIGN_KEYS: &'static [(&'static str, &'static str)] = &[("utility_id", "utility")];
    const FOUND_BY: &'static [FoundBy] = &[FoundBy {
        resource: "utility",
        table: "member",
        key: "utility_id",
        owner: "id",
        words: FoundWords::Own,
        only: None,
    }];
    const UNIQUE: &'static [Unique] = &[Unique {
        columns: &["utility_id"],
        only: None,
        deleted: None,
        code: Code::MemberExists,
        detail: || {
            bilingual!(
                "This utility is already a member; a utility can be a member only once.",
                "Dieses Unternehmen ist schon Mitglied; jedes ist es höchstens einmal."
            )
        },
    }];

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { utility, status, joined_on, left_on, regional_group, interests, note } = data;
        let Interests { sectors, countries, working_areas } = interests;
        let columns = Row {
            // An unresolved reference is refused before it gets here, and the foreign key would refuse this
            // id too.
            utility_id: utility.id().unwrap_or_default(),
            status: to_text(status),
            joined_on: to_text(joined_on),
            left_on: to_text(left_on),
            regional_group: to_text(regional_group),
            note: to_text(note),
        };
        let links = ChildRows::default()
            .set("sectors", sectors)
            .set("countries", countries)
            .set("working_areas", working_areas);
        Ok((columns, links))
    }

    fn from_row(row: Row, mut links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            utility: Ref::to(Key::Id(row.utility_id)),
            status: text_opt(row.status)?,
            joined_on: text_opt(row.joined_on)?,
            left_on: text_opt(row.left_on)?,
            regional_group: text_opt(row.regional_group)?,
            interests: Interests {
                sectors: links.take_set("sectors")?,
                countries: links.take_set("countries")?,
                working_areas: links.take_set("working_areas")?,
            },
            note: text_opt(row.note)?,
        })
    }

    fn special_filter_to_sql(filter: &MemberFilter, actor: &Actor) -> Condition {
        let at_work = filter.has_active_partnership.map(|BoolParam(value)| {
            let at_work = is_at_work(actor);
            if value { at_work } else { at_work.not() }
        });
        Condition::all().add_option(at_work)
    }

    fn sort_column(key: MemberSort) -> SortColumn {
        match key {
            MemberSort::Name => SortColumn::Of("utility_id", "utility", "name_key"),
            MemberSort::Status => SortColumn::OptionalText("status"),
            MemberSort::JoinedOn => SortColumn::OptionalText("joined_on"),
            MemberSort::RegionalGroup => SortColumn::OptionalText("regional_group"),
            MemberSort::CreatedAt => SortColumn::Instant("created_at"),
            MemberSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    /// Members whose utility the actor sees; for partners abroad only active members.
    fn visible_to(actor: &Actor) -> Condition {
        if actor.is_staff() {
            return Condition::all();
        }
        let utility = Query::select()
            .expr(Expr::val(1))
            .from(Utility::NAME)
            .and_where(column::<Utility>("id").eq(column::<Self>("utility_id")))
            .cond_where(Utility::visible_to(actor))
            .take();
        let active = column::<Self>("status").eq(MemberStatus::Active.as_str());
        Condition::all()
            .add(Expr::exists(utility))
            .add_option((actor.role == Some(Role::Partner)).then_some(active))
    }

    /// Selects whether the utility takes part today in an active partnership that the actor sees.
    fn derived_from(actor: &Actor, _backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
        vec![(AT_WORK, is_at_work(actor))]
    }

    fn derive(item: &mut Stored<Self>, row: Option<&QueryResult>, _actor: &Actor) -> Result<(), Error> {
        item.derived = MemberDerived {
            slug: item.data.utility.summary().and_then(|summary| summary.slug.clone()),
            name: item.data.label().to_owned(),
            has_active_partnership: row.map_or(Ok(false), |row| row.try_get("", AT_WORK)).map_err(failed)?,
        };
        Ok(())
    }
}

impl WriteHooks<Self> for Member {
    /// Refuses to let a member with registrations for future sessions leave, unless the request also cancels
    /// them.
    async fn before_write(
        writer: &Writer<'_>,
        _parent: Option<Uuid>,
        before: Option<&Stored<Self>>,
        after: &mut Self,
    ) -> Result<(), Error> {
        match before {
            Some(before) if leaves(before, after) => {
                writer.check_no_registrations(Self::NAME, before.id).await
            }
            _ => Ok(()),
        }
    }

    /// Cancels the registrations of a member that has left or is deleted. A member with registrations gets
    /// here only if the request also cancels them.
    async fn after_write(
        writer: &mut Writer<'_>,
        before: Option<&Stored<Self>>,
        after: &Stored<Self>,
    ) -> Result<(), Error> {
        let has_gone = after.deleted_at.is_some() || before.is_some_and(|before| leaves(before, &after.data));
        if has_gone {
            waiting_list::cancel_registrations_of(writer, column::<Registration>("member_id").eq(after.id))
                .await
        } else {
            Ok(())
        }
    }
}

fn leaves(before: &Stored<Member>, after: &Member) -> bool {
    before.data.status != Some(MemberStatus::Left) && after.status == Some(MemberStatus::Left)
}
