//! E-mails to people who have registered their interest.

use chrono::NaiveDate;

use super::InterestRegistration;
use crate::bilingual;
use crate::kernel::bilingual::Locale;
use crate::kernel::value::{Email, Text};
use crate::mail::Mail;

/// Returns the e-mail that asks for confirmation. It contains nothing from the registration: anybody could have sent
/// that, and would thereby write to others in our name.
pub fn confirm(to: Email, language: Locale, link: &str, until: NaiveDate) -> Mail {
    Mail::new(
        to,
        language,
        &bilingual!(
            "Please confirm your interest registration",
            "Bitte bestätigen Sie Ihre Interessenbekundung"
        ),
        &bilingual!(
            "Hello,\n\n\
             Somebody has used this e-mail address to register the interest of a municipal utility in \
             the Internationale Partnerschaften exchange network. If that was you, please confirm \
             the registration here by {until}:\n\n\
             {link}\n\n\
             If that was not you, you do not need to do anything: the registration will then be deleted.\n\n\
             Internationale Partnerschaften, coordination office\n",
            "Guten Tag,\n\n\
             jemand hat mit dieser Adresse bekundet, dass ein kommunales Unternehmen am Austausch Internationale \
             Partnerschaften teilnehmen möchte. Wenn Sie das waren, bestätigen Sie es bitte bis {until} hier:\n\n\
             {link}\n\n\
             Wenn Sie es nicht waren, ist nichts zu tun: Das Gesendete wird dann gelöscht.\n\n\
             Koordinierungsstelle Internationale Partnerschaften\n"
        ),
    )
}

/// Returns the e-mail about an accepted registration.
pub fn accepted(registration: &InterestRegistration) -> Mail {
    let (name, utility) = (full_name(registration), &registration.utility_name);
    Mail::new(
        registration.person.email.clone(),
        registration.language,
        &bilingual!("Welcome to the exchange", "Willkommen im Austausch"),
        &bilingual!(
            "Hello {name},\n\n\
             {utility} now takes part in the Internationale Partnerschaften exchange network. We will be in touch \
             with you.\n\n\
             Internationale Partnerschaften, coordination office\n",
            "Guten Tag {name},\n\n\
             {utility} nimmt nun am Austausch Internationale Partnerschaften teil. Wir melden uns bei Ihnen.\n\n\
             Koordinierungsstelle Internationale Partnerschaften\n"
        ),
    )
}

/// Returns the e-mail about a declined registration, with the reason.
pub fn declined(registration: &InterestRegistration, reason: &Text) -> Mail {
    let (name, utility) = (full_name(registration), &registration.utility_name);
    Mail::new(
        registration.person.email.clone(),
        registration.language,
        &bilingual!("Your interest registration", "Ihre Interessenbekundung"),
        &bilingual!(
            "Hello {name},\n\n\
             Thank you for the interest of {utility} in the Internationale Partnerschaften exchange network. \
             Unfortunately, we cannot accept the registration:\n\n\
             {reason}\n\n\
             Internationale Partnerschaften, coordination office\n",
            "Guten Tag {name},\n\n\
             vielen Dank für das Interesse von {utility} am Austausch Internationale Partnerschaften. Wir können es leider \
             nicht aufnehmen:\n\n{reason}\n\n\
             Koordinierungsstelle Internationale Partnerschaften\n"
        ),
    )
}

fn full_name(registration: &InterestRegistration) -> String {
    format!("{} {}", registration.person.given_name, registration.person.family_name)
}
