//! The Sustainable Development Goals and their targets in texts: each is one word.

use std::borrow::Cow;

/// The word for a target of the Sustainable Development Goals. That of the goal is its beginning, and no other word's.
pub(super) fn goal_word(goal: &str, target: &str) -> String {
    format!("sdg{goal}g{target}t")
}

/// Replaces the goals in a folded text by their words: `sdg 6` and `sdg6.1` become `sdg6g` and `sdg6g1t`.
pub(super) fn with_goal_words(text: &str) -> Cow<'_, str> {
    const SDG: &str = "sdg";
    if !text.contains(SDG) {
        return text.into();
    }
    let mut parts = text.split(SDG);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let begins_word = !result.ends_with(char::is_alphanumeric);
        result.push_str(SDG);
        let number =
            part.strip_prefix('s').unwrap_or(part).trim_start_matches([' ', '-', '\u{a0}', '\u{2010}']);
        let (goal, rest) = digits(number);
        if !begins_word || goal.is_empty() {
            result.push_str(part);
            continue;
        }
        result.push_str(goal);
        result.push('g');
        let target = rest.strip_prefix('.').map(|rest| match rest.as_bytes() {
            [b'a'..=b'd', ..] => rest.split_at(1),
            _ => digits(rest),
        });
        match target {
            Some((target, rest)) if !target.is_empty() && !rest.starts_with(char::is_alphanumeric) => {
                result.push_str(target);
                result.push('t');
                result.push_str(rest);
            }
            _ => {
                result.push(' ');
                result.push_str(rest);
            }
        }
    }
    result.into()
}

/// Splits a text after its leading digits.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

#[cfg(test)]
mod tests {
    use super::super::tokenizer::words;

    #[test]
    fn goals_are_one_word() {
        for (text, expected) in [
            ("SDG 6", &["sdg6g"][..]),
            ("SDGs-6.1, SDG 13.a", &["sdg6g1t", "sdg13gat"]),
            ("the SDG", &["the", "sdg"]),
            ("SDG 6. Wasser", &["sdg6g", "wasser"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }
}
