//! Existing resources that may be the same as an interest registration.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use uuid::Uuid;
use vku_domain::interest::{InterestRegistration, LikelyDuplicate};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::IdParam;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::search::likeness;
use vku_domain::utility::Utility;

use crate::kernel::database::error::failed;
use crate::kernel::table::Table;
use crate::kernel::transaction::Reader;

/// Another registration, or a member found by a contact, with its folded e-mail address and its name.
struct Found {
    id: Uuid,
    name: String,
    email: String,
    /// The normalised name and city; absent for a member.
    place: Option<(String, String)>,
}

impl Reader<'_> {
    /// Fills in the likely duplicates, with four queries for the whole page.
    pub(super) async fn find_duplicates(
        &self,
        items: &mut [Stored<InterestRegistration>],
    ) -> Result<(), Error> {
        if items.is_empty() || !self.actor().is_staff() {
            return Ok(());
        }
        let utilities = self.names(Utility::TABLE).await?;
        let emails: Vec<_> = items.iter().map(|item| item.data.person.email.folded()).collect();
        let others = self.registrations().await?;
        let accepted = self.accepted_as(items).await?;
        let members = self.members_with(&emails).await?;
        for item in items {
            let mut all = Vec::new();
            // Skip the member that the registration was accepted as, and its utility.
            let member_id = item.data.member_id.map(|IdParam(id)| id);
            let utility_id = member_id.and_then(|id| accepted.get(&id));
            for likely in utilities
                .candidates(item)?
                .into_iter()
                .filter(|likely| Some(&likely.summary.id) != utility_id)
            {
                all.push(LikelyDuplicate {
                    resource: "utility".into(),
                    id: likely.summary.id,
                    slug: likely.summary.slug.as_ref().map(ToString::to_string),
                    name: likely.summary.label.1,
                    alike: likely.alike.into_iter().map(str::to_owned).collect(),
                });
            }
            let email = item.data.person.email.folded();
            let members = members.get(&email).into_iter().flatten();
            for member in members.filter(|member| Some(member.id) != member_id) {
                all.push(duplicate("member", member, vec!["email".into()]));
            }
            let place = (likeness(item.data.utility_name.as_str()), likeness(item.data.city.as_str()));
            for other in others.iter().filter(|other| other.id != item.id) {
                let mut alike = Vec::new();
                if other.place.as_ref() == Some(&place) {
                    alike.extend(["name".to_owned(), "city".to_owned()]);
                }
                if other.email == email {
                    alike.push("email".to_owned());
                }
                if !alike.is_empty() {
                    all.push(duplicate("interest_registration", other, alike));
                }
            }
            item.derived.likely_duplicates = all;
        }
        Ok(())
    }

    /// Returns the utilities of the members that registrations were accepted as, by member id.
    async fn accepted_as(
        &self,
        items: &[Stored<InterestRegistration>],
    ) -> Result<HashMap<Uuid, Uuid>, Error> {
        let members: Vec<Uuid> =
            items.iter().filter_map(|item| item.data.member_id.map(|IdParam(id)| id)).collect();
        if members.is_empty() {
            return Ok(HashMap::new());
        }
        let select = Query::select()
            .columns(["id", "utility_id"])
            .from("member")
            .and_where(Expr::col("id").is_in(members))
            .take();
        let rows = self.tx().query_all(&select).await.map_err(failed)?;
        let pairs = rows.iter().map(|row| Ok((row.try_get("", "id")?, row.try_get("", "utility_id")?)));
        pairs.collect::<Result<_, sea_orm::DbErr>>().map_err(failed)
    }

    /// Returns all registrations, because names cannot be compared in SQL.
    async fn registrations(&self) -> Result<Vec<Found>, Error> {
        let select = Query::select()
            .columns(["id", "utility_name", "email_key", "city"])
            .from("interest_registration")
            .and_where(Expr::col("deleted_at").is_null())
            .order_by("id", sea_orm::Order::Asc)
            .take();
        let rows = self.tx().query_all(&select).await.map_err(failed)?;
        let found = rows.iter().map(|row| {
            let name: String = row.try_get("", "utility_name")?;
            let city: String = row.try_get("", "city")?;
            Ok(Found {
                id: row.try_get("", "id")?,
                email: row.try_get("", "email_key")?,
                place: Some((likeness(&name), likeness(&city))),
                name,
            })
        });
        found.collect::<Result<_, sea_orm::DbErr>>().map_err(failed)
    }

    /// Returns the members that have contacts with these addresses, by folded address.
    async fn members_with(&self, emails: &[String]) -> Result<HashMap<String, Vec<Found>>, Error> {
        // Folded addresses are lower case, and an address contains only ASCII letters.
        let folded = sea_orm::sea_query::Func::lower(Expr::col(("contact", "email")));
        let select = Query::select()
            .expr_as(Expr::col(("member", "id")), "id")
            .expr_as(Expr::col(("utility", "name")), "name")
            .expr_as(sea_orm::sea_query::Func::lower(Expr::col(("contact", "email"))), "email")
            .from("contact")
            .inner_join("member", Expr::col(("member", "id")).equals(("contact", "member_id")))
            .inner_join("utility", Expr::col(("utility", "id")).equals(("member", "utility_id")))
            .and_where(Expr::col(("contact", "deleted_at")).is_null())
            .and_where(Expr::col(("member", "deleted_at")).is_null())
            .and_where(Expr::expr(folded).is_in(emails))
            .take();
        let mut found: HashMap<String, Vec<Found>> = HashMap::new();
        for row in self.tx().query_all(&select).await.map_err(failed)? {
            let email: String = row.try_get("", "email").map_err(failed)?;
            let it = Found {
                id: row.try_get("", "id").map_err(failed)?,
                name: row.try_get("", "name").map_err(failed)?,
                email: email.clone(),
                place: None,
            };
            let of_email = found.entry(email).or_default();
            if of_email.iter().all(|known| known.id != it.id) {
                of_email.push(it);
            }
        }
        Ok(found)
    }
}

fn duplicate(resource: &str, found: &Found, alike: Vec<String>) -> LikelyDuplicate {
    LikelyDuplicate { resource: resource.into(), id: found.id, slug: None, name: found.name.clone(), alike }
}
