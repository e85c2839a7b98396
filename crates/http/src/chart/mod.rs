//! Charts and a map of the world, as SVG: self-contained, and with a text alternative for screen readers.

mod bars;
mod label_placement;
mod lines;
mod map;

#[cfg(test)]
mod tests;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::{Locale, format_thousands};
use vku_domain::kernel::error::Error;

pub use bars::bars;
pub use lines::lines;
pub use map::map;

use crate::kernel::html::escape;

/// The content of a chart, in the language of the reader.
#[derive(Clone, Debug)]
pub struct Chart {
    /// The title.
    pub title: String,
    /// What is counted: the title of the axis of numbers.
    pub counted: String,
    /// What it is grouped by: the title of the other axis.
    pub by: String,
    /// The names and counts, in their order.
    pub counts: Vec<(String, u64)>,
    /// The language of numbers.
    pub locale: Locale,
    /// The size.
    pub size: Size,
}

/// The size of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// On its own, with its title on it.
    Full,
    /// On a page that has the title, as narrow as a phone; the text alternative has the title nevertheless.
    Small,
}

impl Size {
    const fn width(self) -> i32 {
        match self {
            Self::Full => 800,
            Self::Small => 400,
        }
    }

    /// The maximum width of names.
    const fn names(self) -> i32 {
        self.width() * 2 / 5
    }
}

const COLOUR: RGBColor = RGBColor(11, 95, 165);
const TEXT_COLOUR: RGBColor = RGBColor(31, 41, 51);
const GRID_COLOUR: RGBColor = RGBColor(220, 226, 232);
/// The margin, in pixels.
const MARGIN: i32 = 14;

/// The font, which is available everywhere.
const FONT: &str = "sans-serif";
/// The font sizes of texts and of the title.
const FONT_SIZE: i32 = 17;
const TITLE_SIZE: i32 = 24;

/// The text alternative: all names and numbers.
fn alt_text(counted: &str, counts: &[(String, u64)], locale: Locale) -> String {
    let each = counts.iter().map(|(name, count)| format!("{name}: {}", format_number(*count, locale)));
    let all = each.collect::<Vec<_>>().join("; ");
    format!("{counted}. {all}.")
}

/// Formats a number in the language.
fn format_number(number: u64, locale: Locale) -> String {
    format_thousands(number).in_locale(locale).to_owned()
}

/// The approximate width of a text, in pixels.
fn width(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX).saturating_mul(FONT_SIZE / 2)
}

/// Shortens the text to fit into a number of pixels.
fn truncate(text: &str, pixels: i32) -> String {
    if width(text) <= pixels {
        return text.to_owned();
    }
    let letters = usize::try_from(pixels / (FONT_SIZE / 2)).unwrap_or_default();
    text.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

/// Wraps the text into one or two lines of a number of pixels.
fn wrap(text: &str, pixels: i32) -> Vec<String> {
    let mut first = String::new();
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next_if(|word| width(&first) + width(word) < pixels) {
        if !first.is_empty() {
            first.push(' ');
        }
        first.push_str(word);
    }
    let rest = words.collect::<Vec<_>>().join(" ");
    let lines = [first, truncate(&rest, pixels)];
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

/// The style of text of a size, positioned by its upper left corner.
fn text_style(size: i32) -> TextStyle<'static> {
    (FONT, size).into_font().color(&TEXT_COLOUR)
}

/// The text on a chart without data.
fn no_data(chart: &Chart, at: (i32, i32)) -> Text<'static, (i32, i32), String> {
    let text = bilingual!("No data yet", "Noch nichts zu zeigen");
    let style = text_style(FONT_SIZE).pos(Pos::new(HPos::Center, VPos::Center));
    Text::new(text.in_locale(chart.locale).to_owned(), at, style)
}

/// The largest number, at least one.
fn largest(counts: &[(String, u64)]) -> u64 {
    counts.iter().map(|(_, count)| *count).max().unwrap_or_default().max(1)
}

/// The distance between the ticks of an axis with about that many ticks: 1, 2 or 5 times a power of ten.
fn tick_step(max: u64, ticks: u64) -> u64 {
    let distance = (max / ticks).max(1);
    let ten = 10_u64.saturating_pow(distance.ilog10());
    [1, 2, 5]
        .into_iter()
        .map(|times| ten * times)
        .find(|step| *step >= distance)
        .unwrap_or(ten.saturating_mul(10))
}

/// The position of a number on an axis from zero to the largest number.
fn scale(number: u64, max: u64, (from, to): (i32, i32)) -> i32 {
    let way = i128::from(to - from) * i128::from(number) / i128::from(max.max(1));
    from + i32::try_from(way).unwrap_or_default()
}

/// Turns the drawing into an image with a name and a description for screen readers.
fn image(drawing: &str, title: &str, about: &str) -> Result<String, Error> {
    let opened = drawing.strip_prefix("<svg ").and_then(|rest| rest.split_once('>'));
    let (attributes, inside) = opened.ok_or_else(|| Error::internal("a drawing that is not SVG"))?;
    let (title, about) = (escape(title), escape(about));
    Ok(format!(
        "<svg role=\"img\" aria-label=\"{title}\" {attributes}>\n<title>{title}</title>\n<desc>{about}</desc>{inside}"
    ))
}

/// The error of a failed drawing, which should not happen in memory.
fn drawing_error(error: impl std::fmt::Display) -> Error {
    Error::internal(error.to_string())
}
