//! Statistics: what is counted or added up, the counting rules, and the labels.

mod funding;
mod labels;
mod members;
mod partnerships;
mod sessions;

pub use funding::{FundingBy, FundingFigures};
pub use members::{Growth, MemberFigures, MembersBy, growth};
pub use partnerships::{PartnershipFigures, PartnershipFiguresFormat, PartnershipsBy};
pub use sessions::{SessionFigures, SessionsBy};

crate::string_enum! {
    /// A representation of statistics.
    FiguresFormat {
        /// as JSON, with the counting rule
        Json = "json",
        /// as a table (RFC 4180)
        Csv = "csv",
        /// as a chart, in German or English (`Accept-Language`)
        Svg = "svg",
    }
}

/// The key for unknown values.
pub const UNKNOWN: &str = "unknown";
