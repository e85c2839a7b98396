//! IATI 2.03 (<https://iatistandard.org>): partnerships as activities. A partnership whose start or country is
//! unknown cannot be an activity; it is left out, and named in a comment at the end.

mod activity;
mod allocation;
mod codes;
mod elements;
mod reporting_org;
mod source_data;
mod xml;

pub use self::reporting_org::ReportingOrg;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use vku_domain::document::Document;
use vku_domain::funding::Funding;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::query::Page;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::organisation::Organisation;
use vku_domain::partnership::Partnership;
use vku_domain::programme::FundingProgramme;
use vku_domain::result::PartnershipResult;
use vku_domain::working_area::WorkingArea;
use vku_persistence::any_table::AnyQuery;
use vku_persistence::kernel::transaction::Reader;

use self::activity::Activity;
use self::source_data::{ActivityData, working_areas};
use self::xml::Xml;
use super::Export;
use super::sink::Sink;
use super::text::CHUNK_SIZE;

/// The slugs of what was left out.
#[derive(Default)]
struct LeftOut {
    without_start: Vec<String>,
    without_country: Vec<String>,
    /// Funding phases that are not in a budget, each after the slug of its partnership.
    without_money: Vec<String>,
    own_contributions: Vec<String>,
}

impl LeftOut {
    /// Records the funding phases that are not in a budget.
    fn note_funding(&mut self, slug: &str, funding: &[Stored<Funding>]) {
        for phase in funding.iter().filter(|phase| elements::budgeted(&phase.data).is_none()) {
            let named = format!("{slug} {} {}", phase.data.kind, phase.id);
            match phase.data.kind.is_of_funders() {
                true => self.without_money.push(named),
                false => self.own_contributions.push(named),
            }
        }
    }

    /// Writes the comments at the end.
    fn write_comments(&self, xml: &mut Xml) -> Result<(), Error> {
        for (slugs, what) in [(&self.without_start, "start"), (&self.without_country, "country")] {
            if !slugs.is_empty() {
                xml.comment(&format!("Left out, because no {what} is known: {}", slugs.join(", ")))?;
            }
        }
        for (phases, why) in [
            (&self.without_money, "the amount, the start or the end is not known"),
            (
                &self.own_contributions,
                "they are the participants' own contributions, not money from a funder",
            ),
        ] {
            if !phases.is_empty() {
                xml.comment(&format!(
                    "Funding phases without a budget, because {why}: {}",
                    phases.join(", ")
                ))?;
            }
        }
        Ok(())
    }
}

/// Checks that the actor may read everything that an activity consists of. An API key that lacks a scope for one part
/// gets an error, because a file that silently lacks the money would be mistaken for a complete one.
fn reads_all(actor: &Actor) -> Result<(), Error> {
    actor.require_read(Funding::INFO)?;
    actor.require_read(PartnershipResult::INFO)?;
    actor.require_read(Document::INFO)?;
    actor.require_read(FundingProgramme::INFO)?;
    actor.require_read(Organisation::INFO)?;
    actor.require_read(WorkingArea::INFO)
}

/// Reads a page of partnerships, and the data for their activities. Boxed, so that it is compiled in this crate alone.
fn read_page<'a>(
    reader: &'a Reader<'_>,
    query: &'a mut AnyQuery,
) -> LocalBoxFuture<'a, Result<(Page<Partnership>, ActivityData), Error>> {
    async move {
        let page = reader.rows(query, None).await?;
        let material = ActivityData::of(reader, &page.items).await?;
        Ok((page, material))
    }
    .boxed_local()
}

/// Writes the activities of a list of partnerships.
pub(super) async fn write(export: Export, mut sink: Box<dyn Sink + '_>) -> Result<(), Error> {
    let Export { store, actor, mut query, reporter, .. } = export;
    reads_all(&actor)?;
    let reader = store.export(&actor).await?;
    let areas = working_areas(&reader).await?;
    let (mut page, mut material) = read_page(&reader, &mut query).await?;
    let generated = actor.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let (mut xml, mut left_out) = (Xml::begin()?, LeftOut::default());
    if !reporter.is_known {
        xml.comment("No reporting organisation is configured (VKU_IATI_REPORTING_ORG): do not publish this file as it is.")?;
    }
    xml.open("iati-activities", &[("version", "2.03"), ("generated-datetime", &generated)])?;
    loop {
        for item in &page.items {
            let slug = || item.data.slug.as_ref().map(ToString::to_string).unwrap_or_default();
            match &item.data.start {
                None => left_out.without_start.push(slug()),
                Some(_) if item.derived.countries.is_empty() => left_out.without_country.push(slug()),
                Some(start) => {
                    left_out.note_funding(&slug(), material.funding(item.id));
                    let (xml, today) = (&mut xml, actor.today());
                    let (reporter, material, areas) = (&reporter, &material, &areas);
                    Activity { xml, reporter, material, areas, today }.write(item, start)?;
                }
            }
            if xml.len() >= CHUNK_SIZE && sink.push(xml.take().into()).await.is_break() {
                return Ok(());
            }
        }
        let Some(next) = page.next else { break };
        query.cursor = Some(next);
        (page, material) = read_page(&reader, &mut query).await?;
    }
    left_out.write_comments(&mut xml)?;
    xml.close("iati-activities")?;
    // The last piece: it no longer matters whether more are wanted.
    let _ = sink.push(xml.take().into()).await;
    Ok(())
}
