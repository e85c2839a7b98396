//! Charts and a map of the world, as SVG: legible as they are, told in words for whoever does not see them, and with
//! nothing in them that is loaded from elsewhere.

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

/// What a chart shows, in the language of whoever looks at it.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it is called.
    pub title: String,
    /// What is counted: the title of the axis of numbers.
    pub counted: String,
    /// What it is counted by: the title of the other axis.
    pub by: String,
    /// What each is called, and how many there are, in their order.
    pub counts: Vec<(String, u64)>,
    /// The language that numbers are written in.
    pub locale: Locale,
    /// How large it is.
    pub size: Size,
}

/// How large a chart is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// For itself, with its title on it.
    Whole,
    /// On a page that says what it is, as narrow as a phone; what is read aloud has the title nevertheless.
    Small,
}

impl Size {
    const fn width(self) -> i32 {
        match self {
            Self::Whole => 800,
            Self::Small => 400,
        }
    }

    /// The most that names take of the width.
    const fn names(self) -> i32 {
        self.width() * 2 / 5
    }
}

const COLOUR: RGBColor = RGBColor(11, 95, 165);
const INK: RGBColor = RGBColor(31, 41, 51);
const PALE: RGBColor = RGBColor(220, 226, 232);
/// What stays free at the edges.
const EDGE: i32 = 14;

/// The font, which everybody has.
const FONT: &str = "sans-serif";
/// How large letters are, and those of the title.
const LETTERS: i32 = 17;
const TITLE: i32 = 24;

/// All numbers in words.
fn alt_text(counted: &str, counts: &[(String, u64)], locale: Locale) -> String {
    let each = counts.iter().map(|(name, count)| format!("{name}: {}", written(*count, locale)));
    let all = each.collect::<Vec<_>>().join("; ");
    format!("{counted}. {all}.")
}

/// A number as it is written in the language.
fn written(number: u64, locale: Locale) -> String {
    format_thousands(number).in_locale(locale).to_owned()
}

/// How many pixels a text is wide, more or less.
fn width(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX).saturating_mul(LETTERS / 2)
}

/// The text, shortened to what fits into so many pixels.
fn fitted(text: &str, pixels: i32) -> String {
    if width(text) <= pixels {
        return text.to_owned();
    }
    let letters = usize::try_from(pixels / (LETTERS / 2)).unwrap_or_default();
    text.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

/// The text in one line or two of so many pixels.
fn wrapped(text: &str, pixels: i32) -> Vec<String> {
    let mut first = String::new();
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next_if(|word| width(&first) + width(word) < pixels) {
        if !first.is_empty() {
            first.push(' ');
        }
        first.push_str(word);
    }
    let rest = words.collect::<Vec<_>>().join(" ");
    let lines = [first, fitted(&rest, pixels)];
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

/// Letters of a size, from their upper left corner on.
fn letters(size: i32) -> TextStyle<'static> {
    (FONT, size).into_font().color(&INK)
}

/// What stands where there is nothing to draw.
fn nothing(chart: &Chart, at: (i32, i32)) -> Text<'static, (i32, i32), String> {
    let text = bilingual!("No data yet", "Noch nichts zu zeigen");
    let style = letters(LETTERS).pos(Pos::new(HPos::Center, VPos::Center));
    Text::new(text.in_locale(chart.locale).to_owned(), at, style)
}

/// The largest number, and no less than one.
fn largest(counts: &[(String, u64)]) -> u64 {
    counts.iter().map(|(_, count)| *count).max().unwrap_or_default().max(1)
}

/// How far apart the ticks of an axis are, of which there are so many, more or less: 1, 2 or 5 of something.
fn step(most: u64, ticks: u64) -> u64 {
    let wanted = (most / ticks).max(1);
    let ten = 10_u64.saturating_pow(wanted.ilog10());
    [1, 2, 5]
        .into_iter()
        .map(|times| ten * times)
        .find(|step| *step >= wanted)
        .unwrap_or(ten.saturating_mul(10))
}

/// Where a number is on an axis from nothing to the most.
fn share(number: u64, most: u64, (from, to): (i32, i32)) -> i32 {
    let way = i128::from(to - from) * i128::from(number) / i128::from(most.max(1));
    from + i32::try_from(way).unwrap_or_default()
}

/// Text in XML.
fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The drawing as an image with a name and a description: whatever reads a page aloud reads them.
fn image(drawing: &str, title: &str, about: &str) -> Result<String, Error> {
    let begun = drawing.strip_prefix("<svg ").and_then(|rest| rest.split_once('>'));
    let (attributes, inside) = begun.ok_or_else(|| Error::internal("a drawing that is no SVG"))?;
    let (title, about) = (escape_html(title), escape_html(about));
    Ok(format!(
        "<svg role=\"img\" aria-label=\"{title}\" {attributes}>\n<title>{title}</title>\n<desc>{about}</desc>{inside}"
    ))
}

/// What went wrong while drawing: nothing should, in memory.
fn drawing_error(error: impl std::fmt::Display) -> Error {
    Error::internal(error.to_string())
}
