//! Statistics of funding: sums of amounts.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::bilingual;
use vku_domain::code_lists::Label;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::tabular::Kind;
use vku_domain::kernel::value::Currency;
use vku_domain::matching::Sentence;
use vku_domain::partnership::Partnership;
use vku_domain::statistics::{FundingBy, FundingFigures};
use vku_persistence::kernel::transaction::Reader;
use vku_persistence::statistics::{Key, Sum};

use super::charts::{ChartLabels, Figure, by_number, by_year};
use super::{Figures, KEY_COLUMNS, negotiate, parse_query};
use crate::chart::Size;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;

/// A sum of money.
#[derive(Serialize, ToSchema)]
pub struct FundingSum {
    /// The kind, the slug or the year; `unknown` if unknown.
    key: String,
    /// The name of the group.
    label: Label,
    /// The sum, with all decimals of the currency.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$")]
    amount: String,
    /// The currency.
    currency: Currency,
    /// The number of funding phases in the sum.
    phases: u64,
}

/// Funding statistics.
#[derive(Serialize, ToSchema)]
pub struct FundingStatistics {
    /// How the sums are grouped.
    by: FundingBy,
    /// The rule by which amounts are counted.
    rule: Sentence,
    /// The sums, by group and currency.
    items: Vec<FundingSum>,
}

impl FundingStatistics {
    async fn of(reader: &Reader<'_>, by: FundingBy, currency: Option<&Currency>) -> Result<Self, Error> {
        let sums = reader.sum_funding(by, currency).await?;
        let items = sums.into_iter().map(|(Key { key, name }, Sum { minor, currency, phases })| {
            let label = match name {
                Some(name) => Label { de: name.clone(), en: name },
                None => by.key_label(&key).into(),
            };
            FundingSum { key, label, amount: decimal(minor, currency.decimals()), currency, phases }
        });
        Ok(Self { by, rule: by.counting_rule().into(), items: items.collect() })
    }

    /// The currency with the most funding phases.
    fn main_currency(&self) -> Option<&Currency> {
        let mut phases: BTreeMap<&Currency, u64> = BTreeMap::new();
        for it in &self.items {
            *phases.entry(&it.currency).or_default() += it.phases;
        }
        phases
            .into_iter()
            .max_by_key(|(currency, phases)| (*phases, std::cmp::Reverse(*currency)))
            .map(|it| it.0)
    }
}

impl Figures for FundingStatistics {
    const COLUMNS: &'static [(&'static str, Kind)] = &[
        KEY_COLUMNS[0],
        KEY_COLUMNS[1],
        KEY_COLUMNS[2],
        ("amount", Kind::Decimal),
        ("currency", Kind::Text),
        ("phases", Kind::Number),
    ];

    type Item = FundingSum;

    fn items(&self) -> &[Self::Item] {
        &self.items
    }

    fn chart(&self, locale: Locale, size: Size) -> Result<String, Error> {
        let currency = self.main_currency();
        let counted = match currency {
            Some(currency) => bilingual!("Amount in {currency}", "Betrag in {currency}"),
            None => bilingual!("Amount", "Betrag"),
        };
        // A chart has one axis, and so one currency; it says which others it leaves out.
        let others: BTreeSet<_> = self.items.iter().map(|it| it.currency.as_str()).collect();
        let others: Vec<_> =
            others.into_iter().filter(|it| currency.is_some_and(|one| one.as_str() != *it)).collect();
        let others = others.join(", ");
        let counted = match others.as_str() {
            "" => counted,
            _ => counted.then(bilingual!(", without {others}", ", ohne {others}")),
        };
        let labels = ChartLabels { title: self.by.title(), counted, axis: self.by.label() };
        let items = self.items.iter().filter(|it| Some(&it.currency) == currency);
        let integer_part =
            |amount: &str| amount.split('.').next().and_then(|integer_part| integer_part.parse().ok());
        let figures = items.map(|it| Figure {
            key: &it.key,
            label: &it.label,
            number: integer_part(&it.amount).unwrap_or(u64::MAX),
            position: None,
        });
        let figures: Vec<_> = figures.collect();
        match self.by {
            FundingBy::Year => by_year(labels, &figures, locale, size),
            FundingBy::Programme | FundingBy::Kind => by_number(labels, figures, locale, size),
        }
    }
}

/// Add up funding
///
/// Adds up the published amounts of funding phases by programme, kind or year, for the partnerships that you may see,
/// with one sum for each currency. Available as JSON with the counting rule, as a table (`format=csv`), or as a chart
/// of one currency (`format=svg`) in German or English (`Accept-Language`).
#[utoipa::path(
    get,
    path = "/api/v1/statistics/funding",
    tag = "statistics",
    operation_id = "get_funding_statistics",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
    responses((
        status = 200,
        description = "The sums.",
        headers(("ETag" = String, description = "The entity tag.")),
        content(
            (FundingStatistics = "application/json", example = json!({
                "by": "kind",
                "rule": {
                    "de": "Jede Phase mit veröffentlichtem Betrag zählt bei ihrer Art. Währungen werden nie vermischt.",
                    "en": "Each funding phase with a published amount counts for its kind. Each currency is added up \
                        separately."
                },
                "items": [{
                    "key": "grant",
                    "label": { "de": "Zuschuss", "en": "Grant" },
                    "amount": "1250000.00",
                    "currency": "EUR",
                    "phases": 9
                }]
            })),
            (String = "text/csv", example = json!(
                "key,label.de,label.en,amount,currency,phases\r\ngrant,Zuschuss,Grant,1250000.00,EUR,9\r\n"
            )),
            (String = "image/svg+xml", example = "<svg xmlns=\"http://www.w3.org/2000/svg\">…</svg>")
        )
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 406, 500, 503]))),
    security((), ("bearer" = ["partnerships:read"]))
)]
pub async fn get_funding_statistics(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require_read(Partnership::INFO)?;
    let FundingFigures { by, currency, format } = parse_query(&context)?;
    let by = by.unwrap_or(FundingBy::Programme);
    negotiate(&context, format, async |reader| FundingStatistics::of(reader, by, currency.as_ref()).await)
        .await
}

/// Formats a sum with all decimals of the currency.
fn decimal(minor: u128, decimals: u32) -> String {
    let one = 10_u128.pow(decimals);
    match usize::try_from(decimals) {
        Ok(width @ 1..) => format!("{}.{:0width$}", minor / one, minor % one),
        _ => minor.to_string(),
    }
}
