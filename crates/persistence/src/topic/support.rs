//! Support for topics: once per member, and recorded in the change log as a sub-resource of the topic, which
//! itself is not changed.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query};
use serde_json::json;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::{Action, Grant};
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::change_log::ChangeAction;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::reference::{Key, ReferenceSummary};
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::value::Visibility;
use vku_domain::topic::{SUPPORT, Topic};

use crate::kernel::database::error::failed;
use crate::kernel::id::new_id;
use crate::kernel::read::load::{Parents, by_key};
use crate::kernel::read::reference_lookup;
use crate::kernel::table::Table;
use crate::kernel::table::summary::summary;
use crate::kernel::transaction::Writer;
use crate::kernel::transaction::change_log::NewChange;
use crate::membership::{has_left, has_left_detail};

/// The support of a member for a topic, which may have been withdrawn.
struct Support {
    id: Uuid,
    given: bool,
    version: i64,
}

impl Writer<'_> {
    /// Gives or withdraws the support of a member for a topic; does nothing if it is so already. Without
    /// `member`, the only member of the account is used.
    ///
    /// Errors: 400 if the member is ambiguous or unknown, 401, 403, 404.
    pub async fn support(
        &mut self,
        topic: &Key,
        member: Option<&Key>,
        given: bool,
    ) -> Result<Stored<Topic>, Error> {
        // An actor who may propose topics for a member may also support topics for it.
        let grant = self.actor().require(Topic::INFO, Action::Create)?;
        // Concurrent supporters of a topic wait for each other here.
        let mut topic: Stored<Topic> =
            by_key(Topic::TABLE, self, topic, Parents::Visible, false, Some(LockType::Update))
                .await?
                .downcast()?;
        let member = self.supporter(grant, member).await?;
        if given && has_left(self, member.id).await? {
            return Err(Error::new(Code::Forbidden, has_left_detail()));
        }
        if let Some(change) = self.set_support(&topic, &member, given).await? {
            self.record(change);
            let id = Key::Id(topic.id);
            topic = by_key(Topic::TABLE, self, &id, Parents::Visible, false, None).await?.downcast()?;
        }
        Ok(topic)
    }

    /// Returns the supporting member, if the actor may act for it.
    async fn supporter(&self, grant: Grant, member: Option<&Key>) -> Result<ReferenceSummary, Error> {
        let key = match member {
            Some(key) => key.clone(),
            None => self.own_member().await?,
        };
        let mut found =
            reference_lookup::by_key(self.tx(), self.actor(), "member", std::slice::from_ref(&key)).await?;
        let Some(member) = found.remove(&key) else {
            let detail = bilingual!("There is no member `{key}`.", "Ein Mitglied `{key}` gibt es nicht.");
            return Err(invalid_member("unknown_reference", detail));
        };
        let is_own = member.named_after.is_some_and(|utility| self.actor().owns(utility));
        if grant == Grant::All || is_own { Ok(member) } else { Err(self.actor().refusal()) }
    }

    /// Returns the only member of the account.
    async fn own_member(&self) -> Result<Key, Error> {
        let select = Query::select()
            .column("id")
            .from("member")
            .and_where(Expr::col("utility_id").is_in(self.actor().utilities.iter().copied()))
            .and_where(Expr::col("deleted_at").is_null())
            .limit(2)
            .take();
        let rows = self.tx().query_all(&select).await.map_err(failed)?;
        match rows.as_slice() {
            [only] => Ok(Key::Id(only.try_get("", "id").map_err(failed)?)),
            [] if !self.actor().is_staff() => {
                let detail = bilingual!(
                    "Your account does not belong to a member.",
                    "Ihr Konto gehört zu keinem Mitglied."
                );
                Err(Error::new(Code::Forbidden, detail))
            }
            _ => {
                let detail = bilingual!(
                    "Your account does not belong to exactly one member: specify in `member` which member supports \
                     the topic.",
                    "Ihr Konto ist nicht das eines einzigen Mitglieds: Nennen Sie in `member`, welches es unterstützt."
                );
                Err(invalid_member("required", detail))
            }
        }
    }

    /// Sets the support if it is different, and returns the change to record.
    async fn set_support(
        &self,
        topic: &Stored<Topic>,
        member: &ReferenceSummary,
        given: bool,
    ) -> Result<Option<NewChange>, Error> {
        let before = self.known_support(topic.id, member.id).await?;
        if before.as_ref().is_some_and(|support| support.given) == given {
            return Ok(None);
        }
        let (id, version, action) = match before {
            None => {
                let id = new_id();
                let insert = Query::insert()
                    .into_table("support")
                    .columns(["id", "topic_id", "member_id", "given", "version", "updated_at"])
                    .values_panic([
                        id.into(),
                        topic.id.into(),
                        member.id.into(),
                        given.into(),
                        1_i64.into(),
                        self.written_at().into(),
                    ])
                    .take();
                self.tx().execute(&insert).await.map_err(failed)?;
                (id, 1, ChangeAction::Created)
            }
            Some(Support { id, version, .. }) => {
                let version = version + 1;
                let update = Query::update()
                    .table("support")
                    .value("given", given)
                    .value("version", version)
                    .value("updated_at", self.written_at())
                    .and_where(Expr::col("id").eq(id))
                    .take();
                self.tx().execute(&update).await.map_err(failed)?;
                (id, version, if given { ChangeAction::Restored } else { ChangeAction::Deleted })
            }
        };
        Ok(Some(NewChange {
            at: self.written_at(),
            actor: self.actor().account,
            request_id: self.writing().request_id.to_owned(),
            resource: SUPPORT,
            resource_id: id,
            parent_id: Some(topic.id),
            action,
            version,
            visibility: Visibility::Members,
            state: json!({ "id": id, "topic": summary(topic), "member": member, "version": version }),
            status_change: None,
        }))
    }

    async fn known_support(&self, topic: Uuid, member: Uuid) -> Result<Option<Support>, Error> {
        let select = Query::select()
            .columns(["id", "given", "version"])
            .from("support")
            .and_where(Expr::col("topic_id").eq(topic))
            .and_where(Expr::col("member_id").eq(member))
            .take();
        let row = self.tx().query_one(&select).await.map_err(failed)?;
        row.map(|row| {
            Ok(Support {
                id: row.try_get("", "id").map_err(failed)?,
                given: row.try_get("", "given").map_err(failed)?,
                version: row.try_get("", "version").map_err(failed)?,
            })
        })
        .transpose()
    }
}

/// 400: the member is ambiguous or unknown.
fn invalid_member(code: &'static str, detail: Bilingual) -> Error {
    Error::invalid_parameter("member", code, detail)
}
