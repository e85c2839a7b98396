//! Reads the utilities for matching, as far as the actor sees them, with a fixed number of statements.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use sea_orm::sea_query::{Condition, Expr, ExprTrait, JoinType, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::value::{Country, Localized};
use vku_domain::kernel::violation::FieldError;
use vku_domain::matching::{
    Among, Excluded, Match, MatchPart, MatchQuery, Matches, Names, Part, Profile, Ranking, Tie, rank,
};
use vku_domain::member::{Member, MemberStatus};
use vku_domain::partnership::{ParticipantRole, Partnership, PartnershipStatus};
use vku_domain::utility::{Utility, UtilityKind};

use crate::kernel::codec::json;
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::read::reference_lookup;
use crate::kernel::table::{Table, column};
use crate::kernel::transaction::Reader;
use crate::statistics::unseen_partnerships;

impl Reader<'_> {
    /// Returns the utilities that match a utility, and why. Data that the actor may not see does not count.
    ///
    /// Errors: 401 without an account, 403, 404.
    pub async fn matches(&self, key: &Key, query: &MatchQuery) -> Result<Matches, Error> {
        self.actor().require::<Utility>(Action::Read)?;
        let asker = self.get::<Utility>(key, None, false).await?;
        let (among, climate, weights) = (query.among(asker.data.kind), query.climate(), query.weights());
        let peers = match among {
            Among::Municipal => UtilityKind::Municipal,
            Among::Partner => UtilityKind::Partner,
        };
        let mut profiles = self.profiles(asker.id, peers).await?;
        let known = Known::read(self, &asker, peers).await?;
        profiles.iter_mut().for_each(|profile| known.add_to(profile));
        let index = profiles.iter().position(|profile| profile.id == asker.id);
        let own_profile = index.map(|index| profiles.swap_remove(index)).ok_or_else(Error::not_found)?;
        let Ranking { matches, excluded } = rank(&own_profile, &profiles, climate, &weights);

        let total = matches.len().try_into().unwrap_or(u64::MAX);
        let (best, excluded_utilities) =
            (matches.iter().take(query.limit()), excluded.iter().take(query.limit()));
        let excluded_utilities: Vec<_> = excluded_utilities.filter(|_| query.tells_excluded()).collect();
        let ids: Vec<Uuid> =
            best.clone().map(|(it, _)| it.id).chain(excluded_utilities.iter().map(|(it, _)| it.id)).collect();
        let mut summaries = reference_lookup::by_id(self.tx(), "utility", &ids).await?;
        let areas = self.area_labels().await?;
        let name = asker.data.name.as_str();
        let utility = reference_lookup::by_id(self.tx(), "utility", &[asker.id]).await?.remove(&asker.id);
        let items = best.filter_map(|(other, score)| {
            let utility = summaries.remove(&other.id)?;
            let names = Names { asker: name, other: &utility.label.1, areas: &areas };
            let part = |&(name, points): &(Part, u32)| {
                let reason = name.reason(&own_profile, other, &names);
                MatchPart { name, points, weight: weights.of(name), reason }
            };
            let parts = score.parts().iter().map(part).collect();
            Some(Match { score: score.total(), parts, utility })
        });
        let items = items.collect();
        let excluded = excluded_utilities.into_iter().filter_map(|(other, reason)| {
            Some(Excluded { utility: summaries.remove(&other.id)?, reason: *reason, detail: reason.detail() })
        });
        let excluded = query.tells_excluded().then(|| excluded.collect());
        let utility = utility.ok_or_else(Error::not_found)?;
        Ok(Matches { utility, among, climate, items, total, excluded })
    }

    /// Returns the profiles of the asking utility and of all utilities of the kind that it is matched with,
    /// as far as the actor sees them.
    async fn profiles(&self, asker: Uuid, kind: UtilityKind) -> Result<Vec<Profile>, Error> {
        let condition = Condition::any()
            .add(column::<Utility>("kind").eq(kind.as_str()))
            .add(column::<Utility>("id").eq(asker));
        let seen = |select: &mut SelectStatement| {
            select
                .from("utility")
                .and_where(column::<Utility>("deleted_at").is_null())
                .cond_where(condition.clone())
                .cond_where(Utility::row_filter(self.actor()))
                .take()
        };
        let traits = lines(self, r#""utility"."id""#, Some(r#""utility"."traits""#));
        let text = self.text(&seen(Query::select().expr(traits))).await?;
        let mut profiles = text.lines().map(profile).collect::<Result<Vec<_>, _>>()?;
        // Sort the lists that appear in sentences, because the databases return them in no defined order.
        for profile in &mut profiles {
            profile.sectors.sort_unstable();
            profile.languages.sort_unstable();
            profile.expertise.sort_unstable();
            profile.needs.sort_unstable();
        }
        Ok(profiles)
    }

    /// Returns the result of a text aggregate; empty if there are no rows.
    async fn text(&self, select: &SelectStatement) -> Result<String, Error> {
        let row = self.tx().query_one(select).await.map_err(failed)?;
        let text = row.map(|row| row.try_get_by_index::<Option<String>>(0)).transpose().map_err(failed)?;
        Ok(text.flatten().unwrap_or_default())
    }

    async fn area_labels(&self) -> Result<HashMap<String, Bilingual>, Error> {
        let select = Query::select().columns(["slug", "labels"]).from("working_area").take();
        let mut areas = HashMap::new();
        for row in self.tx().query_all(&select).await.map_err(failed)? {
            let labels: Value = row.try_get("", "labels").map_err(failed)?;
            let labels: Localized = json(labels)?;
            let in_locale = |code| labels.get(code).unwrap_or_else(|| labels.best()).to_owned().into();
            let label = Bilingual { en: in_locale("en"), de: in_locale("de") };
            areas.insert(row.try_get("", "slug").map_err(failed)?, label);
        }
        Ok(areas)
    }
}

/// Aggregates all rows to one text, with one line per row: fetching single rows would take several times as
/// long. The values contain no line breaks.
fn lines(reader: &Reader<'_>, id: &str, rest: Option<&str>) -> SimpleExpr {
    let rest = rest.map(|rest| format!(" || '|' || {rest}")).unwrap_or_default();
    Expr::cust(match reader.tx().get_database_backend() {
        DatabaseBackend::Postgres => format!("string_agg(CAST({id} AS text){rest}, chr(10))"),
        _ => format!("group_concat(hex({id}){rest}, char(10))"),
    })
}

fn parsed<V: FromStr<Err = FieldError>>(word: &str) -> Result<V, Corrupt> {
    Ok(word.parse()?)
}

fn id(cell: &str) -> Result<Uuid, Corrupt> {
    cell.parse().map_err(|_| Corrupt::from("an id that is none"))
}

/// The profile of a utility, as it is stored in its row: `kind|country|climate zone|people served|set:value
/// …`. None of the values contains a bar or a space.
pub(crate) fn traits(utility: &Utility) -> String {
    let Utility {
        kind, country, climate_zone, population_served, sectors, languages, expertise, needs, ..
    } = utility;
    let climate = climate_zone.as_ref().map(ToString::to_string).unwrap_or_default();
    let people = population_served.as_ref().map(|figure| figure.value.to_string()).unwrap_or_default();
    let mut words = Vec::new();
    words.extend(sectors.iter().map(|value| format!("sectors:{value}")));
    words.extend(languages.iter().map(|value| format!("languages:{value}")));
    words.extend(expertise.iter().map(|value| format!("expertise:{value}")));
    words.extend(needs.iter().map(|value| format!("needs:{value}")));
    format!("{kind}|{country}|{climate}|{people}|{}", words.join(" "))
}

/// Parses the id of a utility and its [`traits`].
fn profile(line: &str) -> Result<Profile, Corrupt> {
    let mut cells = line.split('|');
    let mut cell = || cells.next().ok_or_else(|| Corrupt::from("a line that ends early"));
    let id = id(cell()?)?;
    let (kind, country) = (parsed(cell()?)?, parsed(cell()?)?);
    let mut profile = Profile {
        id,
        kind,
        country,
        climate_zone: Some(cell()?).filter(|zone| !zone.is_empty()).map(parsed).transpose()?,
        population_served: cell()?.parse().ok(),
        sectors: Vec::new(),
        languages: Vec::new(),
        expertise: Vec::new(),
        needs: Vec::new(),
        interests: Vec::new(),
        has_left: false,
        tie: Tie::None,
    };
    for word in cell()?.split(' ') {
        match word.split_once(':') {
            Some(("sectors", value)) => profile.sectors.push(parsed(value)?),
            Some(("languages", value)) => profile.languages.push(parsed(value)?),
            Some(("expertise", value)) => profile.expertise.push(parsed(value)?),
            Some(("needs", value)) => profile.needs.push(parsed(value)?),
            _ => {}
        }
    }
    Ok(profile)
}

/// Data about utilities from other tables: their memberships and common partnerships.
struct Known {
    members: HashMap<Uuid, (bool, Vec<Country>)>,
    together: HashMap<Uuid, Tie>,
    /// The countries in which the asking utility works or has worked.
    countries: HashSet<Country>,
    /// The German utilities that have worked in one of these countries.
    acquainted: HashSet<Uuid>,
    abroad: bool,
}

impl Known {
    async fn read(reader: &Reader<'_>, asker: &Stored<Utility>, peers: UtilityKind) -> Result<Self, Error> {
        // Only German utilities are members.
        let alone = (peers == UtilityKind::Partner).then_some(asker.id);
        let mut known = Self {
            members: members(reader, alone).await?,
            together: HashMap::new(),
            countries: HashSet::new(),
            acquainted: HashSet::new(),
            abroad: asker.data.kind == UtilityKind::Partner,
        };
        known.partners(reader, asker.id, peers).await?;
        if known.abroad {
            known.countries = HashSet::from([asker.data.country.clone()]);
        }
        if peers == UtilityKind::Municipal {
            known.acquaintances(reader).await?;
        }
        Ok(known)
    }

    /// Reads the utilities with which the asking utility has a common partnership, now or before, and the
    /// countries: of all utilities, or of those abroad.
    async fn partners(&mut self, reader: &Reader<'_>, asker: Uuid, peers: UtilityKind) -> Result<(), Error> {
        // An API key without access to partnerships learns of none.
        if reader.actor().require_read::<Partnership>().is_err() {
            return Ok(());
        }
        let lines =
            lines(reader, r#""each"."utility_id""#, Some(r#""now" || '|' || coalesce("country", '')"#));
        let mut each = together(reader, asker);
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
    async fn acquaintances(&mut self, reader: &Reader<'_>) -> Result<(), Error> {
        if self.countries.is_empty() || reader.actor().require_read::<Partnership>().is_err() {
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
            .and_where(municipal_party("owner_id").not_in_subquery(unseen_partnerships(reader)))
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

    fn add_to(&self, profile: &mut Profile) {
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
fn together(reader: &Reader<'_>, asker: Uuid) -> SelectStatement {
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
        .cond_where(Partnership::row_filter(reader.actor()))
        .group_by_col(("other", "utility_id"))
        .take()
}

/// Returns which members have left, and in which countries members are interested, if the actor may read
/// members; for one utility, or for all.
async fn members(
    reader: &Reader<'_>,
    utility: Option<Uuid>,
) -> Result<HashMap<Uuid, (bool, Vec<Country>)>, Error> {
    let actor = reader.actor();
    if actor.require::<Member>(Action::Read).is_err() {
        return Ok(HashMap::new());
    }
    let countries = match reader.tx().get_database_backend() {
        DatabaseBackend::Postgres => r#"string_agg("value", ' ')"#,
        _ => r#"group_concat("value", ' ')"#,
    };
    let rest = format!(
        r#"coalesce("member"."status", '') || '|' || coalesce((SELECT {countries} FROM "member_set"
        WHERE "owner_id" = "member"."id" AND "field" = 'countries'), '')"#
    );
    let only = utility.map(|utility| column::<Member>("utility_id").eq(utility));
    let select = Query::select()
        .expr(lines(reader, r#""member"."utility_id""#, Some(&rest)))
        .from("member")
        .and_where(column::<Member>("deleted_at").is_null())
        .cond_where(Condition::all().add_option(only))
        .cond_where(Member::row_filter(actor))
        .take();
    let mut members = HashMap::new();
    for line in reader.text(&select).await?.lines() {
        let mut cells = line.split('|');
        let mut cell = || cells.next().unwrap_or_default();
        let (utility, has_left) = (id(cell())?, cell() == MemberStatus::Left.as_str());
        let countries = cell().split_whitespace().map(parsed);
        let mut countries = countries.collect::<Result<Vec<Country>, _>>()?;
        countries.sort_unstable();
        members.insert(utility, (has_left, countries));
    }
    Ok(members)
}
