//! The relations of utilities: their memberships and common partnerships.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Condition, Expr, ExprTrait, JoinType, Query, SelectStatement};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::value::Country;
use vku_domain::matching::{Profile, Tie};
use vku_domain::partnership::{ParticipantRole, Partnership, PartnershipStatus};
use vku_domain::utility::{Utility, UtilityKind};

use super::lines::{id, lines, parsed};
use super::members::members;
use crate::kernel::table::{Table, column};
use crate::kernel::transaction::Reader;
use crate::statistics::hidden_partnerships;

/// Data about utilities from other tables: their memberships and common partnerships.
pub(super) struct Relations {
    members: HashMap<Uuid, (bool, Vec<Country>)>,
    together: HashMap<Uuid, Tie>,
    /// The countries in which the asking utility works or has worked.
    countries: HashSet<Country>,
    /// The German utilities that have worked in one of these countries.
    acquainted: HashSet<Uuid>,
    abroad: bool,
}

impl Relations {
    pub(super) async fn read(
        reader: &Reader<'_>,
        asker: &Stored<Utility>,
        peers: UtilityKind,
    ) -> Result<Self, Error> {
        // Only German utilities are members.
        let alone = (peers == UtilityKind::Partner).then_some(asker.id);
        let mut relations = Self {
            members: members(reader, alone).await?,
            together: HashMap::new(),
            countries: HashSet::new(),
            acquainted: HashSet::new(),
            abroad: asker.data.kind == UtilityKind::Partner,
        };
        relations.partners(reader, asker.id, peers).await?;
        if relations.abroad {
            relations.countries = HashSet::from([asker.data.country.clone()]);
        }
        if peers == UtilityKind::Municipal {
            relations.known_in_countries(reader).await?;
        }
        Ok(relations)
    }

    /// Reads the utilities with which the asking utility has a common partnership, now or before, and the
    /// countries: of all utilities, or of those abroad.
    async fn partners(&mut self, reader: &Reader<'_>, asker: Uuid, peers: UtilityKind) -> Result<(), Error> {
        // An API key without access to partnerships learns of none.
        if reader.actor().require_read(Partnership::INFO).is_err() {
            return Ok(());
        }
        let lines =
            lines(reader, r#""each"."utility_id""#, Some(r#""now" || '|' || coalesce("country", '')"#));
        let mut each = shared_partnerships(reader, asker);
        if peers == UtilityKind::Partner {
            each.and_where(Expr::col(("other", "country")).ne(Country::GERMANY));
        }
        let select = Query::select().expr(lines).from_subquery(each, "each").take();
        for line in reader.text(&select).await?.lines() {
            let mut cells = line.split('|');
            let mut cell = || cells.next().unwrap_or_default();
            let (other, now, country) = (id(cell())?, cell() == "1", cell());
            self.together.insert(other, if now { Tie::Now } else { Tie::Before });
            if !country.is_empty() {
                self.countries.insert(parsed(country)?);
            }
        }
        Ok(())
    }

    /// Reads the German utilities that take or took part in a partnership in one of the countries.
    async fn known_in_countries(&mut self, reader: &Reader<'_>) -> Result<(), Error> {
        if self.countries.is_empty() || reader.actor().require_read(Partnership::INFO).is_err() {
            return Ok(());
        }
        let (municipal_party, partner_party) =
            (|name| Expr::col(("mine", name)), |name| Expr::col(("theirs", name)));
        let abroad = Query::select()
            .expr(Expr::cust("1"))
            .from_as("partnership_party", "theirs")
            .and_where(partner_party("owner_id").equals(("mine", "owner_id")))
            .and_where(partner_party("field").eq(ParticipantRole::Partner.as_str()))
            .and_where(partner_party("country").is_in(self.countries.iter().map(ToString::to_string)))
            // The limit does not change the result, but keeps SQLite from building a filter of all parties
            // first.
            .limit(1)
            .take();
        let has_worked_there = Query::select()
            .expr(Expr::cust("1"))
            .from_as("partnership_party", "mine")
            .and_where(municipal_party("utility_id").equals(("utility", "id")))
            .and_where(municipal_party("field").ne(ParticipantRole::Partner.as_str()))
            .and_where(municipal_party("owner_id").not_in_subquery(hidden_partnerships(reader)))
            .and_where(Expr::exists(abroad))
            .take();
        // One partnership is enough: EXISTS per utility ends the search at the first one.
        let select = Query::select()
            .expr(lines(reader, r#""utility"."id""#, None))
            .from("utility")
            .and_where(column::<Utility>("kind").eq(UtilityKind::Municipal.as_str()))
            .and_where(Expr::exists(has_worked_there))
            .take();
        self.acquainted = reader.text(&select).await?.lines().map(id).collect::<Result<_, _>>()?;
        Ok(())
    }

    pub(super) fn add_to(&self, profile: &mut Profile) {
        if let Some((has_left, interests)) = self.members.get(&profile.id) {
            (profile.has_left, profile.interests) = (*has_left, interests.clone());
        }
        let knows_country = match profile.kind {
            UtilityKind::Municipal => self.acquainted.contains(&profile.id),
            UtilityKind::Partner => !self.abroad && self.countries.contains(&profile.country),
        };
        let country = if knows_country { Tie::Country } else { Tie::None };
        profile.tie = self.together.get(&profile.id).copied().unwrap_or_default().max(country);
    }
}

/// Selects the utilities with which a utility has a common partnership, now or before: whether both take part
/// today (1 or 0), and the country if the other one is on the partner side.
fn shared_partnerships(reader: &Reader<'_>, asker: Uuid) -> SelectStatement {
    let today = reader.actor().today().to_string();
    let day = |of: &'static str, name: &'static str| Expr::col((of, name));
    let or_unknown = |day: Expr, holds: Expr| Condition::any().add(day.is_null()).add(holds);
    let over = [PartnershipStatus::Completed, PartnershipStatus::Cancelled].map(|status| status.as_str());
    let (status, end) = (|| column::<Partnership>("status"), || column::<Partnership>("end_last"));
    let mut now = Condition::all()
        .add(or_unknown(status(), status().is_not_in(over)))
        .add(or_unknown(end(), end().gte(today.as_str())).add(end().eq("")));
    for of in ["mine", "other"] {
        let (from, until) = (|| day(of, "from_first"), || day(of, "until_last"));
        now = now
            .add(or_unknown(from(), from().lte(today.as_str())))
            .add(or_unknown(until(), until().gte(today.as_str())));
    }
    let other = |name: &'static str| Expr::col(("other", name));
    let abroad = other("field").eq(ParticipantRole::Partner.as_str());
    let now: Expr = Expr::case(now, 1).finally(0).into();
    let country: Expr = Expr::case(abroad, other("country")).into();
    Query::select()
        .expr_as(other("utility_id"), "utility_id")
        .expr_as(now.max(), "now")
        .expr_as(country.max(), "country")
        .from_as("partnership_party", "mine")
        .join_as(
            JoinType::InnerJoin,
            "partnership_party",
            "other",
            other("owner_id").equals(("mine", "owner_id")),
        )
        .inner_join("partnership", column::<Partnership>("id").equals(("mine", "owner_id")))
        .and_where(Expr::col(("mine", "utility_id")).eq(asker))
        .and_where(other("utility_id").is_not_null())
        .and_where(column::<Partnership>("deleted_at").is_null())
        .cond_where(Partnership::visible_to(reader.actor()))
        .group_by_col(("other", "utility_id"))
        .take()
}
