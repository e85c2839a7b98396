//! The derived fields of registrations: the person, and the position on the waiting list.

use sea_orm::sea_query::{CaseStatement, Condition, Expr, ExprTrait, Query};
use sea_orm::{DatabaseBackend, QueryResult};
use serde::Deserialize;
use vku_domain::contact::Contact;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::member::Member;
use vku_domain::registration::{Person, Registration, RegistrationDerived, RegistrationStatus};

use super::present;
use crate::kernel::codec::text;
use crate::kernel::database::error::failed;
use crate::kernel::table::column;
use crate::kernel::table::conditions::scalar_subquery;
use crate::kernel::table::json::{json_array, json_of, json_text};
use crate::membership::taking_part;

/// The column with the contact.
const CONTACT: &str = "contact_cells";
/// The column that says whether the member takes part.
const TAKES_PART: &str = "takes_part";
/// The column with the position on the waiting list.
const POSITION: &str = "waiting_position";

/// The given name, the family name, the e-mail address and the language of a contact.
#[derive(Deserialize)]
struct ContactCells(String, String, String, String);

impl ContactCells {
    fn into_person(self) -> Result<Person, Error> {
        let Self(given_name, family_name, email, language) = self;
        let name = format!("{given_name} {family_name}");
        Ok(Person { name, email: text(email)?, language: Some(text(language)?) })
    }
}

/// The columns from which the derived fields are computed.
pub(super) fn columns(backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
    let own = |name: &'static str| column::<Registration>(name);
    let names = ["given_name", "family_name", "email", "language"];
    let cells = json_array(backend, names.map(column::<Contact>));
    let contact = Query::select()
        .expr(json_text(backend, cells))
        .from(Contact::NAME)
        .and_where(column::<Contact>("id").eq(own("contact_id")))
        .and_where(column::<Contact>("deleted_at").is_null())
        .take();
    let member = Query::select()
        .expr(Expr::val(1))
        .from(Member::NAME)
        .and_where(column::<Member>("id").eq(own("member_id")))
        .cond_where(taking_part())
        .take();
    vec![
        (CONTACT, scalar_subquery(contact)),
        (TAKES_PART, Expr::exists(member)),
        (POSITION, CaseStatement::new().case(waits(Registration::NAME), position()).into()),
    ]
}

/// The number of registrations on the waiting list of the session, up to this one.
fn position() -> Expr {
    let own = |name: &'static str| column::<Registration>(name);
    let other = |name: &'static str| Expr::col(("other", name));
    let up_to_this = Expr::tuple(["arrival", "id"].map(other)).lte(Expr::tuple(["arrival", "id"].map(own)));
    let waiting = Query::select()
        .expr(Expr::cust("count(*)"))
        .from_as(Registration::NAME, "other")
        .and_where(other("session_id").eq(own("session_id")))
        .cond_where(waits("other"))
        .and_where(up_to_this)
        .take();
    scalar_subquery(waiting)
}

/// The registration is on the waiting list. `registration` is the name or alias of the table.
fn waits(registration: &'static str) -> Condition {
    let waitlisted = RegistrationStatus::Waitlisted.as_str();
    Condition::all()
        .add(Expr::col((registration, "deleted_at")).is_null())
        .add(Expr::col((registration, "status")).eq(waitlisted))
        .add(present(registration))
}

/// Computes the derived fields. There is no person if the contact is deleted, or the member is deleted or has left.
pub(super) fn derive(item: &mut Stored<Registration>, row: Option<&QueryResult>) -> Result<(), Error> {
    let Some(row) = row else { return Ok(()) };
    let it = &item.data;
    let contact: Option<ContactCells> = json_of(row, CONTACT)?;
    let person = match it.contact {
        Some(_) => contact.map(ContactCells::into_person).transpose()?,
        None => it.name.as_ref().zip(it.email.as_ref()).map(|(name, email)| Person {
            name: name.to_string(),
            email: email.clone(),
            language: it.language.clone(),
        }),
    };
    let takes_part: bool = row.try_get("", TAKES_PART).map_err(failed)?;
    let position: Option<i64> = row.try_get("", POSITION).map_err(failed)?;
    item.derived = RegistrationDerived {
        position: position.and_then(|position| position.try_into().ok()),
        person: person.filter(|_| takes_part),
    };
    Ok(())
}
