//! E-mails to people about their registrations.

use super::{Attendance, Person, Registration, RegistrationStatus};
use crate::bilingual;
use crate::kernel::bilingual::{Bilingual, Locale};
use crate::kernel::icalendar::{EventStatus, file};
use crate::kernel::resource::Stored;
use crate::mail::Mail;
use crate::session::{Session, event};

/// The reason for an e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// The person has a seat.
    Registered,
    /// There is no seat. The person has this position on the waiting list.
    Waitlisted(u64),
    /// The person was on the waiting list and now has a seat.
    Promoted,
    /// The registration was cancelled.
    Cancelled,
    /// The attendance has changed from online to on site, or the other way round.
    Switched,
    /// The time, the place or the format of the session has changed.
    Moved,
    /// The session is cancelled.
    SessionCancelled,
}

impl MailKind {
    /// Returns the e-mail to a person, with the session as a calendar file.
    pub fn mail(self, session: &Stored<Session>, person: &Person, registration: &Registration) -> Mail {
        let data = &session.data;
        let title = &data.title;
        let seated = registration.status.is_some_and(RegistrationStatus::is_seated);
        let subject = match self {
            Self::Registered => bilingual!("You are registered: {title}", "Sie sind angemeldet: {title}"),
            Self::Waitlisted(_) => bilingual!("On the waiting list: {title}", "Auf der Warteliste: {title}"),
            Self::Promoted => bilingual!("You have a seat: {title}", "Sie haben einen Platz: {title}"),
            Self::Cancelled => {
                bilingual!(
                    "Your registration has been cancelled: {title}",
                    "Ihre Anmeldung ist storniert: {title}"
                )
            }
            Self::Switched => {
                bilingual!("Your registration has changed: {title}", "Ihre Anmeldung wurde geändert: {title}")
            }
            Self::Moved => bilingual!("Changed: {title}", "Geändert: {title}"),
            Self::SessionCancelled => bilingual!("Cancelled: {title}", "Abgesagt: {title}"),
        };
        let sentence = match self {
            Self::Registered => bilingual!("You are registered for:", "Sie sind angemeldet für:"),
            Self::Waitlisted(position) => bilingual!(
                "All seats are taken. You are number {position} on the waiting list for:",
                "alle Plätze sind vergeben. Sie stehen an Stelle {position} der Warteliste für:"
            ),
            Self::Promoted => bilingual!(
                "A seat has become available and has been assigned to you. You are now registered for:",
                "ein Platz ist frei geworden, und er gehört Ihnen. Sie sind angemeldet für:"
            ),
            Self::Cancelled => {
                bilingual!("Your registration has been cancelled for:", "Ihre Anmeldung ist storniert für:")
            }
            Self::Switched => match registration.attendance {
                Attendance::Online => {
                    bilingual!("You are now attending online:", "Sie nehmen nun online teil an:")
                }
                Attendance::InPerson => {
                    bilingual!("You are now attending on site:", "Sie nehmen nun vor Ort teil an:")
                }
            },
            Self::Moved => {
                bilingual!(
                    "The details of this session have changed. The updated details are:",
                    "diese Sitzung wurde geändert. Sie ist nun:"
                )
            }
            Self::SessionCancelled => {
                bilingual!("This session will not take place:", "diese Sitzung findet nicht statt:")
            }
        };
        let note = match self {
            Self::Switched | Self::Moved if !seated => {
                bilingual!(
                    "\nYou are still on the waiting list.\n",
                    "\nSie stehen weiter auf der Warteliste.\n"
                )
            }
            _ => Bilingual::default(),
        };
        let name = &person.name;
        let text = bilingual!("Hello {name},\n\n", "Guten Tag {name},\n\n")
            .then(sentence)
            .then(bilingual!("\n\n  {title}\n", "\n\n  {title}\n"))
            .then(when(data))
            .then(self.place_or_link(data, registration.attendance, seated))
            .then(note)
            .then(bilingual!(
                "\n\
                 Internationale Partnerschaften, coordination office\n",
                "\nInternationale Partnerschaften, Koordinierungsstelle\n"
            ));
        let locale = person.language.as_ref().map_or(Locale::De, Mail::locale);
        let mail = Mail::new(person.email.clone(), locale, &subject, &text);
        mail.with_calendar(self.calendar(session.clone(), seated))
    }

    /// Returns the session as a calendar file. The event always has the same UID, so that calendars update it. It is
    /// tentative for people on the waiting list, who have not been promised a seat.
    fn calendar(self, mut session: Stored<Session>, seated: bool) -> String {
        let is_cancelled = matches!(self, Self::Cancelled | Self::SessionCancelled);
        if is_cancelled || !seated {
            session.data.online_url = None;
        }
        let mut event = event(&session);
        if is_cancelled {
            event.status = EventStatus::Cancelled;
        } else if !seated {
            event.status = EventStatus::Tentative;
        }
        String::from_utf8_lossy(&file(&event)).into_owned()
    }

    /// Returns the place, or the link to join for people who have a seat.
    fn place_or_link(self, session: &Session, attendance: Attendance, seated: bool) -> Bilingual {
        let has_seat = seated && !matches!(self, Self::Cancelled | Self::SessionCancelled);
        match (attendance, &session.place, &session.online_url) {
            (Attendance::Online, _, Some(url)) if has_seat => {
                bilingual!("  Online: {url}\n", "  Online: {url}\n")
            }
            (Attendance::Online, ..) => bilingual!("  Online\n", "  Online\n"),
            (Attendance::InPerson, Some(place), _) => bilingual!("  {place}\n", "  {place}\n"),
            (Attendance::InPerson, None, _) => Bilingual::default(),
        }
    }
}

fn when(session: &Session) -> Bilingual {
    let zone = session.time_zone.rules();
    let Some(start) = session.starts_at().map(|at| at.with_timezone(&zone)) else {
        let day = &session.starts_on;
        return bilingual!("  {day}\n", "  {day}\n");
    };
    let end = session.ends_at().map(|at| at.with_timezone(&zone));
    let end = |same: &str, other: &str| {
        let format = |end: chrono::DateTime<_>| {
            end.format(if end.date_naive() == start.date_naive() { same } else { other }).to_string()
        };
        end.map(format).unwrap_or_default()
    };
    let (en, de) = (start.format("%-d %B %Y, %H:%M"), start.format("%d.%m.%Y, %H:%M"));
    let (en_end, de_end) = (end("–%H:%M", " to %-d %B %Y, %H:%M"), end("–%H:%M", " bis %d.%m.%Y, %H:%M"));
    let zone = &session.time_zone;
    bilingual!("  {en}{en_end} ({zone})\n", "  {de}{de_end} Uhr ({zone})\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kernel::violation::Violations;

    fn session() -> Stored<Session> {
        let data: Session = deserr::deserialize::<_, _, Violations>(json!({
            "title": "Wasserverluste", "kind": "exchange", "starts_on": "2026-06-11", "start_time": "10:00",
            "end_time": "12:30", "online_url": "https://meet.example/x", "place": "Berlin", "status": "published"
        }))
        .unwrap();
        let at = chrono::DateTime::UNIX_EPOCH;
        Stored {
            id: uuid::Uuid::from_u128(1),
            parent: None,
            data,
            derived: Default::default(),
            created_at: at,
            updated_at: at,
            version: 5,
            deleted_at: None,
        }
    }

    fn registration(status: &str, attendance: &str) -> Registration {
        deserr::deserialize::<_, _, Violations>(
            json!({"member": "x", "name": "Erika", "email": "e@a.example", "status": status, "attendance": attendance}),
        )
        .unwrap()
    }

    fn person(language: Option<&str>) -> Person {
        let language = language.map(|language| language.parse().unwrap());
        Person { name: "Erika".into(), email: "e@a.example".parse().unwrap(), language }
    }

    #[test]
    fn mails_state_the_occasion_and_the_time_in_the_language_of_the_person() {
        let (session, german, french) = (session(), person(None), person(Some("fr")));
        let waits = registration("waitlisted", "online");
        let mail = MailKind::Waitlisted(7).mail(&session, &german, &waits);
        assert_eq!(mail.subject.as_str(), "Auf der Warteliste: Wasserverluste");
        assert!(mail.text.contains("an Stelle 7 der Warteliste"), "{}", mail.text);
        assert!(mail.text.contains("11.06.2026, 10:00–12:30 Uhr (Europe/Berlin)"), "{}", mail.text);
        assert!(!mail.text.contains("meet.example"), "no link without a seat");
        let comes = registration("registered", "online");
        let mail = MailKind::Promoted.mail(&session, &french, &comes);
        assert_eq!(mail.subject.as_str(), "You have a seat: Wasserverluste");
        assert!(mail.text.contains("11 June 2026, 10:00–12:30 (Europe/Berlin)"), "{}", mail.text);
        assert!(mail.text.contains("https://meet.example/x"), "{}", mail.text);
        let mail = MailKind::Registered.mail(&session, &french, &registration("registered", "in_person"));
        assert!(mail.text.contains("  Berlin\n") && !mail.text.contains("meet.example"), "{}", mail.text);
    }

    #[test]
    fn all_mails_contain_the_same_event() {
        let session = session();
        for (occasion, registered, status, link) in [
            (MailKind::Registered, "registered", "CONFIRMED", true),
            (MailKind::Moved, "registered", "CONFIRMED", true),
            (MailKind::Moved, "waitlisted", "TENTATIVE", false),
            (MailKind::Switched, "waitlisted", "TENTATIVE", false),
            (MailKind::Cancelled, "cancelled", "CANCELLED", false),
            (MailKind::SessionCancelled, "registered", "CANCELLED", false),
        ] {
            let mail = occasion.mail(&session, &person(None), &registration(registered, "online"));
            let calendar = mail.calendar.unwrap().replace("\r\n ", "");
            let uid = "UID:00000000-0000-0000-0000-000000000001@internationale-partnerschaften\r\n";
            assert!(calendar.contains(uid) && calendar.contains("SEQUENCE:4\r\n"), "{calendar}");
            assert!(calendar.contains(&format!("STATUS:{status}\r\n")), "{occasion:?} {calendar}");
            assert_eq!(calendar.contains("meet.example"), link, "{occasion:?} {calendar}");
            let waits = mail.text.contains("auf der Warteliste");
            assert_eq!(waits, registered == "waitlisted", "{}", mail.text);
        }
    }
}
