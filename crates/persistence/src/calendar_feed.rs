//! Secret links to the calendar of a member, for programs that support no other credentials. Only the SHA-256
//! of the token is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use vku_domain::kernel::access::actor::{Action, Actor, Role};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::member::{Member, MemberStatus};

use crate::kernel::database::error::failed;
use crate::kernel::store::Store;
use crate::kernel::transaction::Writer;

/// The prefix of the tokens, by which secret scanners find them.
const PREFIX: &str = "vkc_";

impl Writer<'_> {
    /// Creates the link of a member, replacing an existing one, and returns its token, which is not stored.
    ///
    /// Errors: 401, 403, 404.
    pub async fn make_calendar_link(&mut self, member: &Key) -> Result<String, Error> {
        let member = self.open::<Member>(Action::Update, member).await?;
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(Error::internal)?;
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
        let hash: Vec<u8> = Sha256::digest(&token).to_vec();
        let insert = Query::insert()
            .into_table("calendar_link")
            .columns(["member_id", "hash", "created_at"])
            .values_panic([member.id.into(), hash.into(), self.written_at().into()])
            .on_conflict(OnConflict::column("member_id").update_columns(["hash", "created_at"]).to_owned())
            .take();
        self.tx().execute(&insert).await.map_err(failed)?;
        Ok(token)
    }

    /// Revokes the link of a member, if there is one.
    ///
    /// Errors: 401, 403, 404.
    pub async fn revoke_calendar_link(&mut self, member: &Key) -> Result<(), Error> {
        let member = self.open::<Member>(Action::Update, member).await?;
        let delete = Query::delete()
            .from_table("calendar_link")
            .and_where(Expr::col("member_id").eq(member.id))
            .take();
        self.tx().execute(&delete).await.map(drop).map_err(failed)
    }
}

impl Store {
    /// Returns the actor of the link with this token: the role `member`, bound to the utility of the member;
    /// `None` if the link was revoked, or the member has left.
    ///
    /// Errors: the database is unavailable.
    pub async fn calendar_reader(&self, token: &str) -> Result<Option<Actor>, Error> {
        if !token.starts_with(PREFIX) {
            return Ok(None);
        }
        let hash: Vec<u8> = Sha256::digest(token).to_vec();
        let select = Query::select()
            .column(("member", "utility_id"))
            .from("calendar_link")
            .inner_join("member", Expr::col(("member", "id")).equals(("calendar_link", "member_id")))
            .and_where(Expr::col(("calendar_link", "hash")).eq(hash))
            .and_where(Expr::col(("member", "deleted_at")).is_null())
            .and_where(
                Expr::col(("member", "status"))
                    .is_null()
                    .or(Expr::col(("member", "status")).ne(MemberStatus::Left.as_str())),
            )
            .take();
        let row = self.database().reading().query_one(&select).await.map_err(failed)?;
        let utility = row.map(|row| row.try_get::<Uuid>("", "utility_id")).transpose().map_err(failed)?;
        let reader = |utility| Actor {
            role: Some(Role::Member),
            utilities: vec![utility],
            ..Actor::public(self.now())
        };
        Ok(utility.map(reader))
    }
}
