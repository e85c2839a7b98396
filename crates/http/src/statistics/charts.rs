//! From figures to charts.

use vku_domain::bilingual;
use vku_domain::code_lists::Label;
use vku_domain::kernel::bilingual::{Bilingual, Locale};
use vku_domain::kernel::error::Error;
use vku_domain::statistics::UNKNOWN;

use super::in_locale;
use crate::chart::{Chart, Size, bars, lines};

/// What is written on a chart.
pub(super) struct ChartLabels {
    /// What it is called.
    pub(super) title: Bilingual,
    /// What is counted.
    pub(super) counted: Bilingual,
    /// What it is counted by.
    pub(super) axis: Bilingual,
}

/// A figure on a chart.
pub(super) struct Figure<'a> {
    /// The key.
    pub(super) key: &'a str,
    /// What it is called.
    pub(super) label: &'a Label,
    /// The number.
    pub(super) number: u64,
    /// Where it stands, if that does not follow from the number.
    pub(super) place: Option<usize>,
}

fn chart(told: ChartLabels, locale: Locale, size: Size, counts: Vec<(String, u64)>) -> Chart {
    let text = |both: Bilingual| both.in_locale(locale).to_owned();
    Chart { title: text(told.title), counted: text(told.counted), by: text(told.axis), counts, locale, size }
}

/// A bar for each: by their places, then the largest first; what is unknown comes last.
pub(super) fn by_number(
    told: ChartLabels,
    mut figures: Vec<Figure<'_>>,
    locale: Locale,
    size: Size,
) -> Result<String, Error> {
    figures.sort_by_key(|it| (it.key == UNKNOWN, it.place.unwrap_or(usize::MAX), u64::MAX - it.number));
    let counts = figures.iter().map(|it| (in_locale(it.label, locale).to_owned(), it.number));
    let counts = counts.collect();
    bars(&chart(told, locale, size, counts))
}

/// A line through the years, also those in which there was nothing; that some are unknown is said at the axis.
pub(super) fn by_year(
    mut told: ChartLabels,
    figures: &[Figure<'_>],
    locale: Locale,
    size: Size,
) -> Result<String, Error> {
    let known = || figures.iter().filter_map(|it| Some((it.key.parse::<u16>().ok()?, it.number)));
    let (first, last) = (known().map(|(year, _)| year).min(), known().map(|(year, _)| year).max());
    let years = first.zip(last).into_iter().flat_map(|(first, last)| first..=last);
    let of = |year: u16| known().filter(|(it, _)| *it == year).map(|(_, number)| number).sum();
    let counts = years.map(|year| (format!("{year:04}"), of(year))).collect();
    if let Some(unknown) = figures.iter().find(|it| it.key == UNKNOWN).map(|it| it.number) {
        told.axis = told.axis.then(bilingual!(" (unknown: {unknown})", " (unbekannt: {unknown})"));
    }
    lines(&chart(told, locale, size, counts))
}

/// A line through what comes one after the other.
pub(super) fn in_order(
    told: ChartLabels,
    figures: &[Figure<'_>],
    locale: Locale,
    size: Size,
) -> Result<String, Error> {
    let counts = figures.iter().map(|it| (in_locale(it.label, locale).to_owned(), it.number)).collect();
    lines(&chart(told, locale, size, counts))
}
