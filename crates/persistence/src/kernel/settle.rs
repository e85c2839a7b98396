//! What a body refers to is looked up inside the write, and its rules are checked: all faults at once.

use std::collections::HashMap;

use vku_domain::kernel::draft::Draft;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::reference::Key;
use vku_domain::kernel::violation::Violations;
use vku_domain::say;

use super::store::Writer;
use super::table::Table;
use super::{card, code};

impl Writer<'_> {
    /// Resolves the references and codes of a draft and checks the rules, so that all faults are told at once.
    pub(super) async fn settle<T: Table>(&self, mut draft: Draft<T>) -> Result<T, Error> {
        let mut violations = Violations::default();
        if let Some(data) = &mut draft.data {
            violations = self.resolve(data).await?;
            violations.append(code::unknown(self.tx(), data).await?);
            data.rules(&mut violations);
        }
        draft.finish(violations)
    }

    pub(crate) async fn resolve<T: Table>(&self, data: &mut T) -> Result<Violations, Error> {
        let mut wanted: HashMap<&'static str, Vec<Key>> = HashMap::new();
        data.references(&mut |pending| {
            wanted.entry(pending.resource).or_default().push(pending.link.key.clone())
        });
        let mut found = HashMap::new();
        for (resource, keys) in wanted {
            let cards = card::by_key(self.tx(), self.actor(), resource, &keys).await?;
            found.extend(cards.into_iter().map(|(key, card)| ((resource, key), card)));
        }
        let mut violations = Violations::default();
        data.references(&mut |pending| {
            pending.link.card = found.get(&(pending.resource, pending.link.key.clone())).cloned();
            if pending.link.card.is_none() {
                let (resource, key) = (pending.resource, &pending.link.key);
                let kind = resource.replace('_', " ");
                let detail =
                    say!("There is no {kind} `{key}`.", "`{key}` gibt es nicht (gesucht: `{resource}`).");
                violations.member(pending.pointer, "unknown_reference", detail);
            }
        });
        Ok(violations)
    }
}
