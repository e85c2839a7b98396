//! The formats of files that can be imported, and how they are recognised.

use std::path::Path;

vku_domain::string_enum! {
    /// The format of an import file.
    ImportFormat in "import-formats" {
        /// `text/csv`, with a header; separated by commas, semicolons (as in German versions of Excel), tabs or
        /// vertical bars; in UTF-8, UTF-16, Windows-1252 or the encoding in `charset`
        Csv = "csv" ("CSV", "CSV":
            "`text/csv` mit Kopfzeile; getrennt durch Kommas, Semikolons (wie in deutschem Excel), \
             Tabulatoren oder senkrechte Striche; in UTF-8, UTF-16, Windows-1252 oder der Kodierung in \
             `charset`"),
        /// an Excel workbook: the only visible sheet that contains data, or the one named by `sheet`; the first row that
        /// is not empty is the header
        Xlsx = "xlsx" ("Excel (XLSX)", "Excel (XLSX)":
            "eine Excel-Mappe: das einzige sichtbare Blatt mit Daten, oder das in `sheet` genannte; die \
             erste nicht leere Zeile ist die Kopfzeile"),
        /// `application/x-ndjson`: one object per line
        Ndjson = "ndjson" ("NDJSON", "NDJSON": "`application/x-ndjson`: je Zeile ein Objekt"),
        /// `application/json`: an array of objects, or a list as returned by `GET` (`{"items": […]}`)
        Json = "json" ("JSON", "JSON":
            "`application/json`: ein Array von Objekten, oder eine Liste, wie `GET` sie liefert \
             (`{\"items\": […]}`)"),
    }
}

/// The media type of Excel workbooks.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

impl ImportFormat {
    /// The media types that can be sent.
    pub const MEDIA: &'static [(&'static str, Self)] = &[
        ("application/json", Self::Json),
        ("application/x-ndjson", Self::Ndjson),
        ("application/ndjson", Self::Ndjson),
        ("text/csv", Self::Csv),
        ("text/tab-separated-values", Self::Csv),
        (XLSX, Self::Xlsx),
    ];

    /// The format of a media type.
    pub fn of_media(essence: &str) -> Option<Self> {
        Self::MEDIA.iter().find(|(media, _)| *media == essence).map(|(_, format)| *format)
    }

    /// The format of a file, by its file name extension.
    pub fn of_name(name: &str) -> Option<Self> {
        let extension = Path::new(name).extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "jsonl" => Some(Self::Ndjson),
            "txt" | "tsv" | "tab" => Some(Self::Csv),
            other => other.parse().ok(),
        }
    }
}
