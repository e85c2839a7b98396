//! What may be there already under another slug: found by names, aliases and the host of the website.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

use sea_orm::sea_query::{ExprTrait, SelectStatement};
use sea_orm::{ConnectionTrait, EntityTrait, QueryResult};
use serde_json::Value;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::reference::ReferenceSummary;
use vku_domain::kernel::search::likeness;

use crate::kernel::database::error::failed;
use crate::kernel::read::reference_lookup::ResourceDescriptor;
use crate::kernel::table::{Table, column};
use crate::kernel::transaction::Reader;

/// How alike they have to be to be told.
const LEAST: f64 = 0.5;

/// How many are told of one row.
const MOST: usize = 3;

/// One that may be the same.
#[derive(Clone, Debug)]
pub struct DuplicateCandidate {
    /// How likely, up to 1.
    pub score: f64,
    /// What they have alike.
    pub alike: Vec<&'static str>,
    /// What is there.
    pub card: ReferenceSummary,
}

/// What stands in a row of a kind that has names.
struct IdentifyingFields {
    name: String,
    others: Vec<String>,
    country: Option<String>,
    host: Option<String>,
}

/// The names of all that the actor sees of a kind of resource.
pub struct NameIndex {
    known: Vec<(ReferenceSummary, IdentifyingFields)>,
    by_name: HashMap<String, Vec<usize>>,
    by_host: HashMap<String, Vec<usize>>,
}

impl Reader<'_> {
    /// The names of all that the actor sees; of resources without a slug, which have none, nothing.
    ///
    /// Errors: the database is away.
    pub async fn names<T: Table>(&self) -> Result<NameIndex, Error> {
        let mut names = NameIndex { known: Vec::new(), by_name: HashMap::new(), by_host: HashMap::new() };
        if !T::HAS_SLUG {
            return Ok(names);
        }
        let described = ResourceDescriptor::find(T::NAME)?;
        let mut select: SelectStatement = described.select();
        let has = |name: &&str| <T::Entity as EntityTrait>::Column::from_str(name).is_ok();
        for name in ["aliases", "short_name", "website", "url"].into_iter().filter(has) {
            select.expr_as(column::<T>(name), format!("its_{name}"));
        }
        if has(&"country") {
            select.expr_as(column::<T>("country"), "its_country");
        }
        select.and_where(column::<T>("deleted_at").is_null()).cond_where(T::row_filter(self.actor()));
        for row in self.tx().query_all(&select).await.map_err(failed)? {
            names.add(described.card(&row)?, &row);
        }
        Ok(names)
    }
}

impl NameIndex {
    fn add(&mut self, card: ReferenceSummary, row: &QueryResult) {
        let text = |name: &str| row.try_get::<Option<String>>("", name).ok().flatten();
        let aliases = row.try_get::<Option<Value>>("", "its_aliases").ok().flatten();
        let found = IdentifyingFields {
            name: likeness(&card.label.1),
            others: others(aliases.as_ref(), text("its_short_name").as_deref()),
            country: text("its_country"),
            host: text("its_website").or_else(|| text("its_url")).as_deref().and_then(host),
        };
        let place = self.known.len();
        for name in std::iter::once(&found.name).chain(&found.others) {
            self.by_name.entry(name.clone()).or_default().push(place);
        }
        if let Some(host) = &found.host {
            self.by_host.entry(host.clone()).or_default().push(place);
        }
        self.known.push((card, found));
    }

    /// Those that may be what a row has just made, the likeliest first.
    pub fn like<T: Table>(&self, made: &Stored<T>) -> Result<Vec<DuplicateCandidate>, Error> {
        if self.known.is_empty() {
            return Ok(Vec::new());
        }
        let body = serde_json::to_value(&made.data).map_err(Error::internal)?;
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let new = IdentifyingFields {
            name: likeness(made.data.label()),
            others: others(body.get("aliases"), text("short_name")),
            country: text("country").map(str::to_owned),
            host: text("website").or_else(|| text("url")).and_then(host),
        };
        let by_name = std::iter::once(&new.name).chain(&new.others).filter_map(|name| self.by_name.get(name));
        let by_host = new.host.as_ref().and_then(|host| self.by_host.get(host));
        let places: BTreeSet<usize> = by_name.chain(by_host).flatten().copied().collect();
        let found = places.into_iter().filter_map(|place| self.known.get(place));
        let mut likely: Vec<_> = found
            .map(|(card, known)| {
                let (score, alike) = compared(&new, known);
                DuplicateCandidate { score, alike, card: card.clone() }
            })
            .filter(|it| it.score >= LEAST && it.card.id != made.id)
            .collect();
        likely.sort_by(|one, other| other.score.total_cmp(&one.score));
        likely.truncate(MOST);
        Ok(likely)
    }
}

/// How much two have alike, from 0 to 1, and what.
fn compared(new: &IdentifyingFields, known: &IdentifyingFields) -> (f64, Vec<&'static str>) {
    let (mut score, mut alike) = (0.0, Vec::new());
    let meets = |name: &String, of: &IdentifyingFields| *name == of.name || of.others.contains(name);
    if new.name == known.name {
        score = 0.8;
        alike.push("name");
    } else if meets(&new.name, known) || new.others.iter().any(|name| meets(name, known)) {
        score = 0.7;
        alike.push("alias");
    }
    if new.host.is_some() && new.host == known.host {
        score += if alike.is_empty() { 0.6 } else { 0.2 };
        alike.push("website");
    }
    match (&new.country, &known.country) {
        (Some(new), Some(known)) if new == known => {
            score += 0.15;
            alike.push("country");
        }
        (Some(_), Some(_)) => score -= 0.4,
        _ => {}
    }
    // Two digits: more would only look exact.
    ((f64::clamp(score, 0.0, 1.0) * 100.0).round() / 100.0, alike)
}

fn others(aliases: Option<&Value>, short: Option<&str>) -> Vec<String> {
    let aliases = aliases.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    aliases.chain(short).map(likeness).filter(|name| !name.is_empty()).collect()
}

/// The host of a URL, without `www.`.
fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?.split(':').next()?.to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host).to_owned();
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifying_fields(name: &str, country: &str, website: &str) -> IdentifyingFields {
        IdentifyingFields {
            name: likeness(name),
            others: Vec::new(),
            country: (!country.is_empty()).then(|| country.to_owned()),
            host: host(website),
        }
    }

    #[test]
    fn hosts_meet_whatever_the_url() {
        assert_eq!(host("https://www.Example.org:8080/a"), Some("example.org".into()));
        assert_eq!(host("nowhere"), None);
    }

    #[test]
    fn the_more_is_alike_the_likelier() {
        let known = identifying_fields("Wasserwerk", "DE", "https://wasserwerk.example");
        let score = |name, country, website| compared(&identifying_fields(name, country, website), &known).0;
        assert_eq!(score("Wasserwerk GmbH", "DE", "https://www.wasserwerk.example/"), 1.0);
        assert_eq!(score("Wasserwerk", "DE", ""), 0.95);
        assert_eq!(score("Wasserwerk", "", ""), 0.8);
        assert_eq!(score("Wasserwerk", "UA", ""), 0.4);
        assert_eq!(score("Anders", "DE", "http://wasserwerk.example"), 0.75);
        assert_eq!(score("Anders", "DE", ""), 0.15);
    }
}
