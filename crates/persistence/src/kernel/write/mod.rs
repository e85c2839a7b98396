//! Writing, for all kinds of resources: create, patch, delete, restore. Transitions are in
//! [`transition`].
//!
//! May import `read` and everything below it, but neither `bulk_import` nor `store`.

pub(crate) mod code_lists;
pub mod dependents;
pub(crate) mod resolve;
pub(crate) mod slug;
pub mod transition;
pub(crate) mod unique;

use crate::kernel::id::new_id;
use std::collections::HashMap;

use sea_orm::sea_query::{ExprTrait, LockType};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::Value;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::contact::Contact;
use vku_domain::kernel::access::actor::{Action, Grant};
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::change_log::{ChangeAction, StatusChange};
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::input::draft::Draft;
use vku_domain::kernel::resource::lifecycle::State;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::value::Text;
use vku_domain::kernel::violation::Violations;
use vku_domain::member::Member;

use self::dependents::Which;
use super::database::error::failed;
use super::read::history::logged_visibility;
use super::read::load;
use super::read::load::by_key;
use super::table::child_rows::ChildRows;
use super::table::row::{Meta, Row};
use super::table::{Parent, Table, child_rows, column};
use super::transaction::Writer;
use crate::kernel::transaction::change_log::NewChange;

impl Writer<'_> {
    /// Creates a resource from the body of a `POST`.
    ///
    /// Errors: 401, 403, 404 (no such parent), 409 (slug taken), 422.
    pub async fn create<T: Table>(&mut self, parent: Option<&Key>, body: Value) -> Result<Stored<T>, Error> {
        let grant = self.actor().require::<T>(Action::Create)?;
        let parent = T::Parent::open(self, parent, Some(T::PARENT_LOCK)).await?;
        let draft = Draft::<T>::create(self.actor(), body, self.writing().origin)?;
        let (parent_id, parent) = parent.map(|(summary, parent)| (summary.id, parent)).unzip();
        let mut data = self.resolve_and_validate(draft, None, parent.as_ref()).await?;
        if grant == Grant::Own && !data.is_own(None, parent.as_ref(), self.actor()) {
            return Err(self.actor().refusal());
        }
        self.check_writable_members(None, &data)?;
        T::before_write(self, parent_id, None, &mut data).await?;
        let id = new_id();
        self.claim_slug(id, &mut data).await?;
        let at = self.written_at();
        let meta =
            Meta { id, parent: parent_id, version: 1, created_at: at, updated_at: at, deleted_at: None };
        let (row, links) = row::<T>(meta, &data)?;
        let row = row.into_active_model();
        unique::check::<T>(self, id, &row).await?;
        let inserted = T::Entity::insert(row).exec_without_returning(self.tx()).await;
        inserted.map_err(unique::failed::<T>)?;
        child_rows::save::<T>(self.tx(), id, links, true).await?;
        self.reindex_resource(id, None, &data);
        let created = match parent_id {
            None => {
                let stored = self.as_read(vec![(meta, data)]).await?.pop();
                let stored = stored.ok_or_else(|| Error::internal("what was written is not there"))?;
                self.log(stored, ChangeAction::Created, None)?
            }
            Some(_) => self.noted::<T>(id, ChangeAction::Created, None).await?,
        };
        self.run_after_write(None, created).await
    }

    /// Changes a resource by the body of a `PATCH` (RFC 7396). A patch that changes nothing writes nothing.
    ///
    /// Errors: 401, 403, 404, 409 (slug taken, status, dependents), 412, 422, 428.
    pub async fn patch<T: Table>(
        &mut self,
        key: &Key,
        parent: Option<&Key>,
        precondition: &Precondition,
        body: Value,
    ) -> Result<Stored<T>, Error> {
        let (before, parent) = self.open::<T>(Action::Update, key, parent, false).await?;
        self.check(&before, precondition)?;
        let draft = Draft::patch(self.actor(), &before, body, self.writing().origin)?;
        let mut data = self.resolve_and_validate(draft, Some(&before.data), parent.as_ref()).await?;
        self.check_writable_members(Some(&before.data), &data)?;
        self.led(&before.data, &data)?;
        if data.slug() != before.data.clone().slug() {
            self.claim_slug(before.id, &mut data).await?;
        }
        if data == before.data {
            return Ok(self.shown(before));
        }
        T::check_references(self, &before, &data).await?;
        T::before_write(self, parent_of(&before), Some(&before), &mut data).await?;
        let change = status_change(&before.data, &data, None);
        let action = if change.is_some() { ChangeAction::Transitioned } else { ChangeAction::Updated };
        let after = self.replace(before.clone(), data).await?.record_change(self, action, change).await?;
        self.run_after_write(Some(&before), after).await
    }

    /// Soft-deletes a resource.
    ///
    /// Errors: 401, 403, 404, 409 (dependents), 412, 428.
    pub async fn delete<T: Table>(
        &mut self,
        key: &Key,
        parent: Option<&Key>,
        precondition: &Precondition,
    ) -> Result<(), Error> {
        let (before, _) = self.open::<T>(Action::Delete, key, parent, false).await?;
        self.check(&before, precondition)?;
        self.unneeded(T::NAME, before.id).await?;
        let after = self
            .mark_deleted::<T>(&before, true)
            .await?
            .record_change(self, ChangeAction::Deleted, None)
            .await?;
        self.run_after_write(Some(&before), after).await.map(drop)
    }

    /// Refuses to delete a resource that others refer to.
    async fn unneeded(&self, resource: &'static str, id: Uuid) -> Result<(), Error> {
        let which = if self.cancels() { Which::NoRegistrations } else { Which::All };
        let dependents = dependents::dependents(self.tx(), (resource, id), which, self.written_at()).await?;
        if dependents.is_empty() {
            return Ok(());
        }
        let detail = bilingual!(
            "Other resources refer to this one; see `dependents`.",
            "Anderes verweist darauf; siehe `dependents`."
        );
        let registered = resource == Contact::NAME || resource == <Member as Resource>::NAME;
        let detail = if registered { detail.then(cancelling()) } else { detail };
        Err(Error { dependents, ..Error::new(Code::HasDependents, detail) })
    }

    /// Refuses the withdrawal of a contact or member with registrations for future sessions, unless the same
    /// request cancels these.
    ///
    /// Errors: 409.
    pub(crate) async fn unregistered(&self, resource: &'static str, id: Uuid) -> Result<(), Error> {
        if self.cancels() {
            return Ok(());
        }
        let dependents =
            dependents::dependents(self.tx(), (resource, id), Which::Registrations, self.written_at())
                .await?;
        if dependents.is_empty() {
            return Ok(());
        }
        let detail = bilingual!(
            "People from this member are registered for future sessions; see `dependents`.",
            "Personen dieses Mitglieds sind für künftige Sitzungen angemeldet; siehe `dependents`."
        );
        Err(Error { dependents, ..Error::new(Code::HasDependents, detail.then(cancelling())) })
    }

    /// Restores a deleted resource.
    ///
    /// Errors: 401, 403, 404, 409 (not deleted, or a resource that it refers to is deleted), 412.
    pub async fn restore<T: Table>(
        &mut self,
        key: &Key,
        parent: Option<&Key>,
        precondition: &Precondition,
    ) -> Result<Stored<T>, Error> {
        self.actor().require::<T>(Action::Restore)?;
        let (deleted, parent) = match self.open::<T>(Action::Restore, key, parent, true).await {
            Err(error) if error.code == Code::NotFound => {
                // The resource may exist without being deleted.
                self.open::<T>(Action::Restore, key, parent, false).await?;
                let detail = bilingual!("The resource is not deleted.", "Es ist nicht gelöscht.");
                return Err(Error::new(Code::NotDeleted, detail));
            }
            found => found?,
        };
        if *precondition != Precondition::Missing {
            self.check(&deleted, precondition)?;
        }
        let mut data = deleted.data.clone();
        let mut violations = self.resolve(&mut data).await?;
        violations.append(code_lists::unknown(self.tx(), &data).await?);
        data.validate(&mut violations);
        parent.iter().for_each(|parent| data.validate_with_parent(parent, &mut violations));
        if !violations.is_empty() {
            let detail = bilingual!(
                "A resource that this one refers to is deleted or has changed; see `errors`.",
                "Worauf es verweist, ist gelöscht oder hat sich geändert; siehe `errors`."
            );
            return Err(Error::with_violations(Code::ReferenceGone, detail, violations));
        }
        let dependents = dependents::gone_for_parts::<T>(self.tx(), deleted.id, self.written_at()).await?;
        if !dependents.is_empty() {
            let detail = bilingual!(
                "A resource that sub-resources refer to is deleted; see `dependents`.",
                "Worauf Teile davon verweisen, ist gelöscht; siehe `dependents`."
            );
            return Err(Error { dependents, ..Error::new(Code::ReferenceGone, detail) });
        }
        T::before_write(self, parent_of(&deleted), Some(&deleted), &mut data).await?;
        let revived = Stored { data, ..deleted.clone() };
        let after = self
            .mark_deleted::<T>(&revived, false)
            .await?
            .record_change(self, ChangeAction::Restored, None)
            .await?;
        self.run_after_write(Some(&deleted), after).await
    }

    /// Returns the locked resource with its parent, if the actor sees it and may change it.
    pub(crate) async fn open<T: Table>(
        &self,
        action: Action,
        key: &Key,
        parent: Option<&Key>,
        deleted: bool,
    ) -> Result<(Stored<T>, Option<T::Parent>), Error> {
        let grant = self.actor().require::<T>(action)?;
        let parent = T::Parent::open(self, parent, Some(T::PARENT_LOCK)).await?;
        let (parent_id, parent) = parent.map(|(summary, parent)| (summary.id, parent)).unzip();
        let stored = by_key::<T>(self, key, parent_id, deleted, Some(LockType::Update)).await?;
        if grant == Grant::Own && !stored.data.is_own(Some(stored.id), parent.as_ref(), self.actor()) {
            return Err(self.actor().refusal());
        }
        Ok((stored, parent))
    }

    /// Changes a resource because another one was changed, without checking permissions; runs no write hooks.
    pub(crate) async fn update_as_side_effect<T: Table>(
        &mut self,
        before: Stored<T>,
        data: T,
    ) -> Result<Stored<T>, Error> {
        let change = status_change(&before.data, &data, None);
        let action = if change.is_some() { ChangeAction::Transitioned } else { ChangeAction::Updated };
        self.replace(before, data).await?.record_change(self, action, change).await
    }

    /// Runs [`Table::after_write`], which may change the derived members of the resource.
    pub(super) async fn run_after_write<T: Table>(
        &mut self,
        before: Option<&Stored<T>>,
        after: Stored<T>,
    ) -> Result<Stored<T>, Error> {
        if !T::HAS_WRITE_HOOKS {
            return Ok(after);
        }
        T::after_write(self, before, &after).await?;
        let after = self.written::<T>(after.id).await?;
        Ok(self.shown(after))
    }

    /// 428 without `If-Match`, 412 if it has another version. The current entity tag in the error is that of
    /// the representation that the actor may read.
    pub(crate) fn check<T: Table>(
        &self,
        stored: &Stored<T>,
        precondition: &Precondition,
    ) -> Result<(), Error> {
        let (code, detail) = match precondition.allows(stored.version) {
            Some(true) => return Ok(()),
            Some(false) => (Code::PreconditionFailed, precondition.refusal(stored.version)),
            None => (
                Code::PreconditionRequired,
                bilingual!(
                    "Send `If-Match` with the `ETag` of the version that the change is based on.",
                    "Senden Sie `If-Match` mit dem `ETag` dessen, worauf die Änderung beruht."
                ),
            ),
        };
        let current = Some(Box::new(self.shown(stored.clone()).tag().map_err(Error::internal)?));
        Err(Error { current, ..Error::new(code, detail) })
    }

    pub(super) fn check_writable_members<T: Resource>(
        &self,
        before: Option<&T>,
        after: &T,
    ) -> Result<(), Error> {
        let mut violations = Violations::default();
        T::hidden_changes(before, after, self.actor(), &mut violations);
        Error::unless_writable(violations)
    }

    pub(crate) async fn replace<T: Table>(
        &mut self,
        before: Stored<T>,
        data: T,
    ) -> Result<Written<T>, Error> {
        let meta = Meta { version: before.version + 1, updated_at: self.written_at(), ..meta(&before) };
        self.update(meta, &data, before.version).await?;
        self.reindex_resource(before.id, Some(&before.data), &data);
        Ok(Written(before.id, std::marker::PhantomData))
    }

    async fn mark_deleted<T: Table>(&self, before: &Stored<T>, deleted: bool) -> Result<Written<T>, Error> {
        let deleted_at = deleted.then(|| self.written_at());
        let meta =
            Meta { version: before.version + 1, updated_at: self.written_at(), deleted_at, ..meta(before) };
        self.update(meta, &before.data, before.version).await?;
        Ok(Written(before.id, std::marker::PhantomData))
    }

    async fn update<T: Table>(&self, meta: Meta, data: &T, version: i64) -> Result<(), Error> {
        let (row, links) = row::<T>(meta, data)?;
        let row = row.into_active_model().reset_all();
        if meta.deleted_at.is_none() {
            unique::check::<T>(self, meta.id, &row).await?;
        }
        // The row is locked, so its version is the one that was read; if it ever were not, nothing would be
        // overwritten.
        let updated = T::Entity::update_many()
            .set(row)
            .filter(column::<T>("id").eq(meta.id))
            .filter(column::<T>("version").eq(version))
            .exec(self.tx())
            .await
            .map_err(unique::failed::<T>)?;
        if updated.rows_affected != 1 {
            return Err(Error::new(Code::PreconditionFailed, changed_meanwhile()));
        }
        child_rows::save::<T>(self.tx(), meta.id, links, false).await
    }

    /// Reads the written resource, as the response and as the state in the change log.
    async fn noted<T: Table>(
        &mut self,
        id: Uuid,
        action: ChangeAction,
        passage: Option<StatusChange>,
    ) -> Result<Stored<T>, Error> {
        let stored = self.written::<T>(id).await?;
        self.log(stored, action, passage)
    }

    /// Records a resource that was written and read again.
    pub(super) fn log<T: Table>(
        &mut self,
        stored: Stored<T>,
        action: ChangeAction,
        passage: Option<StatusChange>,
    ) -> Result<Stored<T>, Error> {
        self.record(NewChange {
            at: self.written_at(),
            actor: self.actor().account,
            request_id: self.writing().request_id.to_owned(),
            resource: T::NAME,
            resource_id: stored.id,
            parent_id: parent_of(&stored),
            action,
            version: stored.version,
            visibility: logged_visibility(&stored),
            state: logged_state(&stored)?,
            passage,
        });
        Ok(self.shown(stored))
    }

    /// Returns inserted resources as they would be read, without queries for their columns and child rows.
    pub(super) async fn as_read<T: Table>(&self, inserted: Vec<(Meta, T)>) -> Result<Vec<Stored<T>>, Error> {
        let mut all = Vec::with_capacity(inserted.len());
        for (meta, mut inserted) in inserted {
            let (columns, links) = T::to_row(&inserted)?;
            let mut data = T::from_row(columns, links)?;
            let mut summaries = HashMap::new();
            inserted.references(&mut |pending| {
                summaries.extend(pending.link.card.clone().map(|summary| (Key::Id(summary.id), summary)));
            });
            data.references(&mut |pending| {
                let link = pending.link;
                link.key = link.card.as_ref().map_or_else(|| link.key.clone(), |summary| Key::Id(summary.id));
                link.card = summaries.get(&link.key).cloned();
            });
            let Meta { id, version, created_at, updated_at, deleted_at, .. } = meta;
            let derived = T::Derived::default();
            all.push(Stored { id, parent: None, data, derived, created_at, updated_at, version, deleted_at });
        }
        T::derive(self, &mut all).await?;
        Ok(all)
    }

    async fn written<T: Table>(&self, id: Uuid) -> Result<Stored<T>, Error> {
        use sea_orm::QueryTrait;
        let select = T::Entity::find().filter(column::<T>("id").eq(id));
        let tx = self.tx();
        let rows = tx.query_all_raw(select.build(tx.get_database_backend())).await.map_err(failed)?;
        load::hydrate::<T>(self, &rows).await?.pop().ok_or_else(Error::not_found)
    }
}

/// Returns the id of the parent.
pub(super) fn parent_of<T: Resource>(stored: &Stored<T>) -> Option<Uuid> {
    stored.parent.as_ref().map(|(_, parent)| parent.id)
}

/// A written row that is still to be recorded in the change log.
pub(crate) struct Written<T>(Uuid, std::marker::PhantomData<fn() -> T>);

impl<T: Table> Written<T> {
    pub(crate) async fn record_change(
        self,
        writer: &mut Writer<'_>,
        action: ChangeAction,
        passage: Option<StatusChange>,
    ) -> Result<Stored<T>, Error> {
        writer.noted(self.0, action, passage).await
    }
}

/// Returns the state for the change log.
fn logged_state<T: Resource>(stored: &Stored<T>) -> Result<Value, Error> {
    let mut state = serde_json::to_value(stored).map_err(Error::internal)?;
    if let Some(members) = state.as_object_mut() {
        members.retain(|name, _| !T::UNLOGGED.contains(&name.as_str()));
    }
    Ok(state)
}

pub(super) fn row<T: Table>(meta: Meta, data: &T) -> Result<(T::Row, ChildRows), Error> {
    let (columns, links) = T::to_row(data)?;
    let row =
        T::Row::join(meta, columns).ok_or_else(|| Error::internal("a part without what it belongs to"))?;
    Ok((row, links))
}

fn meta<T: Resource>(stored: &Stored<T>) -> Meta {
    Meta {
        id: stored.id,
        parent: parent_of(stored),
        version: stored.version,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        deleted_at: stored.deleted_at,
    }
}

pub(super) fn status_change<T: Resource>(
    before: &T,
    after: &T,
    reason: Option<Text>,
) -> Option<StatusChange> {
    let (from, to) = (before.status(), after.status()?);
    (from != Some(to)).then(|| StatusChange {
        from: from.map(|state| state.word().to_owned()),
        to: to.word().to_owned(),
        reason: reason.map(|text| text.to_string()),
    })
}

/// The part of an error that explains how to cancel registrations.
fn cancelling() -> Bilingual {
    bilingual!(
        " Use `cancel_registrations=true` to cancel registrations in the same request, without notifying \
         the people.",
        " `cancel_registrations=true` storniert Anmeldungen im selben Aufruf, ohne den Personen zu schreiben."
    )
}

fn changed_meanwhile() -> Bilingual {
    bilingual!("The resource has changed in the meantime.", "Es wurde inzwischen geändert.")
}
