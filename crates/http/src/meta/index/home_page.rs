//! The data on the home page, as the public sees it: rendered once, and cached until one of its tables changes.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::bilingual::{Bilingual, Locale, format_thousands};
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::parameters::sort::Direction;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::lifecycle::StatusFilter;
use vku_domain::partnership::Partnership;
use vku_domain::session::{Session, SessionSort, SessionStatus};
use vku_domain::statistics::PartnershipsBy;
use vku_persistence::kernel::database::cache_generation::TablesRead;
use vku_persistence::kernel::transaction::Reader;

use super::date::when;
use crate::chart::Size;
use crate::kernel::cache::Snapshot;
use crate::kernel::html::escape;
use crate::kernel::state::AppState;
use crate::statistics::Figures;
use crate::statistics::partnerships::PartnershipStatistics;

/// The number of sessions on the page.
const SESSIONS: u64 = 4;
/// The country in the examples on the page.
const EXAMPLE_COUNTRY: &str = "ZM";
/// The path of a partnership, if there is none to link to.
const PARTNERSHIP: &str = "/api/v1/partnerships/{id}";
/// What each chart counts partnerships by.
const CHARTS: [PartnershipsBy; 3] = [PartnershipsBy::Status, PartnershipsBy::Sector, PartnershipsBy::Year];

/// The parts of the page that show data, in HTML.
pub(super) struct PageParts {
    /// The map, the charts and the next sessions; while the database is unavailable, a notice.
    pub(super) figures: String,
    /// The path of a partnership; a link if there is a partnership.
    pub(super) partnership: String,
}

/// The rendered parts by language.
#[derive(Default)]
pub struct HomePageCache(Mutex<HashMap<&'static str, CachedParts>>);

/// The rendered parts, with the snapshot and the tables that they were read from.
struct CachedParts {
    snapshot: Snapshot,
    reads: Arc<TablesRead>,
    parts: Arc<PageParts>,
}

impl HomePageCache {
    /// Returns the parts of the page that show data, from the cache if they are current.
    pub(super) async fn parts(&self, shared: &AppState, locale: Locale) -> Result<Arc<PageParts>, Error> {
        // The generation has to be determined before anything is read.
        let generation = shared.store.generation().await;
        let actor = Actor::public(shared.store.now());
        let snapshot = Snapshot::of(generation, &actor);
        if let Some(cached) = snapshot.and_then(|snapshot| self.lookup(snapshot, locale)) {
            return Ok(cached);
        }
        let (rendered, reads) = shared
            .store
            .recording_reads(async { render(&shared.store.read(&actor).await?, locale).await })
            .await;
        match rendered {
            Ok(rendered) => {
                let rendered = Arc::new(rendered);
                if let Some(snapshot) = snapshot {
                    let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                    all.insert(locale.as_str(), CachedParts { snapshot, reads, parts: rendered.clone() });
                }
                Ok(rendered)
            }
            Err(error) if error.is_server_error() && error.code != Code::Internal => {
                let notice = bilingual!(
                    "The data cannot be shown at the moment; please try again in a minute.",
                    "Was es gibt, lässt sich gerade nicht zeigen; bitte kommen Sie in einer Minute wieder."
                );
                let figures = format!("<p>{}</p>", notice.in_locale(locale));
                Ok(Arc::new(PageParts { figures, partnership: PARTNERSHIP.to_owned() }))
            }
            Err(error) => Err(error),
        }
    }

    fn lookup(&self, snapshot: Snapshot, locale: Locale) -> Option<Arc<PageParts>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cached = all.get(locale.as_str())?;
        cached.snapshot.serves(snapshot, Some(&cached.reads)).then(|| cached.parts.clone())
    }
}

async fn render(reader: &Reader<'_>, locale: Locale) -> Result<PageParts, Error> {
    let figures = format!("{}\n{}", figures(reader, locale).await?, sessions(reader, locale).await?);
    Ok(PageParts { figures, partnership: partnership(reader).await? })
}

/// A link to a partnership of the country in the examples, or to any other; the path as a template if there is none yet.
async fn partnership(reader: &Reader<'_>) -> Result<String, Error> {
    let mut query = Query::<Partnership>::all();
    query.limit = 1;
    query.filter.country = EXAMPLE_COUNTRY.parse().into_iter().collect();
    let mut page = reader.list::<Partnership>(&query, None).await?;
    if page.items.is_empty() {
        query.filter.country.clear();
        page = reader.list::<Partnership>(&query, None).await?;
    }
    let slug = page.items.first().and_then(|item| item.data.slug.as_ref());
    Ok(slug.map_or_else(
        || PARTNERSHIP.to_owned(),
        |slug| format!("<a href=\"/api/v1/partnerships/{slug}\">/api/v1/partnerships/{slug}</a>"),
    ))
}

/// The map and the charts.
async fn figures(reader: &Reader<'_>, locale: Locale) -> Result<String, Error> {
    let text = |both: Bilingual| both.in_locale(locale).to_owned();
    let countries = PartnershipStatistics::of(reader, PartnershipsBy::Country).await?;
    let heading = text(bilingual!("Partnerships in figures", "Partnerschaften in Zahlen"));
    let mut html = format!("  <h2>{heading}</h2>\n");
    if countries.total == 0 {
        let none =
            text(bilingual!("No partnerships have been published yet.", "Noch ist keine veröffentlicht."));
        let _ = write!(html, "  <p>{none}</p>");
        return Ok(html);
    }
    let how_many = text(published(countries.total).then(bilingual!(
        " The data behind the map and each chart is also available.",
        " Jedes Bild gibt es auch als Zahlen."
    )));
    let scrolls = text(bilingual!("Map of the world", "Weltkarte"));
    // Writing into a string cannot fail.
    let _ = write!(
        html,
        "  <p>{how_many}</p>\n  <figure class=\"card\">\n<div class=\"map\" tabindex=\"0\" role=\"region\" \
         aria-label=\"{scrolls}\">{}</div>\n{}{}</figure>\n  <div class=\"charts\">\n",
        countries.map(locale),
        table(&countries, locale),
        sources(PartnershipsBy::Country, "map", locale)
    );
    for by in CHARTS {
        let chart = PartnershipStatistics::of(reader, by).await?.chart(locale, Size::Small)?;
        let _ = write!(
            html,
            "  <figure class=\"card\"><figcaption><h3>{}</h3></figcaption>\n{chart}{}</figure>\n",
            text(by.title()),
            sources(by, "svg", locale)
        );
    }
    html.push_str("  </div>");
    Ok(html)
}

/// The countries of the map as a table, because on a phone the map is small.
fn table(countries: &PartnershipStatistics, locale: Locale) -> String {
    let text = |both: Bilingual| both.in_locale(locale).to_owned();
    let rows = countries.ranked(locale).into_iter().map(|(country, number)| {
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            escape(country),
            text(format_thousands(number))
        )
    });
    format!(
        "<details><summary>{}</summary>\n<table><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead>\n\
         <tbody>{}</tbody></table></details>",
        text(bilingual!("All countries on the map", "Alle Länder der Karte")),
        text(PartnershipsBy::Country.label()),
        text(bilingual!("Partnerships", "Partnerschaften")),
        rows.collect::<String>()
    )
}

/// Returns how many partnerships are published.
fn published(total: u64) -> Bilingual {
    let all = format_thousands(total);
    match total {
        1 => bilingual!("{all} partnership is published.", "{all} Partnerschaft ist veröffentlicht.", all),
        _ => {
            bilingual!("{all} partnerships are published.", "{all} Partnerschaften sind veröffentlicht.", all)
        }
    }
}

/// Links to the figures in other formats.
fn sources(by: PartnershipsBy, picture: &str, locale: Locale) -> String {
    let about = by.title();
    let about = about.in_locale(locale);
    let link = |format: &str, name: &str| {
        format!(
            "<a href=\"/api/v1/statistics/partnerships?by={by}&amp;format={format}\" aria-label=\"{name}: {about}\">{name}</a>"
        )
    };
    format!(
        "<p class=\"sources\">{} · {} · {}</p>",
        link("json", "JSON"),
        link("csv", "CSV"),
        link(picture, "SVG")
    )
}

/// The next sessions.
async fn sessions(reader: &Reader<'_>, locale: Locale) -> Result<String, Error> {
    let text = |both: Bilingual| both.in_locale(locale).to_owned();
    let mut query = Query::<Session>::all();
    query.filter.status = vec![StatusFilter(Some(SessionStatus::Published))];
    query.filter.start_from = reader.actor().today().to_string().parse().ok();
    query.sort = vec![(SessionSort::Start, Direction::Ascending)];
    query.limit = SESSIONS;
    let page = reader.list::<Session>(&query, None).await?;
    let heading = text(bilingual!("Upcoming sessions", "Nächste Sitzungen"));
    let mut html = format!("  <h2>{heading}</h2>\n");
    if page.items.is_empty() {
        let none =
            text(bilingual!("No sessions are announced at the moment.", "Zurzeit ist keine angekündigt."));
        let _ = write!(html, "  <p>{none}</p>");
        return Ok(html);
    }
    html.push_str("  <ul class=\"sessions\">\n");
    for item in &page.items {
        let it = &item.data;
        let slug = it.slug.as_ref().map(ToString::to_string).unwrap_or_default();
        let format = it.format.map(|format| text(format.label()));
        let place = it.place.as_ref().map(|place| escape(place.as_str()));
        let place: Vec<_> = place.into_iter().chain(format).collect();
        let _ = writeln!(
            html,
            "    <li><time datetime=\"{}\">{}</time> <a href=\"/api/v1/sessions/{slug}\">{}</a> <span>{}</span></li>",
            it.starts_on,
            text(when(it)),
            escape(it.title.as_str()),
            place.join(" · ")
        );
    }
    let calendar =
        text(bilingual!("All sessions as a calendar (iCalendar)", "Alle als Kalender (iCalendar)"));
    let _ = write!(html, "  </ul>\n  <p><a href=\"/api/v1/sessions?format=ics\">{calendar}</a></p>");
    Ok(html)
}

#[cfg(test)]
mod tests {
    use super::published;

    #[test]
    fn the_number_of_partnerships_agrees_with_its_verb() {
        for (total, en, de) in [
            (1, "1 partnership is published.", "1 Partnerschaft ist veröffentlicht."),
            (1_234, "1,234 partnerships are published.", "1.234 Partnerschaften sind veröffentlicht."),
        ] {
            assert_eq!((&*published(total).en, &*published(total).de), (en, de));
        }
    }
}
