//! Maps interest registrations to their table; unconfirmed ones are in [`pending`].

mod duplicates;
pub mod pending;
pub mod triage;

use futures_util::FutureExt;
use sea_orm::sea_query::{Condition, Expr, ExprTrait};
use vku_domain::interest::{InterestRegistration, InterestSort, InterestedPerson};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::IdParam;

use crate::kernel::codec::{json, text, text_opt, to_json, to_text};
use crate::kernel::database::error::Corrupt;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::row::row;
use crate::kernel::table::{DeriveByQueries, SortColumn, Table};

row! {
    utility_name: String,
    name_key: String,
    city: String,
    city_key: String,
    website: Option<String>,
    given_name: String,
    family_name: String,
    email: String,
    email_key: String,
    phone: Option<String>,
    function: Option<String>,
    message: Option<String>,
    language: String,
    registration_consent: Json,
    consents: Json,
    status: String,
    decline_reason: Option<String>,
    member_id: Option<Uuid>,
}

impl Table for InterestRegistration {
    type Row = Row;
    type Hooks = ();

    const SETS: bool = true;
    const DERIVE_BY_QUERIES: Option<DeriveByQueries<Self>> =
        Some(|reader, items| duplicates::find(reader, items).boxed_local());

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self {
            utility_name,
            city,
            website,
            sectors,
            person,
            message,
            language,
            registration_consent,
            consents,
            status,
            decline_reason,
            member_id,
        } = data;
        let InterestedPerson { given_name, family_name, email, phone, function } = person;
        let columns = Row {
            utility_name: utility_name.to_string(),
            name_key: collation_key(utility_name.as_str()),
            city: city.to_string(),
            city_key: collation_key(city.as_str()),
            website: to_text(website),
            given_name: given_name.to_string(),
            family_name: family_name.to_string(),
            email: email.to_string(),
            email_key: email.folded(),
            phone: to_text(phone),
            function: to_text(function),
            message: to_text(message),
            language: language.to_string(),
            registration_consent: to_json(registration_consent)?,
            consents: to_json(consents)?,
            status: status.to_string(),
            decline_reason: to_text(decline_reason),
            member_id: member_id.map(|IdParam(id)| id),
        };
        Ok((columns, ChildRows::default().set("sectors", sectors)))
    }

    fn from_row(row: Row, mut links: ChildRows) -> Result<Self, Corrupt> {
        Ok(Self {
            utility_name: text(row.utility_name)?,
            city: text(row.city)?,
            website: text_opt(row.website)?,
            sectors: links.take_set("sectors")?,
            person: InterestedPerson {
                given_name: text(row.given_name)?,
                family_name: text(row.family_name)?,
                email: text(row.email)?,
                phone: text_opt(row.phone)?,
                function: text_opt(row.function)?,
            },
            message: text_opt(row.message)?,
            language: text(row.language)?,
            registration_consent: json(row.registration_consent)?,
            consents: json(row.consents)?,
            status: text(row.status)?,
            decline_reason: text_opt(row.decline_reason)?,
            member_id: row.member_id.map(IdParam),
        })
    }

    fn sort_column(key: InterestSort) -> SortColumn {
        match key {
            InterestSort::UtilityName => SortColumn::Text("name_key"),
            InterestSort::Status => SortColumn::Text("status"),
            InterestSort::CreatedAt => SortColumn::Instant("created_at"),
            InterestSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    fn visible_to(actor: &Actor) -> Condition {
        let all = Condition::all();
        if actor.is_staff() { all } else { all.add(Expr::val(1).eq(0)) }
    }
}
