//! The formats of lists.

use vku_persistence::any_table::AnyTable;

vku_domain::string_enum! {
    /// A representation of a list.
    Format in "formats" {
        /// one page, as `application/json`
        Json = "json" ("JSON", "JSON": "eine Seite, als `application/json`"),
        /// all rows, as `text/csv` (RFC 4180, UTF-8, with a header)
        Csv = "csv" ("CSV", "CSV": "alle Zeilen, als `text/csv` (RFC 4180, UTF-8, mit Kopfzeile)"),
        /// all rows, with one JSON object per line, as `application/x-ndjson`
        Ndjson = "ndjson" ("NDJSON", "NDJSON":
            "alle Zeilen, mit je einem JSON-Objekt, als `application/x-ndjson`"),
        /// all rows, as a worksheet for Excel and other programs
        Xlsx = "xlsx" ("Excel (XLSX)", "Excel (XLSX)":
            "alle Zeilen, als Arbeitsblatt für Excel und andere Programme"),
        /// all rows, as a table with typed columns for programs that analyse data, as `application/vnd.apache.parquet`
        Parquet = "parquet" ("Parquet", "Parquet":
            "alle Zeilen, als Tabelle mit typisierten Spalten für Analyseprogramme, als `application/vnd.apache.parquet`"),
        /// all rows with their locations, as `application/geo+json` (RFC 7946)
        Geojson = "geojson" ("GeoJSON", "GeoJSON":
            "alle Zeilen mit ihren Orten, als `application/geo+json` (RFC 7946)"),
        /// all rows as IATI 2.03 activities, as `application/xml`; partnerships without a known start or country are omitted
        /// and named in a comment at the end. An API key needs the scopes for reading partnerships, funding programmes,
        /// organisations and working areas
        Iati = "iati" ("IATI (XML)", "IATI (XML)":
            "alle Zeilen als Aktivitäten nach IATI 2.03, als `application/xml`; Partnerschaften, deren \
             Beginn oder Land nicht bekannt ist, fehlen und stehen in einem Kommentar am Ende. Ein \
             API-Schlüssel braucht die Scopes, mit denen man Partnerschaften, Förderprogramme, Organisationen \
             und Arbeitsfelder liest"),
        /// all rows as events, as `text/calendar` (RFC 5545)
        Ics = "ics" ("Calendar (iCalendar)", "Kalender (iCalendar)":
            "alle Zeilen als Termine, als `text/calendar` (RFC 5545)"),
    }
}

impl Format {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Geojson => "application/geo+json",
            Self::Iati => "application/xml",
            Self::Ics => "text/calendar; charset=utf-8",
        }
    }

    /// Whether a row can contain another resource (`expand`).
    pub const fn nests(self) -> bool {
        matches!(self, Self::Json | Self::Ndjson | Self::Geojson)
    }

    /// The file name extension.
    pub const fn end_of_day(self) -> &'static str {
        match self {
            Self::Iati => "xml",
            _ => self.as_str(),
        }
    }

    /// Whether a row has the columns of a table.
    pub const fn has_columns(self) -> bool {
        matches!(self, Self::Csv | Self::Xlsx | Self::Parquet)
    }

    /// Whether the client can select the fields of a row (`fields`).
    pub const fn is_chosen_from(self) -> bool {
        !matches!(self, Self::Iati | Self::Ics)
    }

    /// The formats of a list without locations, events and activities.
    pub const PLAIN: &[Self] = &[Self::Json, Self::Csv, Self::Ndjson, Self::Xlsx, Self::Parquet];

    /// The formats in which a list is available: GeoJSON only with locations, IATI only for activities, iCalendar
    /// only for events.
    pub fn of(table: &'static AnyTable) -> Vec<Self> {
        let info = table.info();
        let fits = |format: &Self| match format {
            Self::Geojson => info.has_places,
            Self::Iati => info.is_activity,
            Self::Ics => info.has_events,
            _ => true,
        };
        Self::ALL.iter().copied().filter(fits).collect()
    }

    /// The media type without its parameters.
    pub fn essence(self) -> &'static str {
        self.media_type().split(';').next().unwrap_or_default()
    }
}
