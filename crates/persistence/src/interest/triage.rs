//! Decisions of the coordination office on interest registrations: each in one transaction, with the e-mail to
//! the person.

use serde_json::{Value, json};
use vku_domain::bilingual;
use vku_domain::contact::{Contact, ContactFilter};
use vku_domain::interest::{InterestRegistration, InterestStatus, InterestedPerson, mail};
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::change_log::ChangeAction;
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::{Code, Error, Named};
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::parameters::IdParam;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::search::likeness;
use vku_domain::kernel::value::{SingleLine, Text, Visibility};
use vku_domain::member::{Member, MemberFilter, MemberStatus};
use vku_domain::utility::{Utility, UtilityKind};

use crate::kernel::table::Table;
use crate::kernel::transaction::Writer;

/// How a registration is accepted.
#[derive(Clone, Debug, Default)]
pub struct Acceptance {
    /// The utility; if absent, the one with the same name, or a new one.
    pub utility: Option<Key>,
    /// The status of a new member; `interested` if absent.
    pub status: Option<MemberStatus>,
    /// The visibility of a new utility; `members` if absent.
    pub visibility: Option<Visibility>,
}

impl Writer<'_> {
    /// Accepts a registration: creates or links the utility, its member and the contact.
    ///
    /// Errors: 401, 403, 404, 409 (already decided, or ambiguous utility), 412, 422.
    pub async fn accept_interest(
        &mut self,
        key: &Key,
        precondition: &Precondition,
        how: Acceptance,
    ) -> Result<Stored<InterestRegistration>, Error> {
        let before = self.undecided(key, precondition).await?;
        let utility = match &how.utility {
            Some(key) => self.get::<Utility>(key, None, false).await.map_err(no_utility)?,
            None => self.utility_of(&before, how.visibility).await?,
        };
        let member = self.member_of(&before.data, &utility, how.status).await?;
        self.contact_of(&before.data, &member).await?;
        let mut data = before.data.clone();
        data.status = InterestStatus::Accepted;
        data.member_id = Some(IdParam(member.id));
        self.post(mail::accepted(&data)).await?;
        self.record_decision(&before, data).await
    }

    /// Declines a registration, and e-mails the reason to the person.
    ///
    /// Errors: 401, 403, 404, 409 (already decided), 412.
    pub async fn decline_interest(
        &mut self,
        key: &Key,
        precondition: &Precondition,
        reason: Text,
    ) -> Result<Stored<InterestRegistration>, Error> {
        let before = self.undecided(key, precondition).await?;
        let mut data = before.data.clone();
        data.status = InterestStatus::Declined;
        self.post(mail::declined(&data, &reason)).await?;
        data.decline_reason = Some(reason);
        self.record_decision(&before, data).await
    }

    async fn record_decision(
        &mut self,
        before: &Stored<InterestRegistration>,
        data: InterestRegistration,
    ) -> Result<Stored<InterestRegistration>, Error> {
        let written = self.replace(InterestRegistration::TABLE, before, &data).await?;
        written.record_change(self, ChangeAction::Updated, None)?.downcast()
    }

    /// Returns the registration, locked, if it is not decided yet.
    async fn undecided(
        &self,
        key: &Key,
        precondition: &Precondition,
    ) -> Result<Stored<InterestRegistration>, Error> {
        let before = self.open::<InterestRegistration>(Action::Update, key).await?;
        if *precondition != Precondition::Missing {
            self.check_precondition(&before, precondition)?;
        }
        if before.data.status == InterestStatus::Confirmed {
            return Ok(before);
        }
        let status = before.data.status;
        let detail =
            bilingual!("The interest registration is already `{status}`.", "Sie ist schon `{status}`.");
        Err(Error::new(Code::InterestDecided, detail))
    }

    /// Returns the German utility with this name and the same or no city, or a new one.
    async fn utility_of(
        &mut self,
        registration: &Stored<InterestRegistration>,
        visibility: Option<Visibility>,
    ) -> Result<Stored<Utility>, Error> {
        let data = &registration.data;
        let mut same = Vec::new();
        for likely in self.names(Utility::TABLE).await?.candidates(registration)? {
            let named = likely.alike.iter().any(|what| ["name", "alias"].contains(what));
            let municipal = likely.summary.kind.as_deref() == Some(UtilityKind::Municipal.as_str());
            if named && municipal {
                let utility = self.get::<Utility>(&Key::Id(likely.summary.id), None, false).await?;
                let city = utility.data.city.as_ref().map(|city| likeness(city.as_str()));
                if city.is_none_or(|city| city == likeness(data.city.as_str())) {
                    same.push(utility);
                }
            }
        }
        match same.pop() {
            Some(only) if same.is_empty() => return Ok(only),
            Some(last) => {
                same.push(last);
                let named = |it: &Stored<Utility>| Named {
                    resource: Utility::NAME,
                    id: it.id,
                    slug: it.data.slug.as_ref().map(ToString::to_string),
                    name: it.data.name.to_string(),
                };
                let detail = bilingual!(
                    "Several utilities have this name; specify the right one in `utility`.",
                    "Mehrere Unternehmen heißen so; sagen Sie in `utility`, welches es ist."
                );
                let dependents = same.iter().map(named).collect();
                return Err(Error { dependents, ..Error::new(Code::AmbiguousUtility, detail) });
            }
            None => {}
        }
        let mut body = json!({
            "name": data.utility_name,
            "kind": UtilityKind::Municipal,
            "country": "DE",
            "city": data.city,
            "sectors": data.sectors,
        });
        put(&mut body, "website", data.website.as_ref());
        put(&mut body, "visibility", visibility.as_ref());
        self.create::<Utility>(None, body).await
    }

    /// Returns the member of the utility, or a new one.
    async fn member_of(
        &mut self,
        data: &InterestRegistration,
        utility: &Stored<Utility>,
        status: Option<MemberStatus>,
    ) -> Result<Stored<Member>, Error> {
        let mut query = Query::<Member>::all();
        query.filter = MemberFilter { utility: vec![Key::Id(utility.id)], ..MemberFilter::default() };
        let status = status.unwrap_or(MemberStatus::Interested);
        match self.list(&query, None).await?.items.pop() {
            // A former member joins again.
            Some(member) if member.data.status == Some(MemberStatus::Left) => {
                let data = Member { status: Some(status), left_on: None, ..member.data.clone() };
                return self.update_as_side_effect(member, data).await;
            }
            Some(member) => return Ok(member),
            None => {}
        }
        let body = json!({
            "utility": utility.id,
            "status": status,
            "interests": { "sectors": data.sectors },
        });
        self.create::<Member>(None, body).await
    }

    /// Makes the person a contact of the member. An existing contact keeps its data, and gets the consents
    /// that the person has given since the contact was last written; an earlier consent may have been
    /// withdrawn there. The e-mail address alone does not identify the person, because several people may
    /// share a mailbox.
    async fn contact_of(
        &mut self,
        data: &InterestRegistration,
        member: &Stored<Member>,
    ) -> Result<(), Error> {
        let parent = Key::Id(member.id);
        let mut query = Query::<Contact>::all();
        query.filter = ContactFilter::default();
        let (mut known, mut primary) = (None, false);
        loop {
            let page = self.list(&query, Some(&parent)).await?;
            for contact in page.items {
                primary |= contact.data.is_primary;
                if is_the_person(&contact.data, &data.person) {
                    known = Some(contact);
                }
            }
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        if let Some(known) = known {
            let consents = known.data.consents.clone().joined(&data.consents.since(known.updated_at));
            if consents != known.data.consents {
                let with_consents = Contact { consents, ..known.data.clone() };
                self.update_as_side_effect(known, with_consents).await?;
            }
            return Ok(());
        }
        let person = &data.person;
        let mut body = json!({
            "given_name": person.given_name,
            "family_name": person.family_name,
            "email": person.email,
            "language": data.language,
            "is_primary": !primary,
            "consents": data.consents,
        });
        put(&mut body, "phone", person.phone.as_ref());
        put(&mut body, "function", person.function.as_ref());
        self.create::<Contact>(Some(&parent), body).await.map(drop)
    }
}

fn put(body: &mut Value, name: &str, value: Option<&impl ToString>) {
    if let (Some(value), Some(members)) = (value, body.as_object_mut()) {
        members.insert(name.to_owned(), value.to_string().into());
    }
}

/// An unknown utility is a violation of the body.
fn no_utility(error: Error) -> Error {
    if error.code != Code::NotFound {
        return error;
    }
    let detail = bilingual!("There is no such utility.", "Ein solches Unternehmen gibt es nicht.");
    Error::invalid_at("/utility", "unknown_reference", detail)
}

fn is_the_person(contact: &Contact, person: &InterestedPerson) -> bool {
    let folded = |given: &SingleLine, family: &SingleLine| collation_key(&format!("{given} {family}"));
    contact.email.folded() == person.email.folded()
        && folded(&contact.given_name, &contact.family_name)
            == folded(&person.given_name, &person.family_name)
}
