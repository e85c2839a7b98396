//! Mails: what the service writes to persons. Posted in the transaction of what they tell of, sent by a worker.

use std::fmt;

use crate::kernel::bilingual::{Bilingual, Locale};
use crate::kernel::value::{Email, Language};

/// The longest subject, in characters: titles in it may be long.
const LONGEST_SUBJECT: usize = 200;

/// A subject: one line without control characters, whatever it was made of, so that no header can hide in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    /// Makes one of any text: what is no letter of a line becomes a space, what is too long is cut.
    pub fn new(text: &str) -> Self {
        let breaks = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
        let line = text.replace(breaks, " ");
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() <= LONGEST_SUBJECT {
            return Self(line);
        }
        let cut: String = line.chars().take(LONGEST_SUBJECT - 1).collect();
        Self(format!("{}…", cut.trim_end()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A mail to one person. Personal data: it prints nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Whom it is written to: one address, without a name.
    pub to: Email,
    /// The language that it is written in.
    pub language: Locale,
    /// What it is about.
    pub subject: Subject,
    /// What it says: plain text. It is encoded when it is sent, so nothing in it can be a header.
    pub text: String,
    /// What it brings for calendars: a file of RFC 5545.
    pub calendar: Option<String>,
    /// Whether nobody but the person may read it: it is not shown in the outbox, and not kept once it is sent.
    pub confidential: bool,
}

impl Mail {
    /// A mail that says this in the language.
    pub fn new(to: Email, language: Locale, subject: &Bilingual, text: &Bilingual) -> Self {
        let printed = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
        let text = text.in_locale(language).replace("\r\n", "\n");
        Self {
            to,
            language,
            subject: Subject::new(subject.in_locale(language)),
            text: text.chars().filter(|letter| printed(*letter)).collect(),
            calendar: None,
            confidential: false,
        }
    }

    /// The same, with something for calendars.
    #[must_use]
    pub fn with_calendar(self, calendar: String) -> Self {
        Self { calendar: Some(calendar), ..self }
    }

    /// The same, for nobody but the person: it holds what lets whoever has it act as the person.
    #[must_use]
    pub fn confidential(self) -> Self {
        Self { confidential: true, ..self }
    }

    /// The language in which somebody is written to who prefers this one: German, or English for all others.
    pub fn locale(language: &Language) -> Locale {
        if language.as_str() == Locale::De.as_str() { Locale::De } else { Locale::En }
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("language", &self.language).finish_non_exhaustive()
    }
}

crate::string_enum! {
    /// The state of the delivery of an e-mail.
    MailState {
        /// to be sent, or to be tried again
        Waiting = "waiting",
        /// accepted by the mail server
        Sent = "sent",
        /// refused by the mail server, or not sent within three days
        Failed = "failed",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bilingual;

    #[test]
    fn a_subject_is_one_line() {
        let injected = Subject::new("Hello\r\nBcc: victim@example.org\r\n\r\nBody\u{2028}more\0");
        assert_eq!(injected.as_str(), "Hello Bcc: victim@example.org Body more");
        assert_eq!(Subject::new(&"ä".repeat(300)).as_str().chars().count(), 200);
    }

    #[test]
    fn prints_nothing_of_the_person() {
        let mail = Mail::new(
            "a@b.example".parse().unwrap(),
            Locale::De,
            &bilingual!("Secret", "Geheim"),
            &bilingual!("Secret", "Geheim\r\nzwei\u{7}"),
        );
        assert_eq!((mail.subject.as_str(), mail.text.as_str()), ("Geheim", "Geheim\nzwei"));
        let printed = format!("{mail:?}");
        assert!(!printed.contains("Geheim") && !printed.contains("b.example"), "{printed}");
    }

    proptest! {
        #[test]
        fn no_text_makes_a_second_line(text in any::<String>()) {
            let subject = Subject::new(&text);
            prop_assert!(!subject.as_str().chars().any(char::is_control));
            prop_assert!(subject.as_str().chars().count() <= LONGEST_SUBJECT);
            prop_assert!(Subject::new(subject.as_str()) == subject);
        }
    }
}
