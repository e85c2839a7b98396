//! Existing resources that may be the same as an interest registration.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;
use vku_domain::interest::{InterestRegistration, LikelyDuplicate};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::IdParam;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::search::likeness;
use vku_domain::utility::Utility;

use crate::kernel::bulk_import::duplicates::{NameCells, NameIndex};
use crate::kernel::database::error::failed;
use crate::kernel::table::Table;
use crate::kernel::table::conditions::scalar_subquery;
use crate::kernel::table::json::{json_array, json_id, json_of, json_rows};
use crate::kernel::transaction::Reader;

/// The id, name, city and folded e-mail address of a registration.
#[derive(Deserialize)]
struct RegistrationCells(Uuid, String, String, String);

/// The folded e-mail address of a contact, and the id and name of its member.
#[derive(Deserialize)]
struct MemberCells(String, Uuid, String);

/// The id and the utility of a member.
#[derive(Deserialize)]
struct AcceptedCells(Uuid, Uuid);

const UTILITIES: &str = "utilities";
const REGISTRATIONS: &str = "registrations";
const MEMBERS: &str = "members";
const ACCEPTED: &str = "accepted";

/// What registrations are compared with.
struct Known {
    utilities: NameIndex,
    /// All registrations, because names cannot be compared in SQL: with the normalised name and city.
    registrations: Vec<(RegistrationCells, (String, String))>,
    /// The members that have contacts with the addresses of the registrations.
    members: Vec<MemberCells>,
    /// The utilities of the members that the registrations were accepted as, by member id.
    accepted: HashMap<Uuid, Uuid>,
}

/// Fills in the likely duplicates, with one query for the whole page.
pub(super) async fn find(
    reader: &Reader<'_>,
    items: &mut [Stored<InterestRegistration>],
) -> Result<(), Error> {
    if !reader.actor().is_staff() {
        return Ok(());
    }
    let known = Known::read(reader, items).await?;
    for item in items {
        item.derived.likely_duplicates = known.duplicates_of(item)?;
    }
    Ok(())
}

impl Known {
    async fn read(reader: &Reader<'_>, items: &[Stored<InterestRegistration>]) -> Result<Self, Error> {
        let backend = reader.tx().get_database_backend();
        let members = items.iter().filter_map(|item| item.data.member_id.map(|IdParam(id)| id));
        let emails = items.iter().map(|item| item.data.person.email.folded());
        let utilities = NameIndex::select_all(Utility::TABLE, reader.actor(), backend);
        let mut select = Query::select();
        for (name, rows) in [
            (UTILITIES, utilities),
            (REGISTRATIONS, registrations(backend)),
            (MEMBERS, members_with(backend, emails)),
            (ACCEPTED, accepted_as(backend, members)),
        ] {
            select.expr_as(scalar_subquery(rows), name);
        }
        let row = reader.tx().query_one(&select).await.map_err(failed)?;
        let row = row.ok_or_else(|| Error::internal("a select without a row"))?;
        let mut names: Vec<NameCells> = cells(&row, UTILITIES)?;
        names.sort_unstable_by_key(NameCells::id);
        let mut utilities = NameIndex::default();
        names.into_iter().try_for_each(|cells| utilities.add(Utility::TABLE, cells))?;
        let mut registrations: Vec<RegistrationCells> = cells(&row, REGISTRATIONS)?;
        registrations.sort_unstable_by_key(|it| it.0);
        let placed = |it: RegistrationCells| {
            let place = (likeness(&it.1), likeness(&it.2));
            (it, place)
        };
        let mut members: Vec<MemberCells> = cells(&row, MEMBERS)?;
        members.sort_unstable_by_key(|it| it.1);
        members.dedup_by(|one, other| (&one.0, one.1) == (&other.0, other.1));
        let accepted: Vec<AcceptedCells> = cells(&row, ACCEPTED)?;
        Ok(Self {
            utilities,
            registrations: registrations.into_iter().map(placed).collect(),
            members,
            accepted: accepted.into_iter().map(|AcceptedCells(member, utility)| (member, utility)).collect(),
        })
    }

    fn duplicates_of(&self, item: &Stored<InterestRegistration>) -> Result<Vec<LikelyDuplicate>, Error> {
        // Skip the member that the registration was accepted as, and its utility.
        let member_id = item.data.member_id.map(|IdParam(id)| id);
        let utility_id = member_id.and_then(|id| self.accepted.get(&id));
        let mut all = Vec::new();
        let likely = self.utilities.candidates(item)?;
        for likely in likely.into_iter().filter(|likely| Some(&likely.summary.id) != utility_id) {
            all.push(LikelyDuplicate {
                resource: "utility".into(),
                id: likely.summary.id,
                slug: likely.summary.slug.as_ref().map(ToString::to_string),
                name: likely.summary.label.1,
                alike: likely.alike.into_iter().map(str::to_owned).collect(),
            });
        }
        let email = item.data.person.email.folded();
        for MemberCells(address, id, name) in &self.members {
            if *address == email && Some(*id) != member_id {
                all.push(duplicate("member", *id, name, vec!["email".into()]));
            }
        }
        let own_place = (likeness(item.data.utility_name.as_str()), likeness(item.data.city.as_str()));
        for (RegistrationCells(id, name, _, address), place) in &self.registrations {
            let mut alike = Vec::new();
            if *place == own_place {
                alike.extend(["name".to_owned(), "city".to_owned()]);
            }
            if *address == email {
                alike.push("email".to_owned());
            }
            if *id != item.id && !alike.is_empty() {
                all.push(duplicate("interest_registration", *id, name, alike));
            }
        }
        Ok(all)
    }
}

fn cells<T: DeserializeOwned>(row: &QueryResult, column: &str) -> Result<Vec<T>, Error> {
    Ok(json_of(row, column)?.unwrap_or_default())
}

fn registrations(backend: DatabaseBackend) -> SelectStatement {
    let column = |name: &'static str| Expr::col(("interest_registration", name));
    let [name, city, email] = ["utility_name", "city", "email_key"].map(column);
    let registrations = json_array(backend, [json_id(backend, column("id")), name, city, email]);
    Query::select()
        .expr(json_rows(backend, registrations))
        .from("interest_registration")
        .and_where(column("deleted_at").is_null())
        .take()
}

/// The members that have contacts with these addresses.
fn members_with(backend: DatabaseBackend, emails: impl Iterator<Item = String>) -> SelectStatement {
    // Folded addresses are lower case, and an address contains only ASCII letters.
    let email = || Expr::expr(Func::lower(Expr::col(("contact", "email"))));
    let id = json_id(backend, Expr::col(("member", "id")));
    let members = json_array(backend, [email(), id, Expr::col(("utility", "name"))]);
    Query::select()
        .expr(json_rows(backend, members))
        .from("contact")
        .inner_join("member", Expr::col(("member", "id")).equals(("contact", "member_id")))
        .inner_join("utility", Expr::col(("utility", "id")).equals(("member", "utility_id")))
        .and_where(Expr::col(("contact", "deleted_at")).is_null())
        .and_where(Expr::col(("member", "deleted_at")).is_null())
        .and_where(email().is_in(emails))
        .take()
}

/// The members with these ids, with their utilities.
fn accepted_as(backend: DatabaseBackend, members: impl Iterator<Item = Uuid>) -> SelectStatement {
    let id = |name: &'static str| json_id(backend, Expr::col(("member", name)));
    Query::select()
        .expr(json_rows(backend, json_array(backend, ["id", "utility_id"].map(id))))
        .from("member")
        .and_where(Expr::col("id").is_in(members))
        .take()
}

fn duplicate(resource: &str, id: Uuid, name: &str, alike: Vec<String>) -> LikelyDuplicate {
    LikelyDuplicate { resource: resource.into(), id, slug: None, name: name.to_owned(), alike }
}
