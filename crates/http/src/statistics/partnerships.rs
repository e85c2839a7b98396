//! Statistics of partnerships.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::bilingual;
use vku_domain::code_lists::Label;
use vku_domain::kernel::bilingual::{Locale, format_thousands};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::tabular::Kind;
use vku_domain::kernel::value::Country;
use vku_domain::matching::Sentence;
use vku_domain::partnership::Partnership;
use vku_domain::statistics::{
    FiguresFormat, PartnershipFigures, PartnershipFiguresFormat as PartnershipFormat, PartnershipsBy, UNKNOWN,
};
use vku_persistence::kernel::transaction::Reader;

use super::charts::{ChartLabels, Figure, by_number, by_year};
use super::{Figures, KEY_COLUMNS, parse_query, respond, respond_svg};
use crate::chart::{Size, map};
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;

/// The number of partnerships in one group of the statistics.
#[derive(Serialize, ToSchema)]
pub struct PartnershipCount {
    /// The status, code, slug or year; `unknown` if unknown.
    key: String,
    /// The name of the group.
    label: Label,
    /// The number of partnerships.
    partnerships: u64,
}

/// Partnership statistics.
#[derive(Serialize, ToSchema)]
pub struct PartnershipStatistics {
    /// How the partnerships are grouped.
    by: PartnershipsBy,
    /// The rule by which partnerships are counted.
    rule: Sentence,
    /// The total number of partnerships.
    pub(crate) total: u64,
    /// The numbers, by group.
    items: Vec<PartnershipCount>,
}

impl PartnershipStatistics {
    /// Counts the partnerships that the reader can see.
    ///
    /// Errors: 401, 403.
    pub(crate) async fn of(reader: &Reader<'_>, by: PartnershipsBy) -> Result<Self, Error> {
        let (total, counts) = reader.count_partnerships(by).await?;
        let items = counts.into_iter().map(|(key, partnerships)| {
            let label = match key.name {
                Some(name) => Label { de: name.clone(), en: name },
                None => by.key_label(&key.key).into(),
            };
            PartnershipCount { key: key.key, label, partnerships }
        });
        Ok(Self { by, rule: by.counting_rule().into(), total, items: items.collect() })
    }

    /// The names and numbers, the largest number first.
    pub(crate) fn ranked(&self, locale: Locale) -> Vec<(&str, u64)> {
        let mut all: Vec<_> =
            self.items.iter().map(|it| (it.label.in_locale(locale), it.partnerships)).collect();
        all.sort_by_key(|(name, number)| (u64::MAX - number, *name));
        all
    }

    /// The map of the world, for numbers by country.
    pub(crate) fn map(&self, locale: Locale) -> String {
        let countries =
            self.items.iter().filter_map(|it| Some((it.key.parse::<Country>().ok()?, it.partnerships)));
        let title = bilingual!("Partnerships around the world", "Partnerschaften in der Welt");
        let total = format_thousands(self.total);
        let all = total.in_locale(locale);
        let counted = bilingual!(
            "Partnerships by country ({all} in total)",
            "Partnerschaften nach Land; insgesamt {all}"
        );
        map(title.in_locale(locale), counted.in_locale(locale), &countries.collect::<Vec<_>>(), locale)
    }
}

impl Figures for PartnershipStatistics {
    const COLUMNS: &'static [(&'static str, Kind)] =
        &[KEY_COLUMNS[0], KEY_COLUMNS[1], KEY_COLUMNS[2], ("partnerships", Kind::Number)];

    type Item = PartnershipCount;

    fn items(&self) -> &[Self::Item] {
        &self.items
    }

    fn chart(&self, locale: Locale, size: Size) -> Result<String, Error> {
        let by = self.by;
        let labels = ChartLabels {
            title: by.title(),
            counted: bilingual!("Partnerships", "Partnerschaften"),
            axis: by.label(),
        };
        // Targets are known by their numbers, and their names are long.
        let numbered = |it: &PartnershipCount| match by {
            PartnershipsBy::SdgTarget if it.key != UNKNOWN => it.label.after(&it.key),
            _ => it.label.clone(),
        };
        let names: Vec<_> = self.items.iter().map(numbered).collect();
        let figures = self.items.iter().zip(&names).map(|(it, label)| Figure {
            key: &it.key,
            label,
            number: it.partnerships,
            position: by.fixed_position(&it.key),
        });
        let figures: Vec<_> = figures.collect();
        match by {
            PartnershipsBy::Year => by_year(labels, &figures, locale, size),
            _ => by_number(labels, figures, locale, size),
        }
    }
}

/// Count partnerships
///
/// Counts the partnerships that you may see by status, sector, country, programme, SDG target or year. Available as
/// JSON with the counting rule, as a table (`format=csv`), as a chart (`format=svg`), or, by country, as a map of the
/// world (`format=map`, also SVG); charts and maps are in German or English (`Accept-Language`).
#[utoipa::path(
    get,
    path = "/api/v1/statistics/partnerships",
    tag = "statistics",
    operation_id = "get_partnership_statistics",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
    responses((
        status = 200,
        description = "The statistics.",
        headers(("ETag" = String, description = "The entity tag.")),
        content(
            (PartnershipStatistics = "application/json", example = json!({
                "by": "status",
                "rule": {
                    "de": "Jede Partnerschaft zählt einmal, bei ihrem heutigen Status; `unknown`, wo ihn niemand kennt.",
                    "en": "Each partnership counts once, for its current status, or as `unknown` if that is unknown."
                },
                "total": 20,
                "items": [
                    { "key": "active", "label": { "de": "Aktiv", "en": "Active" }, "partnerships": 17 },
                    { "key": "unknown", "label": { "de": "Unbekannt", "en": "Unknown" }, "partnerships": 3 }
                ]
            })),
            (String = "text/csv", example = json!(
                "key,label.de,label.en,partnerships\r\nactive,Aktiv,Active,17\r\nunknown,Unbekannt,Unknown,3\r\n"
            )),
            (String = "image/svg+xml", example = "<svg xmlns=\"http://www.w3.org/2000/svg\">…</svg>")
        )
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 406, 500, 503]))),
    security((), ("bearer" = ["partnerships:read"]))
)]
pub async fn get_partnership_statistics(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require_read(Partnership::INFO)?;
    let PartnershipFigures { by, format: named } = parse_query(&context)?;
    let format = match named {
        Some(named) => named,
        None => match format(&context.request, None, FiguresFormat::ALL)? {
            FiguresFormat::Json => PartnershipFormat::Json,
            FiguresFormat::Csv => PartnershipFormat::Csv,
            FiguresFormat::Svg => PartnershipFormat::Svg,
        },
    };
    let default =
        if format == PartnershipFormat::Map { PartnershipsBy::Country } else { PartnershipsBy::Status };
    let by = by.unwrap_or(default);
    let format = match format {
        PartnershipFormat::Map if by != PartnershipsBy::Country => return Err(no_map(by).into()),
        PartnershipFormat::Map => {
            let figures = PartnershipStatistics::of(&context.read().await?, by).await?;
            return respond_svg(&context, |locale| Ok(figures.map(locale)));
        }
        PartnershipFormat::Json => FiguresFormat::Json,
        PartnershipFormat::Csv => FiguresFormat::Csv,
        PartnershipFormat::Svg => FiguresFormat::Svg,
    };
    respond(&context, format, async |reader| PartnershipStatistics::of(reader, by).await).await
}

fn no_map(by: PartnershipsBy) -> Error {
    let detail = bilingual!(
        "A map is only available by country: leave out `by={by}`, or use `format=svg`.",
        "Eine Karte gibt es nur von Ländern: Lassen Sie `by={by}` weg, oder fragen Sie nach `format=svg`."
    );
    Error::invalid_parameter("format", "not_mappable", detail)
}
