//! Maps contacts to their table.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::contact::{Contact, ContactFilter, ContactSort};
use vku_domain::kernel::actor::Actor;
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::parameters::{BoolParam, InstantParam};
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::member::Member;
use vku_domain::registration::{Person, Registration};

use crate::kernel::child_rows::ChildRows;
use crate::kernel::error::{Corrupt, failed};
use crate::kernel::load::padded_ids;
use crate::kernel::row::row;
use crate::kernel::store::{Reader, Writer};
use crate::kernel::table::{
    SortColumn, Table, Unique, column, contains, json, one_of, text, text_opt, to_json, to_text,
};
use crate::member::taking_part;
use crate::registration::waiting_list;

row! {
    "contact" in member_id {
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
}

impl Table for Contact {
    type Entity = row::Entity;
    type Row = row::Model;
    type ActiveRow = row::ActiveModel;

    const HAS_WRITE_HOOKS: bool = true;
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

    fn to_row(data: &Self) -> Result<(row::Columns, ChildRows), Error> {
        let Self { given_name, family_name, email, phone, function, language, is_primary, consents } = data;
        let columns = row::Columns {
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

    fn from_row(row: row::Columns, _links: ChildRows) -> Result<Self, Corrupt> {
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

    fn condition(filter: &ContactFilter, _actor: &Actor) -> Condition {
        Condition::all()
            .add_option(
                filter.name.as_ref().map(|part| contains::<Self>("name_key", &collation_key(part.as_str()))),
            )
            .add_option(one_of::<Self, _>("language", &filter.language))
            .add_option(filter.is_primary.map(|BoolParam(value)| column::<Self>("is_primary").eq(value)))
            .add_option(
                filter.updated_since.map(|InstantParam(since)| column::<Self>("updated_at").gte(since)),
            )
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
    fn row_filter(actor: &Actor) -> Condition {
        if actor.is_staff() {
            return Condition::all();
        }
        let members = Query::select().column("id").from(Member::NAME).cond_where(taking_part()).take();
        let listed = Condition::all()
            .add(column::<Self>("in_directory").eq(true))
            .add(column::<Self>("member_id").in_subquery(members));
        Condition::any().add(listed).add(column::<Self>("member_id").in_subquery(own_members(actor)))
    }

    /// Hides from other members whether a contact receives mailings.
    async fn derive(reader: &Reader<'_>, items: &mut [Stored<Self>]) -> Result<(), Error> {
        if reader.actor().is_staff() || items.is_empty() {
            return Ok(());
        }
        let rows = reader.tx().query_all(&own_members(reader.actor())).await.map_err(failed)?;
        let own = rows.iter().map(|row| row.try_get("", "id")).collect::<Result<HashSet<Uuid>, _>>();
        let own = own.map_err(failed)?;
        for item in items {
            if !item.parent.as_ref().is_some_and(|(_, member)| own.contains(&member.id)) {
                item.data.consents.mailings = None;
            }
        }
        Ok(())
    }

    /// Cancels the registrations of a deleted contact. A contact with registrations gets here only if the
    /// request also cancels them.
    async fn after_write(
        writer: &mut Writer<'_>,
        _before: Option<&Stored<Self>>,
        after: &Stored<Self>,
    ) -> Result<(), Error> {
        match after.deleted_at {
            Some(_) => waiting_list::let_go(writer, column::<Registration>("contact_id").eq(after.id)).await,
            None => Ok(()),
        }
    }
}

/// Returns the persons of these contacts, without deleted ones.
pub(crate) async fn persons(tx: &DatabaseTransaction, ids: &[Uuid]) -> Result<HashMap<Uuid, Person>, Error> {
    let mut persons = HashMap::new();
    if ids.is_empty() {
        return Ok(persons);
    }
    let select = Query::select()
        .columns(["id", "given_name", "family_name", "email", "language"])
        .from("contact")
        .and_where(Expr::col("id").is_in(padded_ids(ids)))
        .and_where(Expr::col("deleted_at").is_null())
        .take();
    for row in tx.query_all(&select).await.map_err(failed)? {
        let word = |name: &str| row.try_get::<String>("", name).map_err(failed);
        let name = format!("{} {}", word("given_name")?, word("family_name")?);
        let (email, language) = (text(word("email")?)?, Some(text(word("language")?)?));
        persons.insert(row.try_get("", "id").map_err(failed)?, Person { name, email, language });
    }
    Ok(persons)
}

/// Selects the ids of the members whose utility the actor is bound to.
pub(crate) fn own_members(actor: &Actor) -> sea_orm::sea_query::SelectStatement {
    Query::select()
        .column("id")
        .from("member")
        .and_where(Expr::col("utility_id").is_in(actor.utilities.iter().copied()))
        .and_where(Expr::col("deleted_at").is_null())
        .take()
}
