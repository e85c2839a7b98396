//! The dialects of CSV: RFC 4180, and the one that German versions of Excel read and write.

crate::string_enum! {
    /// A dialect of CSV.
    CsvDialect in "csv-dialects" {
        /// RFC 4180: separated by commas, with decimal points and a header row of JSON field names
        Rfc4180 = "rfc4180" ("Standard (RFC 4180)", "Standard (RFC 4180)":
            "mit Kommas getrennt, mit Dezimalpunkt und den Feldnamen der JSON-Daten als Kopfzeile"),
        /// for German versions of Excel: separated by semicolons, with a byte order mark, decimal commas and German
        /// headings
        ExcelDe = "excel_de" ("German Excel", "Deutsches Excel":
            "für deutsches Excel: mit Semikolons getrennt, mit Byte Order Mark, Dezimalkomma und deutschen \
             Überschriften"),
    }
}

impl CsvDialect {
    /// Returns the separator between two cells.
    pub const fn separator(self) -> u8 {
        match self {
            Self::Rfc4180 => b',',
            Self::ExcelDe => b';',
        }
    }

    /// Returns the byte order mark at the start of the file.
    pub const fn byte_order_mark(self) -> &'static str {
        match self {
            Self::Rfc4180 => "",
            Self::ExcelDe => "\u{feff}",
        }
    }
}
