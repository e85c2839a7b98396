//! The profiles of utilities, which are stored in their rows.

use sea_orm::sea_query::{Condition, ExprTrait, Query, SelectStatement};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::matching::{Profile, Tie};
use vku_domain::utility::{Utility, UtilityKind};

use super::lines::{id, lines, parsed};
use crate::kernel::database::error::Corrupt;
use crate::kernel::table::{Table, column};
use crate::kernel::transaction::Reader;

impl Reader<'_> {
    /// Returns the profiles of the asking utility and of all utilities of the kind that it is matched with,
    /// as far as the actor sees them.
    pub(super) async fn profiles(&self, asker: Uuid, kind: UtilityKind) -> Result<Vec<Profile>, Error> {
        let condition = Condition::any()
            .add(column::<Utility>("kind").eq(kind.as_str()))
            .add(column::<Utility>("id").eq(asker));
        let seen = |select: &mut SelectStatement| {
            select
                .from("utility")
                .and_where(column::<Utility>("deleted_at").is_null())
                .cond_where(condition.clone())
                .cond_where(Utility::visible_to(self.actor()))
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
}

/// The profile of a utility, as it is stored in its row: `kind|country|climate zone|people served|set:value
/// …`. None of the values contains a bar or a space.
pub(crate) fn match_profile(utility: &Utility) -> String {
    // Without `..`, so that a new member of utilities does not compile until it is placed here.
    let Utility {
        kind,
        country,
        climate_zone,
        population_served,
        sectors,
        languages,
        expertise,
        needs,
        slug: _,
        name: _,
        aliases: _,
        legal_form: _,
        region: _,
        city: _,
        location: _,
        employees: _,
        website: _,
        description: _,
        visibility: _,
        source_url: _,
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

/// Parses the id of a utility and its [`match_profile`].
fn profile(line: &str) -> Result<Profile, Corrupt> {
    let mut cells = line.split('|');
    let mut cell = || cells.next().ok_or_else(|| Corrupt::from("a truncated line"));
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
