//! Participants of partnerships, with their roles and dates.

use chrono::NaiveDate;
use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Partnership;
use crate::bilingual;
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::input::validators::ordered;
use crate::kernel::value::PartialDate;
use crate::kernel::violation::Violations;
use crate::party::{Party, not_narrower};
use crate::utility::UtilityKind;

crate::string_enum! {
    /// The role of a participant.
    ParticipantRole in "participant-roles" {
        /// holds the contract; there is exactly one at any time
        Lead = "lead" ("Lead", "Lead-Partner": "hält den Vertrag; es gibt immer genau einen"),
        /// another utility or organisation on the side of the lead
        Associate = "associate" ("Associate", "Projektbeteiligte":
            "ein weiteres Unternehmen oder eine Organisation auf der Seite des Lead-Partners"),
        /// the partner side abroad
        Partner = "partner" ("Partner", "Partner": "die Partnerseite im Ausland"),
        /// supports the partnership outside the contract
        Supporting = "supporting" ("Supporting", "Unterstützend":
            "unterstützt die Partnerschaft außerhalb des Vertrags"),
    }
}

/// A current or former participant in a partnership.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Participant {
    /// The utility or organisation.
    pub party: Party,
    /// The role.
    pub role: ParticipantRole,
    /// The start of the participation, if known.
    #[deserr(default)]
    pub from: Option<PartialDate>,
    /// The end of the participation, if the participant has left.
    #[deserr(default)]
    pub until: Option<PartialDate>,
}

impl Participant {
    /// Returns whether the participant takes part on a day.
    pub fn on(&self, day: NaiveDate) -> bool {
        self.within(day, day)
    }

    /// Returns whether the participant takes part on one of these days.
    fn within(&self, first: NaiveDate, last: NaiveDate) -> bool {
        self.from.as_ref().is_none_or(|from| from.first_day() <= last)
            && self.until.as_ref().is_none_or(|until| until.last_day() >= first)
    }

    /// Returns whether both certainly take part at the same time. Partial dates may touch: until `2023-05`, from
    /// `2023`.
    fn overlaps(&self, other: &Self) -> bool {
        let ends_before = |one: &Self, next: &Self| match (&one.until, &next.from) {
            (Some(until), Some(from)) => until.first_day() <= from.last_day(),
            _ => false,
        };
        !ends_before(self, other) && !ends_before(other, self)
    }
}

impl Partnership {
    /// Returns the current and former participants with a role.
    pub fn with_role(&self, role: ParticipantRole) -> impl Iterator<Item = &Participant> {
        self.participants.iter().filter(move |participant| participant.role == role)
    }

    /// Returns the current and former partner utilities.
    pub fn partners(&self) -> impl Iterator<Item = &Participant> {
        self.with_role(ParticipantRole::Partner)
            .filter(|participant| matches!(participant.party, Party::Utility(_)))
    }

    /// Returns whether one of the actor's utilities is the lead today.
    pub fn is_led_by(&self, actor: &Actor) -> bool {
        self.with_role(ParticipantRole::Lead).any(|lead| lead.is_of(actor) && lead.on(actor.today()))
    }

    /// Returns whether one of the actor's utilities takes part today.
    pub fn has_part_of(&self, actor: &Actor) -> bool {
        self.participants.iter().any(|participant| participant.is_of(actor) && participant.on(actor.today()))
    }

    /// Returns whether the actor reports on the partnership today: a partner if it takes part, others if they lead.
    pub fn is_worked_on_by(&self, actor: &Actor) -> bool {
        match actor.role {
            Some(Role::Partner) => self.has_part_of(actor),
            _ => self.is_led_by(actor),
        }
    }

    /// Returns whether the utility takes part or has taken part.
    pub fn names_utility(&self, utility: Uuid) -> bool {
        self.participants.iter().any(|participant| participant.party.utility() == Some(utility))
    }

    /// Checks that there is a lead, but never two at a time, and a partner utility; that nobody takes part twice at a
    /// time; that German utilities are not on the partner side; and that the partnership is not more widely visible
    /// than a participant.
    pub(super) fn participant_rules(&self, violations: &mut Violations) {
        for (index, participant) in self.participants.iter().enumerate() {
            let at = format!("/participants/{index}");
            ordered(
                participant.from.as_ref(),
                participant.until.as_ref(),
                &format!("{at}/until"),
                violations,
            );
            not_narrower(&participant.party, self.visibility, &format!("{at}/party"), violations);
            if participant.role == ParticipantRole::Partner && participant.is_municipal() {
                let detail = bilingual!(
                    "A German utility cannot have the role `partner`; use `lead`, `associate` or \
                     `supporting`.",
                    "Ein deutsches Unternehmen ist kein Partnerunternehmen: Es ist `lead`, `associate` oder \
                     `supporting`."
                );
                violations.member(format!("{at}/party"), "german_partner", detail);
            }
            let leads = |participant: &Participant| participant.role == ParticipantRole::Lead;
            let earlier =
                || self.participants.iter().take(index).filter(|earlier| earlier.overlaps(participant));
            if earlier().any(|earlier| earlier.party == participant.party) {
                let detail = bilingual!(
                    "This participant takes part twice at the same time.",
                    "Diese Seite ist zur selben Zeit zweimal beteiligt."
                );
                violations.member(&at, "duplicate", detail);
            }
            if leads(participant)
                && earlier().any(|earlier| leads(earlier) && earlier.party != participant.party)
            {
                let detail = bilingual!(
                    "There are two leads at the same time.",
                    "Zur selben Zeit gibt es zwei Federführende."
                );
                violations.member(&at, "two_leads", detail);
            }
        }
        if self.with_role(ParticipantRole::Lead).next().is_none() {
            no_lead(violations);
        }
        if self.partners().next().is_none() {
            let detail = bilingual!(
                "At least one partner utility is required.",
                "Mindestens ein Partnerunternehmen ist erforderlich."
            );
            violations.member("/participants", "no_partner", detail);
        }
    }

    /// Checks that there is a lead today or, if the partnership has not begun, at its start. A partnership that has
    /// ended needs no lead. That there are never two leads is checked by other rules.
    pub(super) fn lead_rules(&self, today: NaiveDate, violations: &mut Violations) {
        let (first, last) = match &self.start {
            Some(start) if start.first_day() > today => (start.first_day(), start.last_day()),
            _ => (today, today),
        };
        let mut leads = self.with_role(ParticipantRole::Lead).peekable();
        // A partnership without any lead is refused by the rules that do not depend on the date.
        if leads.peek().is_some() && !self.has_ended(today) && !leads.any(|lead| lead.within(first, last)) {
            no_lead(violations);
        }
    }

    /// Returns whether the partnership has ended, or may have: often only the year of the end is known.
    fn has_ended(&self, today: NaiveDate) -> bool {
        self.is_over() || self.end.as_ref().is_some_and(|end| end.first_day() <= today)
    }
}

fn no_lead(violations: &mut Violations) {
    let detail = bilingual!(
        "Exactly one current lead is required.",
        "Genau eine gegenwärtige Federführung (`lead`) ist erforderlich."
    );
    violations.member("/participants", "no_lead", detail);
}

impl Participant {
    fn is_of(&self, actor: &Actor) -> bool {
        self.party.utility().is_some_and(|utility: Uuid| actor.owns(utility))
    }

    fn is_municipal(&self) -> bool {
        let kind = self.party.summary().and_then(|summary| summary.kind.as_deref());
        matches!(self.party, Party::Utility(_)) && kind == Some(UtilityKind::Municipal.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::resource::reference::Ref;

    fn taking_part(from: &str, until: &str) -> Participant {
        let date = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        let party = Party::Utility(Ref::to("x".parse().unwrap()));
        Participant { party, role: ParticipantRole::Lead, from: date(from), until: date(until) }
    }

    #[test]
    fn partial_dates_that_touch_do_not_overlap() {
        for ((from, until), (next_from, next_until), overlap) in [
            (("", "2023-05"), ("2023", ""), false),
            (("", "2023-05"), ("2023-04", ""), true),
            (("2020", "2021"), ("2021", "2022"), false),
            (("2020", ""), ("2021", ""), true),
            (("", ""), ("", ""), true),
            (("2022", "2023"), ("2019", "2020"), false),
        ] {
            let (one, other) = (taking_part(from, until), taking_part(next_from, next_until));
            assert_eq!(one.overlaps(&other), overlap, "{from}/{until} {next_from}/{next_until}");
            assert_eq!(other.overlaps(&one), overlap);
        }
    }
}
