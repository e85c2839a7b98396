//! What people are written to about their registrations.

use super::{Attendance, Person};
use crate::kernel::text::{Both, Tongue};
use crate::mail::Mail;
use crate::say;
use crate::session::Session;

/// Why somebody is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// There is a seat.
    Registered,
    /// There is none, and the person is this one of those who wait.
    Waitlisted(u64),
    /// There is a seat for somebody who waited.
    Promoted,
    /// The registration was cancelled.
    Cancelled,
    /// The session does not take place.
    SessionCancelled,
}

impl Occasion {
    /// The mail to a person.
    pub fn mail(self, session: &Session, person: &Person, attendance: Attendance) -> Mail {
        let title = &session.title;
        let subject = match self {
            Self::Registered => say!("You are registered: {title}", "Sie sind angemeldet: {title}"),
            Self::Waitlisted(_) => say!("On the waiting list: {title}", "Auf der Warteliste: {title}"),
            Self::Promoted => say!("You have a seat: {title}", "Sie haben einen Platz: {title}"),
            Self::Cancelled => {
                say!("Your registration is cancelled: {title}", "Ihre Anmeldung ist storniert: {title}")
            }
            Self::SessionCancelled => say!("Cancelled: {title}", "Abgesagt: {title}"),
        };
        let said = match self {
            Self::Registered => say!("you are registered for:", "Sie sind angemeldet für:"),
            Self::Waitlisted(position) => say!(
                "all seats are taken. You are number {position} on the waiting list for:",
                "alle Plätze sind vergeben. Sie stehen an Stelle {position} der Warteliste für:"
            ),
            Self::Promoted => say!(
                "a seat has become free, and it is yours. You are registered for:",
                "ein Platz ist frei geworden, und er gehört Ihnen. Sie sind angemeldet für:"
            ),
            Self::Cancelled => {
                say!("your registration is cancelled for:", "Ihre Anmeldung ist storniert für:")
            }
            Self::SessionCancelled => {
                say!("this session does not take place:", "diese Sitzung findet nicht statt:")
            }
        };
        let name = &person.name;
        let text = say!("Hello {name},\n\n", "Guten Tag {name},\n\n")
            .then(said)
            .then(say!("\n\n  {title}\n", "\n\n  {title}\n"))
            .then(when(session))
            .then(self.place(session, attendance))
            .then(say!(
                "\nInternational partnerships, coordination office\n",
                "\nInternationale Partnerschaften, Koordinierungsstelle\n"
            ));
        Mail::new(
            person.email.clone(),
            person.language.as_ref().map_or(Tongue::De, Mail::tongue),
            &subject,
            &text,
        )
    }

    /// Where to go, or to click: for those who have a seat.
    fn place(self, session: &Session, attendance: Attendance) -> Both {
        match (self, attendance, &session.place, &session.online_url) {
            (Self::Registered | Self::Promoted, Attendance::Online, _, Some(url)) => {
                say!("  Online: {url}\n", "  Online: {url}\n")
            }
            (_, Attendance::Online, ..) => say!("  Online\n", "  Online\n"),
            (_, Attendance::InPerson, Some(place), _) => say!("  {place}\n", "  {place}\n"),
            (_, Attendance::InPerson, None, _) => Both::default(),
        }
    }
}

fn when(session: &Session) -> Both {
    let zone = session.time_zone.rules();
    let Some(start) = session.starts_at().map(|at| at.with_timezone(&zone)) else {
        let day = &session.starts_on;
        return say!("  {day}\n", "  {day}\n");
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
    say!("  {en}{en_end} ({zone})\n", "  {de}{de_end} Uhr ({zone})\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kernel::violation::Violations;

    #[test]
    fn says_what_and_when_in_the_language_of_the_person() {
        let session: Session = deserr::deserialize::<_, _, Violations>(json!({
            "title": "Wasserverluste", "kind": "exchange", "starts_on": "2026-06-11", "start_time": "10:00",
            "end_time": "12:30", "online_url": "https://meet.example/x", "place": "Berlin"
        }))
        .unwrap();
        let mut person =
            Person { name: "Erika".into(), email: "e@a.example".parse().unwrap(), language: None };
        let mail = Occasion::Waitlisted(7).mail(&session, &person, Attendance::Online);
        assert_eq!(mail.subject.as_str(), "Auf der Warteliste: Wasserverluste");
        assert!(mail.text.contains("an Stelle 7 der Warteliste"), "{}", mail.text);
        assert!(mail.text.contains("11.06.2026, 10:00–12:30 Uhr (Europe/Berlin)"), "{}", mail.text);
        assert!(!mail.text.contains("meet.example"), "no link without a seat");
        person.language = "fr".parse().ok();
        let mail = Occasion::Promoted.mail(&session, &person, Attendance::Online);
        assert_eq!(mail.subject.as_str(), "You have a seat: Wasserverluste");
        assert!(mail.text.contains("11 June 2026, 10:00–12:30 (Europe/Berlin)"), "{}", mail.text);
        assert!(mail.text.contains("https://meet.example/x"), "{}", mail.text);
        let mail = Occasion::Registered.mail(&session, &person, Attendance::InPerson);
        assert!(mail.text.contains("  Berlin\n") && !mail.text.contains("meet.example"), "{}", mail.text);
    }
}
