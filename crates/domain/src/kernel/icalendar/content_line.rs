//! Content lines of RFC 5545: escaping and folding.

/// The maximum length of a line, in octets (section 3.1).
const MAX_LINE_LENGTH: usize = 75;

/// Escapes a text as the value of a property (section 3.3.11).
pub(super) fn escaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => value.extend(['\\', letter]),
            '\n' => value.push_str("\\n"),
            // A tab is valid in a text; other control characters would end the line or are invisible.
            '\t' => value.push(letter),
            letter if letter.is_control() => {}
            letter => value.push(letter),
        }
    }
    value
}

/// Writes a content line. Long lines are folded: continued on lines that start with a space. Characters are never
/// split.
pub(super) fn folded(line: &str, out: &mut Vec<u8>) {
    let mut length = 0;
    for letter in line.chars() {
        if length + letter.len_utf8() > MAX_LINE_LENGTH {
            out.extend_from_slice(b"\r\n ");
            length = 1;
        }
        let mut bytes = [0; 4];
        out.extend_from_slice(letter.encode_utf8(&mut bytes).as_bytes());
        length += letter.len_utf8();
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn folded_lines_are_short_and_unfold_to_the_original(text in "[\\PC\n\t;,\\\\]{0,300}") {
            let line = format!("SUMMARY:{}", escaped(&text));
            let mut out = Vec::new();
            folded(&line, &mut out);
            let written = String::from_utf8(out).unwrap();
            prop_assert!(written.split("\r\n").all(|line| line.len() <= MAX_LINE_LENGTH));
            prop_assert!(!written.trim_end().replace("\r\n ", "").contains(['\r', '\n']));
            prop_assert_eq!(written.strip_suffix("\r\n").unwrap().replace("\r\n ", ""), line);
        }
    }
}
