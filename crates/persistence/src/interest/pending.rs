//! What somebody sent without an account, until it is confirmed by the link that was sent to the address given, or until
//! that expires. It is no resource yet: it stands in no list, no search and no log.

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
use crate::kernel::store::Store;
use crate::kernel::transaction::{WriteContext, Writer};

/// How long the link is good.
const GOOD: TimeDelta = TimeDelta::days(7);
/// How long it is known after that, so that whoever follows it late is told why it does nothing.
const KNOWN: TimeDelta = TimeDelta::days(30);
/// What the tokens in the links are bound to.
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

/// What a link is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// It can be followed until then.
    Good(DateTime<Utc>),
    /// It was followed before.
    Used,
    /// It is too old.
    Expired,
}

impl Link {
    fn of(found: Option<&row::Model>, now: DateTime<Utc>) -> Self {
        match found {
            Some(row) if row.confirmed_at.is_some() => Self::Used,
            Some(row) if row.body.is_some() && now < row.created_at + GOOD => {
                Self::Good(row.created_at + GOOD)
            }
            _ => Self::Expired,
        }
    }
}

/// What is told of a link that cannot be followed.
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
    /// Keeps what somebody sent, and writes to the address given; `link` makes the link for an id.
    ///
    /// Errors: the database is away.
    pub async fn request_interest(
        &mut self,
        new: &NewInterest,
        link: impl FnOnce(Uuid) -> String,
    ) -> Result<(), Error> {
        let (id, at) = (Uuid::now_v7(), self.written_at());
        let row = row::Model { id, created_at: at, confirmed_at: None, body: Some(to_json(new)?) };
        let insert = row::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.tx()).await.map_err(failed)?;
        let (to, until) = (new.person.email.clone(), (at + GOOD).date_naive());
        self.post(mail::confirm(to, new.language, &link(id), until)).await
    }
}

impl Store {
    /// The token of the link to what has this id.
    pub fn interest_token(&self, id: Uuid) -> String {
        self.token_key().sign(CONTEXT, id.as_bytes())
    }

    /// What the link with this token is worth; nothing happens. `None` where it is none of ours.
    ///
    /// Errors: the database is away.
    pub async fn interest_link(&self, token: &str) -> Result<Option<Link>, Error> {
        let Some(id) = self.interest_of(token) else { return Ok(None) };
        let found = row::Entity::find_by_id(id).one(self.database().reading()).await.map_err(failed)?;
        Ok(Some(Link::of(found.as_ref(), self.now())))
    }

    /// Confirms what the link was sent for: from now on it is a registration.
    ///
    /// Errors: 404 for a token that is none of ours, 409 where the link was used or has expired.
    pub async fn confirm_interest(
        &self,
        token: &str,
        request_id: &str,
    ) -> Result<Stored<InterestRegistration>, Error> {
        let id = self.interest_of(token).ok_or_else(Error::not_found)?;
        // Whoever has the link may do this one thing.
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

    /// Forgets what was not confirmed in time, and some time later that there was a link.
    ///
    /// Errors: the database is away.
    pub async fn sweep_interests(&self) -> Result<u64, Error> {
        self.in_own_transaction(async |writer| {
            let (tx, at) = (writer.tx(), writer.written_at());
            let emptied = row::Entity::update_many()
                .col_expr(row::Column::Body, Expr::val(None::<Json>))
                .filter(row::Column::Body.is_not_null())
                .filter(row::Column::CreatedAt.lt(at - GOOD));
            let emptied = emptied.exec(tx).await.map_err(failed)?.rows_affected;
            let forgotten = row::Entity::delete_many().filter(row::Column::CreatedAt.lt(at - KNOWN));
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
