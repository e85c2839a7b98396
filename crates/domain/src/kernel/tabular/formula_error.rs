//! The error values that a spreadsheet writes instead of a value that it does not have or cannot display.

use crate::bilingual;
use crate::kernel::violation::FieldError;

/// Error values in the languages of the offices that send files (English, German, French, Spanish, Polish, Ukrainian
/// and Russian), and those of LibreOffice and Google Sheets.
const ERRORS: &[&str] = &[
    "#BEZUG!",
    "#BESCHÄFTIGT!",
    "#BLOCKED!",
    "#BLOCKIERT!",
    "#BUSY!",
    "#CALC!",
    "#CONNECT!",
    "#DATEN_ABRUFEN",
    "#DATA!",
    "#DIV/0!",
    "#ERROR!",
    "#EXTERNAL!",
    "#FELD!",
    "#FIELD!",
    "#GETTING_DATA",
    "#KALK!",
    "#N/A",
    "#N/A N/A",
    "#N/B",
    "#N/V",
    "#NA",
    "#NAME!",
    "#NAME?",
    "#NULL!",
    "#NUM!",
    "#NV",
    "#PYTHON!",
    "#REF!",
    "#SPILL!",
    "#UNBEKANNT!",
    "#UNKNOWN!",
    "#VALUE!",
    "#VERBINDEN!",
    "#WERT!",
    "#ZAHL!",
    "#ÜBERLAUF!",
    // French, Spanish, Polish
    "#NOM?",
    "#NOMBRE!",
    "#NUL!",
    "#VALEUR!",
    "#¡DIV/0!",
    "#¡NULO!",
    "#¡NUM!",
    "#¡REF!",
    "#¡VALOR!",
    "#¿NOMBRE?",
    "#ADR!",
    "#ARG!",
    "#DZIEL/0!",
    "#LICZBA!",
    "#N/D",
    "#N/D!",
    "#NAZWA?",
    "#ZERO!",
    // Ukrainian, Russian
    "#ДІЛ/0!",
    "#ДЕЛ/0!",
    "#ЗНАЧ!",
    "#ІМ'Я?",
    "#ИМЯ?",
    "#Н/Д",
    "#ПОСИЛАННЯ!",
    "#ПУСТО!",
    "#ССЫЛКА!",
    "#ЧИСЛО!",
];

/// Returns whether the cell is a numbered error of LibreOffice, such as `Err:502`.
fn is_numbered(cell: &str) -> bool {
    let number = ["err:", "fehler:"].iter().find_map(|word| {
        let head = cell.get(..word.len())?;
        head.eq_ignore_ascii_case(word).then(|| cell.get(word.len()..).unwrap_or_default())
    });
    number.is_some_and(|number| number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The start of the text that exports write instead of a value that is too long for a cell.
const TOO_LONG: &str = "#TOO_LONG!";

/// Returns the text that an export writes instead of a value that is too long for a cell.
pub fn too_long(characters: usize) -> String {
    format!("{TOO_LONG} {characters} characters: use format=csv")
}

/// Checks that a text is not an error value or `####`.
pub(super) fn check(cell: &str) -> Result<(), FieldError> {
    let cell = cell.trim();
    if cell.starts_with(TOO_LONG) {
        let detail = bilingual!(
            "The value was too long for a cell, so the export left it out. Use the row from an export with \
             `format=csv`.",
            "Der Wert war zu lang für eine Zelle des Tabellenblatts, darum fehlt er im Export. Nehmen Sie die Zeile aus \
             dem Export mit `format=csv`."
        );
        return Err(FieldError::new("too_long", detail));
    }
    if cell.len() > 1 && cell.bytes().all(|byte| byte == b'#') {
        let detail = bilingual!(
            "The column was too narrow for this value when the file was saved. Widen the column in Excel \
             and save the file again.",
            "Die Spalte war beim Speichern zu schmal für diesen Wert. Verbreitern Sie sie in Excel und speichern Sie die \
             Datei neu."
        );
        return Err(FieldError::new("formula_error", detail));
    }
    let is_error =
        (cell.starts_with('#') && ERRORS.contains(&cell.to_uppercase().as_str())) || is_numbered(cell);
    if is_error { Err(fault(cell)) } else { Ok(()) }
}

/// Returns the error for a cell that contains an error value.
pub fn fault(error: &str) -> FieldError {
    let error: String = error.chars().take(30).collect();
    let detail = bilingual!(
        "The cell contains the error `{error}` instead of a value. Correct the formula in Excel, \
         recalculate, and save the file again; or clear the cell.",
        "Die Zelle enthält den Fehler `{error}` anstelle eines Werts. Korrigieren Sie die Formel in Excel, berechnen Sie \
         neu und speichern Sie die Datei erneut; oder leeren Sie die Zelle."
    );
    FieldError::new("formula_error", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_values_are_refused() {
        for error in
            ["#NV", "#BEZUG!", " #n/a ", "#Wert!", "#ÜBERLAUF!", "Err:502", "#N/A", "########", "#ЗНАЧ!"]
        {
            assert_eq!(check(error).unwrap_err().code, "formula_error", "{error}");
        }
        assert_eq!(check(&too_long(40_000)).map_err(|fault| fault.code), Err("too_long"));
        for text in ["", "#", "#1", "#water", "NV", "N/A", "Err:", "Error: 502", "see #NV", "Err:50x"] {
            assert!(check(text).is_ok(), "{text}");
        }
    }
}
