//! The escaping of texts that a spreadsheet would run as formulas (OWASP, CSV injection).

/// Returns whether a spreadsheet would run the text as a formula, ignoring apostrophes from earlier escaping.
fn is_formula(text: &str) -> bool {
    let begins = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    text.trim_start_matches('\'').starts_with(begins)
}

/// Puts an apostrophe before a text that a spreadsheet would run as a formula in a CSV file (OWASP, CSV injection).
/// Workbooks have typed cells, in which a text is never run.
pub(super) fn escape_formula(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// Removes the apostrophe that escapes a formula in a cell of a CSV file.
pub fn unescape_formula(text: &str) -> &str {
    text.strip_prefix('\'').filter(|_| is_formula(text)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_escaped_and_restored() {
        for text in ["=1+1", "'=1", "''-x", "'quoted'", "+49", "plain", "@x", "＝1"] {
            assert_eq!(unescape_formula(&escape_formula(text)), text);
        }
        assert_eq!(escape_formula("=1+1"), "'=1+1");
    }
}
