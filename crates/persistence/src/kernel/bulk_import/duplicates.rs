//! Finds existing resources that may be the same as a new one under another slug, by names, aliases and the
//! host of the website.

use std::collections::{BTreeSet, HashMap};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::sea_query::{Expr, Func, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::ReferenceSummary;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::search::likeness;

use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::json::{json_array, json_of, json_rows, json_text};
use crate::kernel::table::summary::SummaryCells;
use crate::kernel::transaction::Reader;

/// The minimum score of a reported candidate.
const MIN_SCORE: f64 = 0.5;

/// The maximum number of candidates for a row.
const MAX_CANDIDATES: usize = 3;

/// An existing resource that may be the same as a new one.
#[derive(Clone, Debug)]
pub struct DuplicateCandidate {
    /// The likelihood, from 0 to 1.
    pub score: f64,
    /// Which fields match: `name`, `alias`, `website`, `country`.
    pub alike: Vec<&'static str>,
    /// The existing resource.
    pub summary: ReferenceSummary,
}

/// The fields by which a resource with a name is compared.
struct IdentifyingFields {
    name: String,
    others: Vec<String>,
    country: Option<String>,
    host: Option<String>,
}

/// The column with [`NameCells`].
const NAMES: &str = "name_cells";

/// The summary, aliases, short name, country and website of a resource.
#[derive(Deserialize)]
pub(crate) struct NameCells(SummaryCells, Option<Value>, Option<String>, Option<String>, Option<String>);

impl NameCells {
    pub(crate) fn id(&self) -> Uuid {
        self.0.id()
    }
}

/// The names of all resources of a kind that the actor sees.
#[derive(Default)]
pub struct NameIndex {
    known: Vec<(ReferenceSummary, IdentifyingFields)>,
    by_name: HashMap<String, Vec<usize>>,
    by_host: HashMap<String, Vec<usize>>,
}

impl Reader<'_> {
    /// Returns the names of all resources that the actor sees; empty for resources without a slug.
    ///
    /// Errors: the database is unavailable.
    pub(crate) fn names<'a>(&'a self, table: &'a AnyTable) -> LocalBoxFuture<'a, Result<NameIndex, Error>> {
        async move {
            let mut names = NameIndex::default();
            if !table.resource.has_slug {
                return Ok(names);
            }
            let select = NameIndex::select(table, self.actor(), self.tx().get_database_backend());
            for row in self.tx().query_all(&select).await.map_err(failed)? {
                let cells =
                    json_of(&row, NAMES)?.ok_or_else(|| Corrupt::from("a resource without a name"))?;
                names.add(table, cells)?;
            }
            Ok(names)
        }
        .boxed_local()
    }
}

impl NameIndex {
    /// Selects [`NameCells`] of all resources that the actor sees, one in a row.
    fn select(table: &AnyTable, actor: &Actor, backend: DatabaseBackend) -> SelectStatement {
        let cells = json_text(backend, Self::cells(table, backend));
        Self::visible(table, actor).expr_as(cells, NAMES).take()
    }

    /// Selects [`NameCells`] of all resources that the actor sees, as one array.
    pub(crate) fn select_all(table: &AnyTable, actor: &Actor, backend: DatabaseBackend) -> SelectStatement {
        Self::visible(table, actor).expr(json_rows(backend, Self::cells(table, backend))).take()
    }

    fn visible(table: &AnyTable, actor: &Actor) -> SelectStatement {
        table.visible_ids(actor).clear_selects().take()
    }

    fn cells(table: &AnyTable, backend: DatabaseBackend) -> Expr {
        let known = |name: &'static str| table.has_column(name).then(|| table.column(name));
        let or_null = |column: Option<Expr>| column.unwrap_or_else(|| Expr::val(None::<String>));
        let aliases = or_null(known("aliases"));
        let aliases = match backend {
            DatabaseBackend::Postgres => aliases,
            _ => Func::cust("json").arg(aliases).into(),
        };
        let summary = json_array(backend, table.summary_cells(backend));
        let website = known("website").or_else(|| known("url"));
        let others = [known("short_name"), known("country"), website].map(or_null);
        json_array(backend, [summary, aliases].into_iter().chain(others))
    }

    pub(crate) fn add(&mut self, table: &AnyTable, cells: NameCells) -> Result<(), Error> {
        let NameCells(summary, aliases, short_name, country, website) = cells;
        let summary = table.summary(summary)?;
        let found = IdentifyingFields {
            name: likeness(&summary.label.1),
            others: others(aliases.as_ref(), short_name.as_deref()),
            country,
            host: website.as_deref().and_then(host),
        };
        let place = self.known.len();
        for name in std::iter::once(&found.name).chain(&found.others) {
            self.by_name.entry(name.clone()).or_default().push(place);
        }
        if let Some(host) = &found.host {
            self.by_host.entry(host.clone()).or_default().push(place);
        }
        self.known.push((summary, found));
        Ok(())
    }

    /// Returns the resources that may be the same as a new one, the likeliest first.
    pub(crate) fn candidates<T: Resource>(&self, new: &Stored<T>) -> Result<Vec<DuplicateCandidate>, Error> {
        let body = serde_json::to_value(&new.data).map_err(Error::internal)?;
        Ok(self.candidates_for_body(new.id, new.data.label(), &body))
    }

    /// Returns the resources that may be the same as a new one with this id, name and body, the likeliest first.
    pub fn candidates_for_body(&self, id: Uuid, name: &str, body: &Value) -> Vec<DuplicateCandidate> {
        if self.known.is_empty() {
            return Vec::new();
        }
        let text = |member: &str| body.get(member).and_then(Value::as_str);
        let new = IdentifyingFields {
            name: likeness(name),
            others: others(body.get("aliases"), text("short_name")),
            country: text("country").map(str::to_owned),
            host: text("website").or_else(|| text("url")).and_then(host),
        };
        let by_name = std::iter::once(&new.name).chain(&new.others).filter_map(|name| self.by_name.get(name));
        let by_host = new.host.as_ref().and_then(|host| self.by_host.get(host));
        let places: BTreeSet<usize> = by_name.chain(by_host).flatten().copied().collect();
        let found = places.into_iter().filter_map(|place| self.known.get(place));
        let mut likely: Vec<_> = found
            .map(|(summary, known)| {
                let (score, alike) = compare(&new, known);
                DuplicateCandidate { score, alike, summary: summary.clone() }
            })
            .filter(|it| it.score >= MIN_SCORE && it.summary.id != id)
            .collect();
        likely.sort_by(|one, other| other.score.total_cmp(&one.score));
        likely.truncate(MAX_CANDIDATES);
        likely
    }
}

/// Compares two resources: returns a score from 0 to 1, and the fields that match.
fn compare(new: &IdentifyingFields, known: &IdentifyingFields) -> (f64, Vec<&'static str>) {
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
    // Two decimal places, because more would suggest a precision that the score does not have.
    ((f64::clamp(score, 0.0, 1.0) * 100.0).round() / 100.0, alike)
}

fn others(aliases: Option<&Value>, short: Option<&str>) -> Vec<String> {
    let aliases = aliases.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    aliases.chain(short).map(likeness).filter(|name| !name.is_empty()).collect()
}

/// Returns the host of a URL, without `www.`.
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
    fn the_host_ignores_www_case_port_and_path() {
        assert_eq!(host("https://www.Example.org:8080/a"), Some("example.org".into()));
        assert_eq!(host("nowhere"), None);
    }

    #[test]
    fn more_matching_fields_give_a_higher_score() {
        let known = identifying_fields("Wasserwerk", "DE", "https://wasserwerk.example");
        let score = |name, country, website| compare(&identifying_fields(name, country, website), &known).0;
        assert_eq!(score("Wasserwerk GmbH", "DE", "https://www.wasserwerk.example/"), 1.0);
        assert_eq!(score("Wasserwerk", "DE", ""), 0.95);
        assert_eq!(score("Wasserwerk", "", ""), 0.8);
        assert_eq!(score("Wasserwerk", "UA", ""), 0.4);
        assert_eq!(score("Anders", "DE", "http://wasserwerk.example"), 0.75);
        assert_eq!(score("Anders", "DE", ""), 0.15);
    }
}
