//! Reads the utilities for matching, as far as the actor sees them, with a fixed number of statements.

mod lines;
mod members;
pub(crate) mod profile;
mod relations;

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::Query;
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::value::Localized;
use vku_domain::matching::{
    Among, DisplayNames, Excluded, Match, MatchPart, MatchQuery, Matches, Part, Ranking, rank,
};
use vku_domain::utility::{Utility, UtilityKind};

use self::relations::Relations;
use crate::kernel::codec::json;
use crate::kernel::database::error::failed;
use crate::kernel::read::reference_lookup;
use crate::kernel::transaction::Reader;

impl Reader<'_> {
    /// Returns the utilities that match a utility, and why. Data that the actor may not see does not count.
    ///
    /// Errors: 401 without an account, 403, 404.
    pub async fn matches(&self, key: &Key, query: &MatchQuery) -> Result<Matches, Error> {
        self.actor().require(Utility::INFO, Action::Read)?;
        let asker = self.get::<Utility>(key, None, false).await?;
        let (among, climate, weights) = (query.among(asker.data.kind), query.climate(), query.weights());
        let peers = match among {
            Among::Municipal => UtilityKind::Municipal,
            Among::Partner => UtilityKind::Partner,
        };
        let mut profiles = self.profiles(asker.id, peers).await?;
        let relations = Relations::read(self, &asker, peers).await?;
        profiles.iter_mut().for_each(|profile| relations.add_to(profile));
        let index = profiles.iter().position(|profile| profile.id == asker.id);
        let own_profile = index.map(|index| profiles.swap_remove(index)).ok_or_else(Error::not_found)?;
        let Ranking { matches, excluded } = rank(&own_profile, &profiles, climate, &weights);

        let total = matches.len().try_into().unwrap_or(u64::MAX);
        let (best, excluded_utilities) =
            (matches.iter().take(query.limit()), excluded.iter().take(query.limit()));
        let excluded_utilities: Vec<_> = excluded_utilities.filter(|_| query.includes_excluded()).collect();
        let ids: Vec<Uuid> =
            best.clone().map(|(it, _)| it.id).chain(excluded_utilities.iter().map(|(it, _)| it.id)).collect();
        let mut summaries = reference_lookup::by_id(self.tx(), "utility", &ids).await?;
        let areas = self.area_labels().await?;
        let name = asker.data.name.as_str();
        let utility = reference_lookup::by_id(self.tx(), "utility", &[asker.id]).await?.remove(&asker.id);
        let items = best.filter_map(|(other, score)| {
            let utility = summaries.remove(&other.id)?;
            let names = DisplayNames { asker: name, other: &utility.label.1, areas: &areas };
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
        let excluded = query.includes_excluded().then(|| excluded.collect());
        let utility = utility.ok_or_else(Error::not_found)?;
        Ok(Matches { utility, among, climate, items, total, excluded })
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
