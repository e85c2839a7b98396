//! Which columns an export has.

crate::string_enum! {
    /// The columns of CSV and XLSX files.
    ColumnSet in "column-sets" {
        /// the columns of an import, and a few derived fields for information
        Import = "import" ("For imports", "Für Importe":
            "die Spalten eines Imports, und zur Information einige abgeleitete Felder"),
        /// all columns, for analyses: also ids, times, the version, all derived fields, and of each date that may be a
        /// year or a month, its first day (`start_earliest`), its last day (`start_latest`) and its year (`start_year`)
        All = "all" ("All", "Alle":
            "alle Spalten, für Auswertungen: auch IDs, Zeiten, die Version, alle abgeleiteten Felder und zu jedem Datum, \
             das ein Jahr oder ein Monat sein kann, sein erster Tag, sein letzter Tag und sein Jahr"),
    }
}
