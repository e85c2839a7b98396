//! The tokens of a format code (ECMA-376, 18.8.31), and the parts of a date and time that it displays.

use super::Parts;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A run of the same date or time letter; `a` is `AM/PM`; `%` and `.` stand for themselves.
    Run(char),
    /// A run in brackets.
    Elapsed(char),
    /// A digit that is always displayed.
    Zero,
    /// Another digit.
    Digit,
}

pub(super) fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let lower = code.to_lowercase();
    let mut rest = lower.as_str();
    while let Some(letter) = rest.chars().next() {
        let mut length = letter.len_utf8();
        let after = |length: usize| rest.get(length..).unwrap_or_default();
        match letter {
            ';' => break,
            // The next character is a literal (`\`), a width (`_`) or a fill character (`*`).
            '\\' | '_' | '*' => length += after(length).chars().next().map_or(0, char::len_utf8),
            '"' => length += after(1).find('"').map_or(rest.len(), |end| end + 1),
            '[' => {
                let inner = after(1).split(']').next().unwrap_or_default();
                length += inner.len() + 1;
                let unit = inner.chars().next().filter(|unit| "hms".contains(*unit));
                if let Some(unit) = unit.filter(|unit| inner.chars().all(|letter| letter == *unit)) {
                    tokens.push(Token::Elapsed(unit));
                }
            }
            'g' if rest.starts_with("general") => length = "general".len(),
            'a' if rest.starts_with("am/pm") => {
                length = "am/pm".len();
                tokens.push(Token::Run('a'));
            }
            'a' if rest.starts_with("a/p") => {
                length = "a/p".len();
                tokens.push(Token::Run('a'));
            }
            'y' | 'm' | 'd' | 'h' | 's' => {
                length = rest.chars().take_while(|next| *next == letter).count();
                tokens.push(Token::Run(letter));
            }
            '%' | '.' => tokens.push(Token::Run(letter)),
            '0' => tokens.push(Token::Zero),
            '#' | '?' => tokens.push(Token::Digit),
            _ => {}
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

/// Returns the parts of a date or time. `m` means minutes after hours and before seconds, and months elsewhere.
pub(super) fn parts(tokens: &[Token]) -> Parts {
    let letters: Vec<char> = tokens
        .iter()
        .filter_map(|token| match token {
            Token::Run(letter) if "ymdhsa".contains(*letter) => Some(*letter),
            _ => None,
        })
        .collect();
    let mut parts = Parts::default();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        match letter {
            'y' => parts.year = true,
            'd' => parts.day = true,
            'm' if before == Some(&'h') || letters.get(index + 1) == Some(&'s') => parts.time = true,
            'm' => parts.month = true,
            's' => (parts.time, parts.seconds) = (true, true),
            _ => parts.time = true,
        }
    }
    parts
}
