//! Rules for the characters of a text. Every text value is read through [`cleaned`].

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::violation::FieldError;
use crate::bilingual;

/// Returns whether a character is invisible: `Default_Ignorable_Code_Point` (Unicode, DerivedCoreProperties.txt), or
/// one of the interlinear annotation characters.
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

/// Returns whether a character changes the writing direction of the text around it (`Bidi_Control`): a text with one
/// can look like another text.
pub fn is_bidi_control(letter: char) -> bool {
    matches!(
        letter,
        '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Returns whether a character leaves no ink: whitespace, or a Braille cell without dots.
pub fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || letter == '\u{2800}'
}

/// Returns the text in NFC and without invisible characters. Joiners and variation selectors are kept where they change
/// how the text looks: in Arabic and Indic scripts, and in emoji.
///
/// Errors: the text contains a bidirectional control character; the error names its position.
pub fn cleaned(text: &str) -> Result<Cow<'_, str>, FieldError> {
    if text.is_ascii() {
        return Ok(text.into());
    }
    if let Some((place, letter)) = text.chars().enumerate().find(|(_, letter)| is_bidi_control(*letter)) {
        let (place, code) = (place + 1, u32::from(letter));
        return Err(FieldError::format(bilingual!(
            "Character {place} is U+{code:04X}, an invisible character that controls the writing direction; remove \
             this character.",
            "Zeichen {place} ist U+{code:04X}, ein unsichtbares Steuerzeichen der Schreibrichtung; lassen Sie es weg."
        )));
    }
    Ok(visible(text))
}

/// Like [`cleaned`], but drops bidirectional control characters instead of refusing them: for texts that are compared
/// or looked up rather than stored, and for texts that were stored before these characters were refused.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.chars().any(is_ignorable) && is_nfc(text) {
        return text.into();
    }
    let mut result = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut before = None;
    while let Some(letter) = letters.next() {
        if !is_ignorable(letter)
            || before.is_some_and(|before| affects_rendering(letter, before, letters.peek().copied()))
        {
            result.push(letter);
            before = Some(letter);
        }
    }
    result.nfc().collect::<String>().into()
}

/// Returns whether an invisible character changes how its neighbours look.
fn affects_rendering(letter: char, before: char, after: Option<char>) -> bool {
    match letter {
        '\u{200c}' | '\u{200d}' => {
            is_joined(before) && after.is_some_and(is_joined)
                || is_pictographic(before) && after.is_some_and(is_pictographic)
        }
        '\u{fe0e}' | '\u{fe0f}' => is_pictographic(before) || matches!(before, '0'..='9' | '#' | '*'),
        '\u{180b}'..='\u{180f}' => matches!(before, '\u{1800}'..='\u{18af}'),
        _ => false,
    }
}

/// Returns whether a character belongs to a script whose letters join: Arabic, Syriac, the Indic scripts to Myanmar,
/// Khmer, Mongolian.
fn is_joined(letter: char) -> bool {
    matches!(letter, '\u{600}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// Returns whether a character is a symbol that can be part of an emoji.
fn is_pictographic(letter: char) -> bool {
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
    fn joiners_are_kept_where_they_change_how_the_text_looks() {
        for text in ["می\u{200c}خواهم", "क्\u{200d}ष", "👩\u{200d}🔧", "❤\u{fe0f}", "1\u{fe0f}\u{20e3}"]
        {
            assert_eq!(cleaned(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn bidi_controls_are_refused_with_their_position() {
        for letter in "\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}".chars() {
            let text = format!("ab{letter}c");
            let fault = cleaned(&text).unwrap_err();
            let expected = format!("Character 3 is U+{:04X}", u32::from(letter));
            assert!(fault.code == "invalid_format" && fault.detail.en.starts_with(&expected), "{fault}");
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
