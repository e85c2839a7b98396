//! Statistics: what is counted or added up, the counting rules, and the labels.

mod funding;
mod members;
mod partnerships;
mod sessions;

pub use funding::{FundingBy, FundingFigures};
pub use members::{Growth, MemberFigures, MembersBy, growth};
pub use partnerships::{PartnershipFigures, PartnershipFiguresFormat, PartnershipsBy};
pub use sessions::{SessionFigures, SessionsBy};

use std::str::FromStr;

use crate::code_lists::List;
use crate::kernel::bilingual::Bilingual;
use crate::kernel::vocabulary::{same_in_both, unknown};

crate::string_enum! {
    /// A representation of statistics.
    FiguresFormat in "statistics-formats" {
        /// as JSON, with the counting rule
        Json = "json" ("JSON", "JSON": "mit der Zählregel"),
        /// as a table (RFC 4180)
        Csv = "csv" ("Table (CSV)", "Tabelle (CSV)"),
        /// as a chart, in German or English (`Accept-Language`)
        Svg = "svg" ("Chart (SVG)", "Diagramm (SVG)": "auf Deutsch oder Englisch (`Accept-Language`)"),
    }
}

/// The key for unknown values.
pub const UNKNOWN: &str = "unknown";

/// Returns the label of a key that is a value of an enumeration.
fn value_label<T: FromStr>(key: &str, label: fn(T) -> Bilingual) -> Bilingual {
    key.parse().map_or_else(|_| text_label(key), label)
}

/// Returns the label of a key that is a code in a code list.
fn code_label(list: &List, key: &str) -> Bilingual {
    list.label(key).map_or_else(|| text_label(key), Bilingual::from)
}

/// Returns the label of a key that labels itself.
fn text_label(key: &str) -> Bilingual {
    if key == UNKNOWN { unknown() } else { same_in_both(key) }
}
