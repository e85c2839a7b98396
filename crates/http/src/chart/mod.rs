//! Charts and a map of the world, as SVG: legible as they are, told in words for whoever does not see them, and with
//! nothing in them that is loaded from elsewhere.

mod bars;
mod lines;
mod map;
#[cfg(test)]
mod tests;

use vku_domain::kernel::error::Error;
use vku_domain::kernel::text::{Tongue, spelled};

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
    pub tongue: Tongue,
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
    const fn width(self) -> u32 {
        match self {
            Self::Whole => 800,
            Self::Small => 400,
        }
    }

    /// The height of the title.
    const fn title(self) -> u32 {
        match self {
            Self::Whole => 36,
            Self::Small => 0,
        }
    }

    /// The most that names take of the width.
    const fn names(self) -> u32 {
        self.width() * 2 / 5
    }
}

/// The font, which everybody has.
const FONT: &str = "sans-serif";
/// How large letters are, and those of the title.
const LETTERS: u32 = 14;
const TITLE: u32 = 20;

/// The longest that an axis is: whoever draws it multiplies its ticks by ten.
const LARGEST: u64 = 1_000_000_000_000_000_000;

/// All numbers in words.
fn told(counted: &str, counts: &[(String, u64)], tongue: Tongue) -> String {
    let each = counts.iter().map(|(name, count)| format!("{name}: {}", written(*count, tongue)));
    let all = each.collect::<Vec<_>>().join("; ");
    format!("{counted}. {all}.")
}

/// A number as it is written in the language.
fn written(number: u64, tongue: Tongue) -> String {
    spelled(number).in_tongue(tongue).to_owned()
}

/// How many pixels a text is wide, at most.
fn width(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX).saturating_mul(LETTERS * 6 / 10)
}

/// The text, shortened to what fits into so many pixels.
fn fitted(text: &str, pixels: u32) -> String {
    if width(text) <= pixels {
        return text.to_owned();
    }
    let letters = usize::try_from(pixels / (LETTERS * 6 / 10)).unwrap_or_default();
    text.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

/// The upper end of an axis: there is room above the largest.
fn top(counts: &[(String, u64)]) -> u64 {
    let largest = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    largest.saturating_add(largest.div_ceil(8)).clamp(1, LARGEST)
}

/// Text in XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The drawing as an image with a name and a description: whatever reads a page aloud reads them.
fn image(drawing: &str, title: &str, about: &str) -> Result<String, Error> {
    let begun = drawing.strip_prefix("<svg ").and_then(|rest| rest.split_once('>'));
    let (attributes, inside) = begun.ok_or_else(|| Error::internal("a drawing that is no SVG"))?;
    let (title, about) = (escaped(title), escaped(about));
    Ok(format!(
        "<svg role=\"img\" aria-label=\"{title}\" {attributes}>\n<title>{title}</title>\n<desc>{about}</desc>{inside}"
    ))
}

/// What went wrong while drawing: nothing should, in memory.
fn undrawn(error: impl std::fmt::Display) -> Error {
    Error::internal(error.to_string())
}
