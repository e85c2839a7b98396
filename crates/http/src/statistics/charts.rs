//! Charts of statistics.

use vku_domain::bilingual;
use vku_domain::code_lists::Label;
use vku_domain::kernel::bilingual::{Bilingual, Locale};
use vku_domain::kernel::error::Error;
use vku_domain::statistics::UNKNOWN;

use crate::chart::{Chart, Size, bars, lines};

/// The texts on a chart.
pub(super) struct ChartLabels {
    /// The title of the chart.
    pub(super) title: Bilingual,
    /// What is counted.
    pub(super) counted: Bilingual,
    /// What it is grouped by.
    pub(super) axis: Bilingual,
}

/// A figure on a chart.
pub(super) struct Figure<'a> {
    /// The key.
    pub(super) key: &'a str,
    /// The name of the group.
    pub(super) label: &'a Label,
    /// The number.
    pub(super) number: u64,
    /// The position, if it does not follow from the number.
    pub(super) position: Option<usize>,
}

fn chart(labels: ChartLabels, locale: Locale, size: Size, counts: Vec<(String, u64)>) -> Chart {
    let text = |both: Bilingual| both.in_locale(locale).to_owned();
    Chart {
        title: text(labels.title),
        counted: text(labels.counted),
        by: text(labels.axis),
        counts,
        locale,
        size,
    }
}

/// Draws a bar for each figure, in the order of their positions, then the largest first; the unknown one comes last.
pub(super) fn by_number(
    labels: ChartLabels,
    mut figures: Vec<Figure<'_>>,
    locale: Locale,
    size: Size,
) -> Result<String, Error> {
    figures.sort_by_key(|it| (it.key == UNKNOWN, it.position.unwrap_or(usize::MAX), u64::MAX - it.number));
    let counts = figures.iter().map(|it| (it.label.in_locale(locale).to_owned(), it.number));
    let counts = counts.collect();
    bars(&chart(labels, locale, size, counts))
}

/// Draws a line through all years from the first to the last, including those without a figure; the axis states how
/// many are unknown.
pub(super) fn by_year(
    mut labels: ChartLabels,
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
        labels.axis = labels.axis.then(bilingual!(" (unknown: {unknown})", " (unbekannt: {unknown})"));
    }
    lines(&chart(labels, locale, size, counts))
}

/// Draws a line through the figures in their order.
pub(super) fn in_order(
    labels: ChartLabels,
    figures: &[Figure<'_>],
    locale: Locale,
    size: Size,
) -> Result<String, Error> {
    let counts = figures.iter().map(|it| (it.label.in_locale(locale).to_owned(), it.number)).collect();
    lines(&chart(labels, locale, size, counts))
}
