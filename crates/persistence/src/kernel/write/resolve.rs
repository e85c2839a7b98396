//! Resolves the references of a body inside the write transaction, and validates it; all violations are
//! reported together.

use std::collections::{HashMap, HashSet};

use vku_domain::bilingual;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::Draft;
use vku_domain::kernel::input::draft::unparsed_references::UnparsedReference;
use vku_domain::kernel::resource::any::AnyResource;
use vku_domain::kernel::resource::reference::{Key, ReferenceSummary};
use vku_domain::kernel::violation::Violations;

use super::code_lists;
use crate::kernel::read::reference_lookup;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Writer;
use crate::tables;

/// The summaries of the keys that exist.
type Summaries = HashMap<(&'static str, Key), ReferenceSummary>;

impl Writer<'_> {
    /// Resolves the references and codes of a draft, and validates it; all violations are reported together.
    pub(crate) async fn resolve_and_validate(
        &self,
        table: &AnyTable,
        mut draft: Draft,
        before: Option<&dyn AnyResource>,
        parent: Option<&dyn AnyResource>,
    ) -> Result<Box<dyn AnyResource>, Error> {
        draft.data.iter_mut().for_each(|data| data.fill_from_actor(before, self.actor()));
        let validated = self.resolve_and_validate_all(table, vec![draft], parent).await?.pop();
        validated.ok_or_else(|| Error::internal("a draft that was not validated"))?
    }

    /// The same for many drafts, with as many statements as for one.
    pub(crate) async fn resolve_and_validate_all(
        &self,
        table: &AnyTable,
        mut drafts: Vec<Draft>,
        parent: Option<&dyn AnyResource>,
    ) -> Result<Vec<Result<Box<dyn AnyResource>, Error>>, Error> {
        let unparsed_references: Vec<_> =
            drafts.iter().flat_map(Draft::unparsed_references).filter_map(resource_and_key).collect();
        let summaries = self
            .look_up(drafts.iter_mut().filter_map(|draft| draft.data.as_deref_mut()), unparsed_references)
            .await?;
        for draft in &mut drafts {
            let mut violations = Violations::default();
            for reference in draft.unparsed_references() {
                if let Some((resource, key)) = resource_and_key(reference)
                    && !summaries.contains_key(&(resource, key.clone()))
                {
                    unknown_reference(resource, &key, reference.pointer.clone(), &mut violations);
                }
            }
            draft.add_violations(violations);
        }
        let mut found: Vec<Violations> = drafts
            .iter_mut()
            .map(|draft| draft.data.as_deref_mut().map(|data| resolved(data, &summaries)).unwrap_or_default())
            .collect();
        let codes = drafts.iter().map(|draft| match (&draft.data, draft.unparsed_body()) {
            (Some(data), _) => code_lists::in_data(table, &**data),
            (None, body) => Ok(body.map(|body| code_lists::in_body(table, body)).unwrap_or_default()),
        });
        let codes = codes.collect::<Result<Vec<_>, _>>()?;
        let unknown = code_lists::unknown_codes_of_all(table, self.tx(), &codes).await?;
        for ((draft, found), unknown) in drafts.iter_mut().zip(&mut found).zip(unknown) {
            let Some(data) = &draft.data else {
                draft.add_violations(unknown);
                continue;
            };
            found.append(unknown);
            data.validate(parent, found);
        }
        Ok(drafts.into_iter().zip(found).map(|(draft, found)| draft.finish(found)).collect())
    }

    pub(crate) async fn resolve(&self, data: &mut dyn AnyResource) -> Result<Violations, Error> {
        let summaries = self.look_up(std::iter::once(&mut *data), Vec::new()).await?;
        Ok(resolved(data, &summaries))
    }

    async fn look_up<'a>(
        &self,
        all: impl Iterator<Item = &'a mut dyn AnyResource>,
        unparsed_references: Vec<(&'static str, Key)>,
    ) -> Result<Summaries, Error> {
        let mut keys_by_resource: HashMap<&'static str, HashSet<Key>> = HashMap::new();
        for (resource, key) in unparsed_references {
            keys_by_resource.entry(resource).or_default().insert(key);
        }
        for data in all {
            data.references(&mut |pending| {
                keys_by_resource.entry(pending.resource).or_default().insert(pending.link.key.clone());
            });
        }
        let mut found = HashMap::new();
        for (resource, keys) in keys_by_resource {
            let keys: Vec<_> = keys.into_iter().collect();
            let summaries = reference_lookup::by_key(self.tx(), self.actor(), resource, &keys).await?;
            found.extend(summaries.into_iter().map(|(key, summary)| ((resource, key), summary)));
        }
        Ok(found)
    }
}

/// Fills in the summaries of the references; the violations are the unknown references.
fn resolved(data: &mut dyn AnyResource, summaries: &Summaries) -> Violations {
    let mut violations = Violations::default();
    data.references(&mut |pending| {
        pending.link.summary = summaries.get(&(pending.resource, pending.link.key.clone())).cloned();
        if pending.link.summary.is_none() {
            unknown_reference(pending.resource, &pending.link.key, pending.pointer, &mut violations);
        }
    });
    violations
}

fn unknown_reference(resource: &str, key: &Key, pointer: String, violations: &mut Violations) {
    let kind = resource.replace('_', " ");
    let detail = bilingual!("There is no {kind} `{key}`.", "`{key}` gibt es nicht (gesucht: `{resource}`).");
    violations.member(pointer, "unknown_reference", detail);
}

/// Returns the resource and the key of a reference in a body that could not be read; `None` if it refers to
/// no known resource.
fn resource_and_key(reference: &UnparsedReference) -> Option<(&'static str, Key)> {
    let table = tables().iter().find(|table| reference.refers_to(table.name()))?;
    Some((table.name(), reference.key.clone()))
}
