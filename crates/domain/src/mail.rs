//! E-mails to people. They are queued in the transaction of the change that they report, and sent by a worker.

use std::fmt;

use crate::kernel::bilingual::{Bilingual, Locale};
use crate::kernel::value::{Email, Language};

/// The maximum length of a subject, in characters. Titles in it may be long.
const LONGEST_SUBJECT: usize = 200;

/// A subject: always a single line without control characters, so that no header can be injected.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    /// Makes a subject from any text: line breaks and control characters become spaces, and a long text is cut.
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

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An e-mail to one person. `Debug` omits personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address of the recipient, without a name.
    pub to: Email,
    /// The language of the e-mail.
    pub language: Locale,
    /// The subject.
    pub subject: Subject,
    /// The plain text. It is encoded when it is sent, so no header can be injected.
    pub text: String,
    /// The attached calendar file (RFC 5545).
    pub calendar: Option<String>,
    /// Whether nobody but the recipient may read the e-mail: it is not shown in the outbox, and not kept after it has
    /// been sent.
    pub confidential: bool,
}

impl Mail {
    /// Makes an e-mail in the language.
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

    /// Attaches a calendar file.
    #[must_use]
    pub fn with_calendar(self, calendar: String) -> Self {
        Self { calendar: Some(calendar), ..self }
    }

    /// Marks the e-mail as confidential: it contains a secret with which others could act as the recipient.
    #[must_use]
    pub fn confidential(self) -> Self {
        Self { confidential: true, ..self }
    }

    /// Returns the language for writing to a person who prefers this language: German, or English for all others.
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
    /// The delivery state of an e-mail.
    MailState in "mail-states" {
        /// waiting to be sent, for the first time or after a failed attempt
        Waiting = "waiting" ("Waiting", "Wartet": "wartet auf den ersten oder einen weiteren Versuch"),
        /// accepted by the mail server
        Sent = "sent" ("Sent", "Versandt": "vom Mailserver angenommen"),
        /// rejected by the mail server, or not sent within three days
        Failed = "failed" ("Failed", "Fehlgeschlagen":
            "vom Mailserver abgelehnt oder drei Tage lang nicht versandt"),
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
    fn debug_omits_personal_data() {
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
        fn a_subject_of_any_text_is_one_line(text in any::<String>()) {
            let subject = Subject::new(&text);
            prop_assert!(!subject.as_str().chars().any(char::is_control));
            prop_assert!(subject.as_str().chars().count() <= LONGEST_SUBJECT);
            prop_assert!(Subject::new(subject.as_str()) == subject);
        }
    }
}
