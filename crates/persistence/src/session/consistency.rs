//! Checks that a change of a session is consistent with its taken seats, its agenda and its guests.

use vku_domain::bilingual;
use vku_domain::kernel::bilingual::counted;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::value::Seats;
use vku_domain::kernel::violation::Violations;
use vku_domain::registration::Attendance;
use vku_domain::session::Session;

use crate::kernel::transaction::Writer;
use crate::registration::seat_counts;
use crate::{agenda, guest};

/// Refuses a change that is not consistent.
///
/// Errors: 409 for fewer seats than are taken, and for a format without a form of attendance that is in use;
/// 422 for a session that is shorter than its agenda, or more visible than the party of a guest.
pub(super) async fn check_consistency(
    writer: &Writer<'_>,
    before: &Stored<Session>,
    after: &Session,
) -> Result<(), Error> {
    let mut violations = Violations::default();
    if after.visibility.is_wider_than(before.data.visibility) {
        guest::narrower(writer, before.id, after.visibility, &mut violations).await?;
    }
    if after.minutes() != before.data.minutes()
        && let Some(minutes) = after.minutes()
    {
        let agenda = agenda::length(writer, before.id).await?;
        if agenda > minutes {
            let (agenda, session) = (agenda::in_minutes(agenda), agenda::in_minutes(minutes));
            let detail = bilingual!(
                "The agenda takes {agenda}, but the session would only last {session}.",
                "Die Tagesordnung dauert {agenda}, die Sitzung wäre nur {session} lang.",
                agenda,
                session
            );
            violations.member("/end_time", "shorter_than_agenda", detail);
        }
    }
    if !violations.is_empty() {
        return Err(Error::invalid(violations));
    }
    if after.format != before.data.format {
        for attendance in
            [Attendance::InPerson, Attendance::Online].into_iter().filter(|it| !it.is_offered(after))
        {
            let coming = seat_counts::count_active(writer, before.id, attendance).await?;
            if coming > 0 {
                let people = counted(coming, ["person is", "people are"], ["Person ist", "Personen sind"]);
                let detail = bilingual!(
                    "{people} registered or on the waiting list for `{attendance}`, which would no longer be \
                     offered.",
                    "{people} für `{attendance}` angemeldet oder auf der Warteliste; das gäbe es dann nicht mehr.",
                    people
                );
                return Err(Error::new(Code::SeatsTaken, detail).about("/format"));
            }
        }
    }
    let seats = |seats: Option<Seats>| seats.map_or(u64::MAX, |seats| seats.get().into());
    let fewer = |before, after| seats(after) < seats(before);
    if fewer(before.data.capacity, after.capacity) || fewer(before.data.room_capacity, after.room_capacity) {
        let taken = seat_counts::seat_counts_of(writer, before.id).await?;
        for (member, seats, taken) in [
            ("capacity", seats(after.capacity), taken.counts.registered),
            ("room_capacity", seats(after.room_capacity), taken.in_room),
        ] {
            if taken > seats {
                let taken = counted(taken, ["seat is", "seats are"], ["Platz ist", "Plätze sind"]);
                let detail = bilingual!(
                    "{taken} taken, but `{member}` would be {seats}.",
                    "{taken} vergeben, `{member}` wäre aber {seats}.",
                    taken
                );
                return Err(Error::new(Code::SeatsTaken, detail).about(format!("/{member}")));
            }
        }
    }
    Ok(())
}
