//! Maps contacts to their table.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use sea_orm::{DatabaseBackend, QueryResult};
use vku_domain::bilingual;
use vku_domain::contact::{Contact, ContactSort};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::member::Member;
use vku_domain::registration::Registration;

use crate::kernel::codec::{json, text, text_opt, to_json, to_text};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::hooks::WriteHooks;
use crate::kernel::table::row::row;
use crate::kernel::table::{SortColumn, Table, Unique, column};
use crate::kernel::transaction::Writer;
use crate::membership::own_members;
use crate::membership::taking_part;
use crate::registration::waiting_list;

/// The column that says whether a contact belongs to the actor's own member.
const IS_OWN: &str = "is_own";

row! {
    given_name: String,
    given_name_key: String,
    family_name: String,
    family_name_key: String,
    name_key: String,
    email: String,
    phone: Option<String>,
    function: Option<String>,
    language: String,
    is_primary: bool,
    consents: Json,
    in_directory: bool,
}

impl Table for Contact {
    type Row = Row;
    type Hooks = Self;

    const UNIQUE: &'static [Unique] = &[Unique {
        columns: &["member_id"],
        only: Some("is_primary"),
        deleted: None,
        code: Code::PrimaryExists,
        detail: || {
            bilingual!(
                "This member already has a primary contact; change that contact first.",
                "Dieses Mitglied hat schon eine erste Ansprechperson; ändern Sie zuerst jene."
            )
        },
    }];

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { given_name, family_name, email, phone, function, language, is_primary, consents } = data;
        let columns = Row {
            given_name: given_name.to_string(),
            given_name_key: collation_key(given_name.as_str()),
            family_name: family_name.to_string(),
            family_name_key: collation_key(family_name.as_str()),
            name_key: collation_key(&data.full_name()),
            email: email.to_string(),
            phone: to_text(phone),
            function: to_text(function),
            language: language.to_string(),
            is_primary: *is_primary,
            consents: to_json(consents)?,
            in_directory: consents.directory.is_some(),
        };
        Ok((columns, ChildRows::default()))
    }

    fn from_row(row: Row, _links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            given_name: text(row.given_name)?,
            family_name: text(row.family_name)?,
            email: text(row.email)?,
            phone: text_opt(row.phone)?,
            function: text_opt(row.function)?,
            language: text(row.language)?,
            is_primary: row.is_primary,
            consents: json(row.consents)?,
        })
    }

    fn sort_column(key: ContactSort) -> SortColumn {
        match key {
            ContactSort::FamilyName => SortColumn::Text("family_name_key"),
            ContactSort::GivenName => SortColumn::Text("given_name_key"),
            ContactSort::CreatedAt => SortColumn::Instant("created_at"),
            ContactSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    /// Contacts of the actor's own member, and contacts in the directory by consent whose member has not
    /// left.
    fn visible_to(actor: &Actor) -> Condition {
        if actor.is_staff() {
            return Condition::all();
        }
        // Looked up for each row: SQLite would find the contacts of all members, and sort them.
        let member = Query::select()
            .expr(Expr::val(1))
            .from(Member::NAME)
            .and_where(column::<Member>("id").eq(column::<Self>("member_id")))
            .cond_where(taking_part())
            .take();
        let listed = Condition::all().add(column::<Self>("in_directory").eq(true)).add(Expr::exists(member));
        Condition::any().add(listed).add(column::<Self>("member_id").in_subquery(own_members(actor)))
    }

    /// Selects whether the contact belongs to the actor's own member.
    fn derived_from(actor: &Actor, _backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
        if actor.is_staff() {
            return Vec::new();
        }
        vec![(IS_OWN, column::<Self>("member_id").in_subquery(own_members(actor)))]
    }

    /// Hides from other members whether a contact receives mailings.
    fn derive(item: &mut Stored<Self>, row: Option<&QueryResult>, actor: &Actor) -> Result<(), Error> {
        let is_own = match row {
            Some(row) if !actor.is_staff() => row.try_get("", IS_OWN).map_err(failed)?,
            _ => actor.is_staff(),
        };
        if !is_own {
            item.data.consents.mailings = None;
        }
        Ok(())
    }
}

impl WriteHooks<Self> for Contact {
    /// Cancels the registrations of a deleted contact. A contact with registrations gets here only if the
    /// request also cancels them.
    async fn after_write(
        writer: &mut Writer<'_>,
        _before: Option<&Stored<Self>>,
        after: &Stored<Self>,
    ) -> Result<(), Error> {
        match after.deleted_at {
            Some(_) => {
                waiting_list::cancel_registrations_of(
                    writer,
                    column::<Registration>("contact_id").eq(after.id),
                )
                .await
            }
            None => Ok(()),
        }
    }
}
