//! A partnership as an activity of IATI 2.03, with the elements in the order of the schema.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::value::{Localized, PartialDate, SdgTarget};
use vku_domain::partnership::Partnership;
use vku_domain::party::Party;
use vku_domain::working_area::WorkingArea;

use super::allocation::shares;
use super::codes;
use super::reporting_org::{ReportingOrg, is_plain};
use super::source_data::ActivityData;
use super::xml::{Attribute, Xml};

/// The language of the export's own texts, and of an activity whose texts have no known language.
const LANGUAGE: &str = "en";

/// Writes an activity.
pub(super) struct Activity<'a> {
    pub(super) xml: &'a mut Xml,
    pub(super) reporter: &'a ReportingOrg,
    pub(super) material: &'a ActivityData,
    pub(super) areas: &'a HashMap<String, WorkingArea>,
    pub(super) today: NaiveDate,
}

/// An organisation in a role: identifier, type, role, name.
type Participation<'a> = (Option<&'a str>, &'static str, &'static str, &'a str);

impl Activity<'_> {
    /// Writes the activity of a partnership, whose start is `start`.
    pub(super) fn write(&mut self, item: &Stored<Partnership>, start: &PartialDate) -> Result<(), Error> {
        let it = &item.data;
        let slug = it.slug.as_ref().map(ToString::to_string).unwrap_or_default();
        let updated = self.updated(item);
        let attributes =
            [("last-updated-datetime", updated.as_str()), ("xml:lang", language(it)), ("hierarchy", "1")];
        self.xml.open("iati-activity", &attributes)?;
        // The id, not the slug: an identifier that is published must never change (IATI, "iati-identifier").
        self.xml.text("iati-identifier", &[], &format!("{}-{}", self.reporter.identifier, item.id))?;
        self.reporting_org()?;
        self.narrative("title", &[], it.title.as_str())?;
        self.description(it)?;
        for (identifier, kind, role, name) in participations(self.material, item) {
            let identifier = identifier.map(|identifier| ("ref", identifier));
            let attributes: Vec<_> = identifier.into_iter().chain([("type", kind), ("role", role)]).collect();
            self.narrative("participating-org", &attributes, name)?;
        }
        self.xml.empty("other-identifier", &[("ref", &slug), ("type", codes::OWN_IDENTIFIER)])?;
        self.xml.empty("activity-status", &[("code", codes::status(it, self.today))])?;
        self.date(codes::start_type(it, start, self.today), start, start.first_day())?;
        if let Some(end) = &it.end {
            self.date(codes::end_type(it, end, self.today), end, end.last_day())?;
        }
        for (country, share) in item.derived.countries.iter().zip(shares(item.derived.countries.len())) {
            self.xml.empty("recipient-country", &with_share(&[("code", country.as_str())], &share))?;
        }
        self.locations(item)?;
        self.sectors(it)?;
        self.tags(item)?;
        self.budgets(item)?;
        self.documents(item)?;
        self.results(item, start)?;
        self.xml.close("iati-activity")
    }

    /// When the partnership or one of its parts last changed.
    fn updated(&self, item: &Stored<Partnership>) -> String {
        let funding = self.material.funding(item.id).iter().map(|part| part.updated_at);
        let results = self.material.results(item.id).iter().map(|part| part.updated_at);
        let documents = self.material.documents(item.id).iter().map(|part| part.updated_at);
        let parts = funding.chain(results).chain(documents);
        let last = parts.fold(item.updated_at, std::cmp::Ord::max);
        last.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    fn reporting_org(&mut self) -> Result<(), Error> {
        let ReportingOrg { identifier, kind, name, .. } = self.reporter;
        self.narrative("reporting-org", &[("ref", identifier), ("type", kind)], name)
    }

    /// Writes an element with a text as its narrative.
    pub(super) fn narrative(
        &mut self,
        name: &str,
        attributes: &[Attribute<'_>],
        text: &str,
    ) -> Result<(), Error> {
        self.xml.open(name, attributes)?;
        self.xml.text("narrative", &[], text)?;
        self.xml.close(name)
    }

    /// Writes an element with a text of the export's own.
    pub(super) fn own_narrative(
        &mut self,
        name: &str,
        attributes: &[Attribute<'_>],
        text: &str,
    ) -> Result<(), Error> {
        self.narrative_in(name, attributes, text, LANGUAGE)
    }

    /// Writes an element with a text in a language as its narrative.
    pub(super) fn narrative_in(
        &mut self,
        name: &str,
        attributes: &[Attribute<'_>],
        text: &str,
        language: &str,
    ) -> Result<(), Error> {
        self.xml.open(name, attributes)?;
        self.xml.text("narrative", &[("xml:lang", language)], text)?;
        self.xml.close(name)
    }

    /// Writes a text in all its languages, as narratives.
    fn narratives(&mut self, text: &Localized) -> Result<(), Error> {
        for (language, text) in text.iter() {
            self.xml.text("narrative", &[("xml:lang", language.as_str())], text)?;
        }
        Ok(())
    }

    /// Writes the summary, or else the title again, because a description is required.
    fn description(&mut self, it: &Partnership) -> Result<(), Error> {
        self.xml.open("description", &[("type", "1")])?;
        match &it.summary {
            Some(summary) => self.narratives(summary)?,
            None => self.xml.text("narrative", &[], it.title.as_str())?,
        }
        self.xml.close("description")
    }

    /// Writes a date; if less than a day is known, the narrative has the known part.
    fn date(&mut self, kind: &str, known: &PartialDate, day: NaiveDate) -> Result<(), Error> {
        let day = day.to_string();
        let attributes = [("type", kind), ("iso-date", day.as_str())];
        if known.as_str() == day {
            return self.xml.empty("activity-date", &attributes);
        }
        self.own_narrative("activity-date", &attributes, &format!("Known as {known}"))
    }

    /// Writes the locations of the partner utilities, at city level.
    fn locations(&mut self, item: &Stored<Partnership>) -> Result<(), Error> {
        for location in &item.derived.locations {
            let summaries = item.data.partners().filter_map(|partner| partner.party.summary());
            let name = summaries
                .filter(|summary| summary.slug.as_ref().is_some_and(|slug| slug.as_str() == location.utility))
                .map(|summary| summary.label.1.as_str())
                .next();
            self.xml.open("location", &[])?;
            self.narrative("name", &[], name.unwrap_or(&location.utility))?;
            self.xml.open("point", &[("srsName", "http://www.opengis.net/def/crs/EPSG/0/4326")])?;
            self.xml.text("pos", &[], &format!("{} {}", location.latitude, location.longitude))?;
            self.xml.close("point")?;
            self.xml.empty("exactness", &[("code", "2")])?;
            self.xml.close("location")?;
        }
        Ok(())
    }

    /// Writes the sectors as purpose codes of the OECD DAC, and the working areas as our own vocabulary, both in
    /// equal shares.
    fn sectors(&mut self, it: &Partnership) -> Result<(), Error> {
        let purposes: BTreeSet<_> = it.sectors.iter().filter_map(|sector| codes::purpose(*sector)).collect();
        for (code, share) in purposes.iter().zip(shares(purposes.len())) {
            self.xml.empty("sector", &with_share(&[("vocabulary", "1"), ("code", code)], &share))?;
        }
        for (area, share) in it.working_areas.iter().zip(shares(it.working_areas.len())) {
            let attributes = [("vocabulary", "99"), ("code", area.as_str())];
            self.xml.open("sector", &with_share(&attributes, &share))?;
            match self.areas.get(area.as_str()) {
                Some(known) => self.narratives(&known.label)?,
                None => self.xml.text("narrative", &[], area.as_str())?,
            }
            self.xml.close("sector")?;
        }
        Ok(())
    }

    /// Writes the SDG targets of the partnership and its results, and their goals.
    fn tags(&mut self, item: &Stored<Partnership>) -> Result<(), Error> {
        let measured = self.material.results(item.id).iter().filter_map(|it| it.data.sdg_target.as_ref());
        let targets: BTreeSet<&SdgTarget> = item.data.sdg_targets.iter().chain(measured).collect();
        let goals: BTreeSet<&str> =
            targets.iter().filter_map(|target| target.as_str().split('.').next()).collect();
        for goal in goals {
            self.xml.empty("tag", &[("vocabulary", "2"), ("code", goal)])?;
        }
        for target in targets {
            self.xml.empty("tag", &[("vocabulary", "3"), ("code", target.as_str())])?;
        }
        Ok(())
    }
}

/// The language of texts without a language, such as the title: that of the summary, if it is in one language only.
fn language(it: &Partnership) -> &str {
    let languages: Vec<_> =
        it.summary.iter().flat_map(Localized::iter).map(|(language, _)| language.as_str()).collect();
    match languages.as_slice() {
        [only] => only,
        _ => LANGUAGE,
    }
}

/// The organisations that pay, manage the money, lead, or implement; each organisation once per role.
fn participations<'a>(material: &'a ActivityData, item: &'a Stored<Partnership>) -> Vec<Participation<'a>> {
    let mut all = Vec::new();
    let paid = material.funding(item.id).iter().filter(|phase| phase.data.kind.is_of_funders());
    let programmes = paid.filter_map(|phase| {
        let programme = phase.data.programme.as_ref()?.id()?;
        material.programmes.get(&programme)
    });
    for programme in programmes {
        let paying = programme.data.funders.iter().map(|party| (party, codes::FUNDING));
        let managing = programme.data.implementers.iter().map(|party| (party, codes::EXTENDING));
        all.extend(paying.chain(managing).filter_map(|(party, role)| participation(material, party, role)));
    }
    for participant in &item.data.participants {
        for role in codes::roles(participant.role) {
            all.extend(participation(material, &participant.party, role));
        }
    }
    let mut seen = BTreeSet::new();
    all.retain(|one| seen.insert(*one));
    all.sort_by_key(|(_, _, role, _)| *role);
    all
}

fn participation<'a>(
    material: &'a ActivityData,
    party: &'a Party,
    role: &'static str,
) -> Option<Participation<'a>> {
    let name = party.summary()?.label.1.as_str();
    let Some(id) = party.organisation() else { return Some((None, codes::UTILITY, role, name)) };
    let organisation = &material.organisations.get(&id)?.data;
    let identifier = organisation.iati_identifier.as_ref().map(|identifier| identifier.as_str());
    let identifier = identifier.filter(|identifier| identifier.chars().all(is_plain));
    Some((identifier, codes::organisation_type(organisation.kind), role, name))
}

fn with_share<'a>(attributes: &[Attribute<'a>], share: &'a Option<String>) -> Vec<Attribute<'a>> {
    let share = share.as_deref().map(|share| ("percentage", share));
    attributes.iter().copied().chain(share).collect()
}
