//! What is exact of a date of which only the year or the month may be known.

use chrono::Datelike;
use serde_json::Value;

use super::cell::Cell;
use crate::kernel::value::PartialDate;

/// A part of a partial date, which has a column of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatePart {
    /// The first day of the period.
    Earliest,
    /// The last day of the period.
    Latest,
    /// The year.
    Year,
}

impl DatePart {
    /// All parts, in the order of their columns.
    pub(super) const ALL: [Self; 3] = [Self::Earliest, Self::Latest, Self::Year];

    /// The end of the name of the column.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Earliest => "_earliest",
            Self::Latest => "_latest",
            Self::Year => "_year",
        }
    }

    /// What the German heading has in parentheses.
    pub(super) const fn heading(self) -> &'static str {
        match self {
            Self::Earliest => "frühestens",
            Self::Latest => "spätestens",
            Self::Year => "Jahr",
        }
    }

    /// Returns the cell for a date; empty if it is none.
    pub(super) fn cell(self, value: &Value) -> Cell {
        let date = value.as_str().and_then(|text| text.parse::<PartialDate>().ok());
        date.map_or(Cell::Empty, |date| match self {
            Self::Earliest => Cell::Date(date.first_day()),
            Self::Latest => Cell::Date(date.last_day()),
            Self::Year => Cell::Number(date.first_day().year().to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Column, CsvDialect, Kind};

    #[test]
    fn the_parts_of_a_year_a_month_and_a_day() {
        let column = Column::new("start", Kind::PartialDate);
        let names: Vec<_> = column.date_parts().map(|part| part.name).collect();
        assert_eq!(names, ["start_earliest", "start_latest", "start_year"]);
        for (date, expected) in [
            (json!({ "start": "2024" }), ["2024-01-01", "2024-12-31", "2024"]),
            (json!({ "start": "2024-02" }), ["2024-02-01", "2024-02-29", "2024"]),
            (json!({ "start": "2024-05-14" }), ["2024-05-14", "2024-05-14", "2024"]),
            (json!({}), [""; 3]),
        ] {
            let cells = column.date_parts().map(|part| part.of(&date).write(CsvDialect::ExcelDe));
            assert_eq!(cells.collect::<Vec<_>>(), expected);
        }
        let headings: Vec<_> = column.date_parts().map(|part| part.heading()).collect();
        assert_eq!(headings, ["Beginn (frühestens)", "Beginn (spätestens)", "Beginn (Jahr)"]);
        assert_eq!(Column::new("joined_on", Kind::Date).date_parts().count(), 0);
    }
}
