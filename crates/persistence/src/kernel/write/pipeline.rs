//! The steps of a write, in their order: the same for create, patch, restore, transition and imports.
//!
//! 1. **Open**: lock the parent and the row, check the permission and `If-Match` ([`Writer::open`],
//!    [`Writer::check_precondition`]).
//! 2. **Resolve** the references and codes of the body, and lock what they refer to; **validate** the data by
//!    the rules of the resource ([`Writer::resolve_and_validate`]).
//! 3. **Authorize**: ownership, the members that the role may write, and the transition of the status
//!    ([`Writer::authorize`]). The result is [`Accepted`]; nothing else can be written.
//! 4. **Claim the slug**, if it is new. A change that changes nothing ends here.
//! 5. **Check references**: resources that refer to this one may refuse a change
//!    ([`check_references`]).
//! 6. **Before write**: the resource may refuse the write, or complete the data ([`before_write`]).
//! 7. **Store** the row and its child rows, and collect the words for the search index.
//! 8. **Record** the change in the change log.
//! 9. **After write**: other resources and mails follow ([`after_write`]).
//!
//! Steps 4 to 9 are [`Writer::write`]. The writes differ in where the new data comes from:
//!
//! | write | steps 2 and 3 |
//! | --- | --- |
//! | create, patch | as above ([`Writer::accept`]) |
//! | restore | resolves and validates the stored data again; no member changes |
//! | transition | checks the transition and what the new status requires; no other member changes |
//! | import | row by row as create and patch; in a batch, step 2 takes all rows together |
//!
//! A batch (`bulk_import/batch.rs`) also takes steps 4, 7 and 8 of its new rows together. It is only used for
//! resources for which steps 5, 6 and 9 do nothing with a new row. A deletion has no new data: after step 1 it
//! checks the dependents, and goes on with step 7.
//!
//! [`check_references`]: crate::kernel::table::Table::check_references
//! [`before_write`]: crate::kernel::table::hooks::WriteHooks::before_write
//! [`after_write`]: crate::kernel::table::hooks::WriteHooks::after_write

use uuid::Uuid;
use vku_domain::kernel::access::actor::{Action, Grant};
use vku_domain::kernel::change_log::ChangeAction;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::Draft;
use vku_domain::kernel::resource::any::{AnyResource, AnyStored};
use vku_domain::kernel::value::Text;
use vku_domain::kernel::violation::Violations;

use super::record_change::{status_change, update_action};
use crate::kernel::id::new_id;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Writer;

/// The new data of a resource after step 3: resolved, valid, and permitted.
pub(crate) struct Accepted {
    table: &'static AnyTable,
    /// The id of the locked parent.
    parent: Option<Uuid>,
    /// The locked resource as it is; `None` for a new one.
    before: Option<Box<dyn AnyStored>>,
    data: Box<dyn AnyResource>,
    /// The reason for a transition.
    reason: Option<Text>,
}

impl Accepted {
    /// The new data of an existing resource, whose writing the caller has checked.
    pub(super) fn change(
        table: &'static AnyTable,
        before: Box<dyn AnyStored>,
        data: Box<dyn AnyResource>,
        reason: Option<Text>,
    ) -> Self {
        Self { table, parent: before.meta().parent, before: Some(before), data, reason }
    }

    pub(crate) fn before(&self) -> Option<&dyn AnyStored> {
        self.before.as_deref()
    }

    pub(crate) fn data(&self) -> &dyn AnyResource {
        &*self.data
    }

    pub(crate) fn into_data(self) -> Box<dyn AnyResource> {
        self.data
    }

    /// Whether the write would change nothing; restoring a resource always changes it.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.before().is_some_and(|before| is_unchanged(before, &*self.data))
    }

    /// Whether the write needs a slug that the resource does not have yet.
    pub(crate) fn has_new_slug(&self) -> bool {
        self.before().is_none_or(|before| before.data().slug() != self.data.slug())
    }
}

fn is_unchanged(before: &dyn AnyStored, data: &dyn AnyResource) -> bool {
    before.meta().deleted_at.is_none() && before.data().equals(data)
}

impl Writer<'_> {
    /// Steps 2 and 3 for a body: resolves, validates and authorizes its data. `before` is `None` on create.
    ///
    /// Errors: 403, 409 (status), 422.
    pub(super) async fn accept(
        &self,
        table: &'static AnyTable,
        draft: Draft,
        before: Option<Box<dyn AnyStored>>,
        parent: Option<&dyn AnyStored>,
    ) -> Result<Accepted, Error> {
        let old = before.as_ref().map(|before| before.data());
        let data = self.resolve_and_validate(table, draft, old, parent.map(|parent| parent.data())).await?;
        self.authorize(table, data, before, parent)
    }

    /// Step 3 for a body: checks that the actor may write the resource and the members that differ.
    ///
    /// Errors: 401, 403, 409 (the transition is not allowed, or data is missing for it).
    pub(crate) fn authorize(
        &self,
        table: &'static AnyTable,
        data: Box<dyn AnyResource>,
        before: Option<Box<dyn AnyStored>>,
        parent: Option<&dyn AnyStored>,
    ) -> Result<Accepted, Error> {
        let actor = self.actor();
        let owner = parent.map(|parent| parent.data());
        let (action, is_own) = match &before {
            None => (Action::Create, data.is_own(None, owner, actor)),
            Some(before) => (Action::Update, before.data().is_own(Some(before.id()), owner, actor)),
        };
        if actor.require(table.resource, action)? == Grant::Own && !is_own {
            return Err(actor.refusal());
        }
        let old = before.as_ref().map(|before| before.data());
        let mut violations = Violations::default();
        data.validate_changes(old, actor, &mut violations);
        Error::check_writable(violations)?;
        old.map_or(Ok(()), |old| self.check_transition(old, &*data))?;
        Ok(Accepted { table, parent: parent.map(|parent| parent.id()), before, data, reason: None })
    }

    /// Steps 4 to 9: writes accepted data, and returns the resource as the actor may read it.
    ///
    /// Errors: those of the slug, of unique constraints, and of the rules of the resource.
    pub(crate) async fn write(&mut self, accepted: Accepted) -> Result<Box<dyn AnyStored>, Error> {
        let has_new_slug = accepted.has_new_slug();
        let Accepted { table, parent, before, mut data, reason } = accepted;
        let before = before.as_deref();
        let id = before.map_or_else(new_id, |before| before.id());

        // 4. Claim the slug: one that a body leaves out is made from the name, and may be the same as before.
        if has_new_slug {
            self.claim_slug(id, &mut *data).await?;
        }
        if let Some(before) = before.filter(|before| is_unchanged(*before, &*data)) {
            let mut unchanged = before.boxed();
            self.redact(&mut *unchanged);
            return Ok(unchanged);
        }

        // 5. Check references.
        if let Some(before) = before {
            table.typed.check_references(self, before, &*data).await?;
        }

        // 6. Before write.
        if table.has_hooks {
            table.typed.before_write(self, parent, before, &mut *data).await?;
        }

        // 7. Store.
        let (action, change) = match before {
            None => (ChangeAction::Created, None),
            // Seats may have been taken meanwhile, so that a registration comes back with another status.
            Some(before) if before.meta().deleted_at.is_some() => {
                (ChangeAction::Restored, status_change(before.data(), &*data, reason))
            }
            Some(before) => update_action(before.data(), &*data, reason),
        };
        let written = match before {
            None => self.insert(table, id, parent, data).await?,
            Some(before) if before.meta().deleted_at.is_some() => {
                self.mark_restored(table, before, &*data).await?
            }
            Some(before) => self.replace(table, before, &*data).await?,
        };

        // 8. Record.
        let after = written.record_change(self, action, change)?;

        // 9. After write.
        self.run_after_write(table, before, after).await
    }

    /// Step 9: runs the hook after a write, which may change the derived fields of the resource.
    pub(super) async fn run_after_write(
        &mut self,
        table: &'static AnyTable,
        before: Option<&dyn AnyStored>,
        after: Box<dyn AnyStored>,
    ) -> Result<Box<dyn AnyStored>, Error> {
        if !table.has_hooks {
            return Ok(after);
        }
        table.typed.after_write(self, before, &*after).await?;
        let mut after = self.read_back(table, after.id()).await?;
        self.redact(&mut *after);
        Ok(after)
    }
}
