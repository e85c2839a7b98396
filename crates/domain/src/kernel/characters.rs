//! Characters: which of them a text keeps. Every text value is read through [`cleaned`].

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::violation::FieldError;
use crate::bilingual;

/// Whether it is invisible: `Default_Ignorable_Code_Point` (Unicode, DerivedCoreProperties.txt), or one of the
/// interlinear annotation characters.
pub fn is_ignorable(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether it changes the direction of the text around it (`Bidi_Control`), so that it can show something else than it
/// says.
pub fn is_bidi_control(letter: char) -> bool {
    matches!(
        letter,
        '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Whether nothing is seen of it: space, or a cell of Braille without dots.
pub fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || letter == '\u{2800}'
}

/// The text in NFC and without invisible characters. Joiners and variation selectors stay where they change what is
/// seen: in Arabic and Indic scripts, and in emoji.
///
/// Errors: a bidirectional control character, with its place.
pub fn cleaned(text: &str) -> Result<Cow<'_, str>, FieldError> {
    if text.is_ascii() {
        return Ok(text.into());
    }
    if let Some((place, letter)) = text.chars().enumerate().find(|(_, letter)| is_bidi_control(*letter)) {
        let (place, code) = (place + 1, u32::from(letter));
        return Err(FieldError::format(bilingual!(
            "Character {place} is U+{code:04X}, an invisible control character for the writing direction; \
             remove this character.",
            "Zeichen {place} ist U+{code:04X}, ein unsichtbares Steuerzeichen der Schreibrichtung; lassen Sie es weg."
        )));
    }
    Ok(visible(text))
}

/// The same, without bidirectional control characters too: for what is compared or looked up rather than kept, and for
/// what was kept before these were refused.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.chars().any(is_ignorable) && is_nfc(text) {
        return text.into();
    }
    let mut kept = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut before = None;
    while let Some(letter) = letters.next() {
        if !is_ignorable(letter)
            || before.is_some_and(|before| shapes(letter, before, letters.peek().copied()))
        {
            kept.push(letter);
            before = Some(letter);
        }
    }
    kept.nfc().collect::<String>().into()
}

/// Whether an invisible character changes how its neighbours are seen.
fn shapes(letter: char, before: char, after: Option<char>) -> bool {
    match letter {
        '\u{200c}' | '\u{200d}' => {
            is_joined(before) && after.is_some_and(is_joined)
                || is_pictured(before) && after.is_some_and(is_pictured)
        }
        '\u{fe0e}' | '\u{fe0f}' => is_pictured(before) || matches!(before, '0'..='9' | '#' | '*'),
        '\u{180b}'..='\u{180f}' => matches!(before, '\u{1800}'..='\u{18af}'),
        _ => false,
    }
}

/// Of a script whose letters join: Arabic, Syriac, the Indic scripts to Myanmar, Khmer, Mongolian.
fn is_joined(letter: char) -> bool {
    matches!(letter, '\u{600}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// A symbol that may be a part of an emoji.
fn is_pictured(letter: char) -> bool {
    matches!(letter, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{20e3}'
        | '\u{2190}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{cleaned, visible};

    #[test]
    fn invisible_characters_are_dropped() {
        for letter in
            "\u{ad}\u{34f}\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{3164}\u{fe0f}\u{fff9}\u{e0041}".chars()
        {
            assert_eq!(cleaned(&format!("Stadt{letter}werke ")).as_deref(), Ok("Stadtwerke "), "{letter:?}");
        }
        assert_eq!(cleaned("\u{200b}").as_deref(), Ok(""));
        assert_eq!(cleaned("Stadtentwa\u{308}sserung").as_deref(), Ok("Stadtentwässerung"));
        assert_eq!(cleaned("a\u{200b}\u{308}").as_deref(), Ok("ä"));
    }

    #[test]
    fn joiners_stay_where_they_are_seen() {
        for text in ["می\u{200c}خواهم", "क्\u{200d}ष", "👩\u{200d}🔧", "❤\u{fe0f}", "1\u{fe0f}\u{20e3}"]
        {
            assert_eq!(cleaned(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn controls_of_the_direction_are_refused_where_they_stand() {
        for letter in "\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}".chars() {
            let text = format!("ab{letter}c");
            let fault = cleaned(&text).unwrap_err();
            let told = format!("Character 3 is U+{:04X}", u32::from(letter));
            assert!(fault.code == "invalid_format" && fault.detail.en.starts_with(&told), "{fault}");
            assert_eq!(visible(&text), "abc");
        }
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text in any::<String>()) {
            let once = visible(&text).into_owned();
            prop_assert_eq!(visible(&once), once.as_str());
        }
    }
}
