//! The data for the activities of some partnerships: their parts, and the resources that these refer to, as far as
//! the reader can see them. The number of SQL statements does not depend on the number of partnerships.

use std::collections::HashMap;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;
use vku_domain::document::Document;
use vku_domain::funding::Funding;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::reference::Ref;
use vku_domain::organisation::Organisation;
use vku_domain::partnership::Partnership;
use vku_domain::party::Party;
use vku_domain::programme::FundingProgramme;
use vku_domain::result::PartnershipResult;
use vku_domain::working_area::WorkingArea;
use vku_persistence::any_table::AnyQuery;
use vku_persistence::kernel::table::Table;
use vku_persistence::kernel::transaction::Reader;

/// Resources by id.
type Found<T> = HashMap<Uuid, Stored<T>>;
/// The sub-resources by the id of their partnership, oldest first.
type Parts<T> = HashMap<Uuid, Vec<Stored<T>>>;

/// The data for a number of partnerships.
pub(super) struct ActivityData {
    funding: Parts<Funding>,
    results: Parts<PartnershipResult>,
    documents: Parts<Document>,
    pub(super) programmes: Found<FundingProgramme>,
    pub(super) organisations: Found<Organisation>,
}

impl ActivityData {
    pub(super) async fn of(reader: &Reader<'_>, items: &[Stored<Partnership>]) -> Result<Self, Error> {
        let ids: Vec<Uuid> = items.iter().map(|item| item.id).collect();
        let funding = parts::<Funding>(reader, &ids).await?;
        let results = parts::<PartnershipResult>(reader, &ids).await?;
        let documents = parts::<Document>(reader, &ids).await?;
        let paying = funding.values().flatten().filter_map(|phase| phase.data.programme.as_ref());
        let programmes = by_ids::<FundingProgramme>(reader, paying.filter_map(Ref::id)).await?;
        let parties = items.iter().flat_map(|item| &item.data.participants).map(|it| &it.party);
        let payers = programmes.values().flat_map(|it| it.data.funders.iter().chain(&it.data.implementers));
        let named = parties.chain(payers).filter_map(Party::organisation);
        let organisations = by_ids::<Organisation>(reader, named).await?;
        Ok(Self { funding, results, documents, programmes, organisations })
    }

    pub(super) fn funding(&self, partnership: Uuid) -> &[Stored<Funding>] {
        self.funding.get(&partnership).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn results(&self, partnership: Uuid) -> &[Stored<PartnershipResult>] {
        self.results.get(&partnership).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn documents(&self, partnership: Uuid) -> &[Stored<Document>] {
        self.documents.get(&partnership).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Returns the working areas by their codes. Boxed, so that it is compiled in this crate alone.
pub(super) fn working_areas<'a>(
    reader: &'a Reader<'_>,
) -> LocalBoxFuture<'a, Result<HashMap<String, WorkingArea>, Error>> {
    read_working_areas(reader).boxed_local()
}

async fn read_working_areas(reader: &Reader<'_>) -> Result<HashMap<String, WorkingArea>, Error> {
    let (mut query, mut areas) = (AnyQuery::new(Query::<WorkingArea>::all()), HashMap::new());
    loop {
        let page = reader.rows::<WorkingArea>(&mut query, None).await?;
        areas.extend(page.items.into_iter().filter_map(|item| {
            let code = item.data.slug.as_ref()?.to_string();
            Some((code, item.data))
        }));
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(areas),
        }
    }
}

async fn parts<T: Table>(reader: &Reader<'_>, parents: &[Uuid]) -> Result<Parts<T>, Error> {
    let mut parts: Parts<T> = HashMap::new();
    for part in reader.sub_resources_of::<T>(parents).await? {
        let parent = part.parent.as_ref().map(|(_, summary)| summary.id);
        parts.entry(parent.unwrap_or_default()).or_default().push(part);
    }
    Ok(parts)
}

async fn by_ids<T: Table>(reader: &Reader<'_>, ids: impl Iterator<Item = Uuid>) -> Result<Found<T>, Error> {
    let mut ids: Vec<Uuid> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(reader.by_ids::<T>(&ids).await?.into_iter().map(|item| (item.id, item)).collect())
}
