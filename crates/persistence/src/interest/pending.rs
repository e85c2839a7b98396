//! Interest registrations that were sent without an account, until they are confirmed by the link in an e-mail
//! or the link expires. They are not resources yet: they are in no list, search or log.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{IntoActiveModel, QuerySelect};
use vku_domain::bilingual;
use vku_domain::interest::{InterestRegistration, NewInterest, mail};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::parameters::InstantParam;
use vku_domain::kernel::resource::Stored;

use crate::kernel::codec::{json, to_json};
use crate::kernel::database::error::failed;
use crate::kernel::id::new_id;
use crate::kernel::store::Store;
use crate::kernel::transaction::{WriteContext, Writer};

/// How long the link is valid.
const LIFETIME: TimeDelta = TimeDelta::days(7);
/// How long the link is known after it was sent, so that a late click gets an explanation.
const RETENTION: TimeDelta = TimeDelta::days(30);
/// The context of the tokens in the links.
const CONTEXT: &[u8] = b"interest";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "interest_request")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub created_at: DateTimeUtc,
        pub confirmed_at: Option<DateTimeUtc>,
        pub body: Option<Json>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The state of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The link can be used until this instant.
    Good(DateTime<Utc>),
    /// The link has been used.
    Used,
    /// The link has expired.
    Expired,
}

impl Link {
    fn of(found: Option<&row::Model>, now: DateTime<Utc>) -> Self {
        match found {
            Some(row) if row.confirmed_at.is_some() => Self::Used,
            Some(row) if row.body.is_some() && now < row.created_at + LIFETIME => {
                Self::Good(row.created_at + LIFETIME)
            }
            _ => Self::Expired,
        }
    }
}

/// Returns the error for a link that cannot be used.
pub fn refused(link: Link) -> Error {
    match link {
        Link::Used => Error::new(
            Code::LinkUsed,
            bilingual!(
                "This link has already been used; there is nothing more to do.",
                "Diesem Link wurde schon gefolgt; es ist nichts weiter zu tun."
            ),
        ),
        Link::Good(_) | Link::Expired => Error::new(
            Code::LinkExpired,
            bilingual!(
                "This link has expired; please register again.",
                "Dieser Link ist abgelaufen; bitte melden Sie sich noch einmal."
            ),
        ),
    }
}

impl Writer<'_> {
    /// Stores an unconfirmed registration, and e-mails the link to the given address; `link` makes the link for
    /// an id.
    ///
    /// Errors: the database is unavailable.
    pub async fn request_interest(
        &mut self,
        new: &NewInterest,
        link: impl FnOnce(Uuid) -> String,
    ) -> Result<(), Error> {
        let (id, at) = (new_id(), self.written_at());
        let row = row::Model { id, created_at: at, confirmed_at: None, body: Some(to_json(new)?) };
        let insert = row::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.tx()).await.map_err(failed)?;
        let (to, until) = (new.person.email.clone(), (at + LIFETIME).date_naive());
        self.post(mail::confirm(to, new.language, &link(id), until)).await
    }
}

impl Store {
    /// Returns the token of the link for this id.
    pub fn interest_token(&self, id: Uuid) -> String {
        self.token_key().sign(CONTEXT, id.as_bytes())
    }

    /// Returns the state of the link with this token without changing anything; `None` if we did not issue
    /// the token.
    ///
    /// Errors: the database is unavailable.
    pub async fn interest_link(&self, token: &str) -> Result<Option<Link>, Error> {
        let Some(id) = self.interest_of(token) else { return Ok(None) };
        let found = row::Entity::find_by_id(id).one(self.database().reading()).await.map_err(failed)?;
        Ok(Some(Link::of(found.as_ref(), self.now())))
    }

    /// Confirms a registration by its link: it becomes a resource.
    ///
    /// Errors: 404 for a token that we did not issue, 409 if the link was used or has expired.
    pub async fn confirm_interest(
        &self,
        token: &str,
        request_id: &str,
    ) -> Result<Stored<InterestRegistration>, Error> {
        let id = self.interest_of(token).ok_or_else(Error::not_found)?;
        // The link authorises this one write.
        let operator = Actor::operator(self.now());
        let writing =
            WriteContext { actor: &operator, request_id, dry_run: false, origin: InputSource::Request };
        self.write(&writing, async |writer| {
            let found = row::Entity::find_by_id(id).lock(LockType::Update).one(writer.tx()).await;
            let found = found.map_err(failed)?;
            let link = Link::of(found.as_ref(), writer.written_at());
            let row = found.filter(|_| matches!(link, Link::Good(_))).ok_or_else(|| refused(link))?;
            let body = row.body.ok_or_else(|| refused(Link::Expired))?;
            let new: NewInterest = json(body)?;
            let confirmed = to_json(&new.confirmed(InstantParam(row.created_at)))?;
            let used = row::Entity::update_many()
                .col_expr(row::Column::ConfirmedAt, Expr::val(writer.written_at()))
                .col_expr(row::Column::Body, Expr::val(None::<Json>))
                .filter(row::Column::Id.eq(id));
            used.exec(writer.tx()).await.map_err(failed)?;
            writer.create::<InterestRegistration>(None, confirmed).await
        })
        .await
    }

    /// Deletes the data of registrations that were not confirmed in time, and later the record of their
    /// links.
    ///
    /// Errors: the database is unavailable.
    pub async fn sweep_interests(&self) -> Result<u64, Error> {
        self.in_own_transaction(async |writer| {
            let (tx, at) = (writer.tx(), writer.written_at());
            let emptied = row::Entity::update_many()
                .col_expr(row::Column::Body, Expr::val(None::<Json>))
                .filter(row::Column::Body.is_not_null())
                .filter(row::Column::CreatedAt.lt(at - LIFETIME));
            let emptied = emptied.exec(tx).await.map_err(failed)?.rows_affected;
            let forgotten = row::Entity::delete_many().filter(row::Column::CreatedAt.lt(at - RETENTION));
            forgotten.exec(tx).await.map_err(failed)?;
            Ok(emptied)
        })
        .await
    }

    fn interest_of(&self, token: &str) -> Option<Uuid> {
        let payload = self.token_key().open(CONTEXT, token)?;
        payload.try_into().ok().map(Uuid::from_bytes)
    }
}
