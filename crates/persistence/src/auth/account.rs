//! The accounts that sign in: the users with their passwords, which are stored in a separate table.

use sea_orm::sea_query::{Expr, ExprTrait, LockType, OnConflict, Query, SelectStatement};
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::json;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::query;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::value::{Email, SingleLine};
use vku_domain::user::User;

use crate::kernel::codec::text;
use crate::kernel::database::error::failed;
use crate::kernel::database::retry::retry_on_broken_connection;
use crate::kernel::store::Store;
use crate::kernel::transaction::{WriteContext, Writer};

/// An account to create.
pub struct NewAccount {
    /// The e-mail address for signing in.
    pub email: Email,
    /// The name of the person.
    pub name: SingleLine,
    /// The role of the account.
    pub role: Role,
    /// The utilities that the account is bound to: of its own side for `member` and `partner`, none for other
    /// roles.
    pub utilities: Vec<Key>,
    /// Argon2id, as a PHC string.
    pub password_hash: String,
}

/// An account whose password is still to be verified. No `Debug`: it contains the password hash.
pub struct SigningIn {
    /// The id of the account.
    pub id: Uuid,
    /// The role of the account.
    pub role: Role,
    /// Argon2id, as a PHC string; `None` if no password has been set, so that nobody can sign in.
    pub password_hash: Option<String>,
}

#[derive(FromQueryResult)]
struct Enabled {
    id: Uuid,
    role: String,
    email_key: String,
    hash: Option<String>,
}

impl Enabled {
    /// Selects the enabled accounts, with their password hashes if they have one.
    fn select() -> SelectStatement {
        Query::select()
            .column(("user", "id"))
            .columns([("user", "role"), ("user", "email_key"), ("password", "hash")])
            .from("user")
            .left_join("password", Expr::col(("password", "user_id")).equals(("user", "id")))
            .and_where(Expr::col(("user", "disabled")).eq(false))
            .and_where(Expr::col(("user", "deleted_at")).is_null())
            .take()
    }

    fn by_id(id: Uuid) -> SelectStatement {
        Self::select().and_where(Expr::col(("user", "id")).eq(id)).take()
    }

    fn signing_in(self) -> Result<(SigningIn, String), Error> {
        Ok((SigningIn { id: self.id, role: text(self.role)?, password_hash: self.hash }, self.email_key))
    }
}

impl Writer<'_> {
    /// Creates an account.
    ///
    /// Errors: 409 if the e-mail address is taken, 422 if the utilities do not fit the role.
    pub async fn add_account(&mut self, new: NewAccount) -> Result<Uuid, Error> {
        let NewAccount { email, name, role, utilities, password_hash } = new;
        let mut utilities: Vec<_> = utilities.iter().map(Key::to_string).collect();
        utilities.sort_unstable();
        utilities.dedup();
        let body = json!({ "email": email, "name": name, "role": role, "utilities": utilities });
        let user = self.create::<User>(None, body).await?;
        self.set_password(user.id, &password_hash).await?;
        Ok(user.id)
    }

    /// Locks the account until the end of the write, and returns its role; `None` if it has been disabled or
    /// its password has changed.
    pub(crate) async fn lock_unchanged_account(&self, account: &SigningIn) -> Result<Option<Role>, Error> {
        self.lock_account(account.id).await?;
        // A separate statement: its snapshot is taken after the lock has been acquired.
        let found = self.enabled(&Enabled::by_id(account.id)).await?.map(Enabled::signing_in).transpose()?;
        let same = |(found, _): &(SigningIn, String)| found.password_hash == account.password_hash;
        Ok(found.filter(same).map(|(found, _)| found.role))
    }

    /// Locks the account until the end of the write, against changes of the account and its password.
    pub(crate) async fn lock_account(&self, account: Uuid) -> Result<(), Error> {
        let lock = Query::select()
            .column("id")
            .from("user")
            .and_where(Expr::col("id").eq(account))
            .lock(LockType::Update)
            .take();
        self.tx().query_one(&lock).await.map(drop).map_err(failed)
    }

    /// Returns the role of the account; `None` if it is disabled.
    pub(crate) async fn role_of(&self, account: Uuid) -> Result<Option<Role>, Error> {
        let found = self.enabled(&Enabled::by_id(account)).await?;
        found.map(|found| text(found.role).map_err(Error::from)).transpose()
    }

    async fn enabled(&self, select: &SelectStatement) -> Result<Option<Enabled>, Error> {
        let row = self.tx().query_one(select).await.map_err(failed)?;
        row.map(|row| Enabled::from_query_result(&row, "")).transpose().map_err(failed)
    }

    /// Sets the password of the account.
    pub(crate) async fn set_password(&self, account: Uuid, hash: &str) -> Result<(), Error> {
        let insert = Query::insert()
            .into_table("password")
            .columns(["user_id", "hash", "changed_at"])
            .values_panic([account.into(), hash.into(), self.written_at().into()])
            .on_conflict(OnConflict::column("user_id").update_columns(["hash", "changed_at"]).to_owned())
            .take();
        self.tx().execute(&insert).await.map_err(failed)?;
        Ok(())
    }
}

impl Store {
    /// Creates an account.
    ///
    /// Errors: 409 if the e-mail address is taken, 422 if the utilities do not fit the role.
    pub async fn add_account(&self, new: NewAccount) -> Result<Uuid, Error> {
        self.as_operator(async |writer| writer.add_account(new).await).await
    }

    /// Returns the account with this address; `None` if there is none, or it is disabled. One query in each
    /// case, so that the response time discloses nothing.
    ///
    /// Errors: the database is unavailable.
    pub async fn signing_in(&self, email: &Email) -> Result<Option<SigningIn>, Error> {
        let select = Enabled::select().and_where(Expr::col(("user", "email_key")).eq(email.folded())).take();
        Ok(self.enabled(&select).await?.map(|(account, _)| account))
    }

    /// Returns the account with this id for verifying its password, and the folded e-mail address.
    ///
    /// Errors: the database is unavailable.
    pub async fn signed_in(&self, id: Uuid) -> Result<Option<(SigningIn, String)>, Error> {
        self.enabled(&Enabled::by_id(id)).await
    }

    /// Returns the user with this id.
    ///
    /// Errors: the database is unavailable.
    pub async fn account(&self, id: Uuid) -> Result<Option<Stored<User>>, Error> {
        let operator = Actor::operator(self.now());
        match self.read(&operator).await?.get::<User>(&Key::Id(id), None, false).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.code == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns all accounts, ordered by name.
    ///
    /// Errors: the database is unavailable.
    pub async fn accounts(&self) -> Result<Vec<Stored<User>>, Error> {
        let operator = Actor::operator(self.now());
        let reader = self.read(&operator).await?;
        let (mut query, mut accounts) = (query::Query::<User>::all(), Vec::new());
        loop {
            let page = reader.list(&query, None).await?;
            accounts.extend(page.items);
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return Ok(accounts),
            }
        }
    }

    /// Disables an account: it can no longer sign in or use its tokens.
    ///
    /// Errors: 404 if there is no enabled account with this address.
    pub async fn disable_account(&self, email: &Email) -> Result<(), Error> {
        let not_found = || {
            let detail = bilingual!(
                "There is no enabled account with this e-mail address.",
                "Ein aktives Konto mit dieser Adresse gibt es nicht."
            );
            Error::new(Code::NotFound, detail)
        };
        let select = Query::select()
            .column("id")
            .from("user")
            .and_where(Expr::col("email_key").eq(email.folded()))
            .and_where(Expr::col("disabled").eq(false))
            .and_where(Expr::col("deleted_at").is_null())
            .take();
        self.as_operator(async |writer| {
            let row = writer.tx().query_one(&select).await.map_err(failed)?.ok_or_else(not_found)?;
            let key = Key::Id(row.try_get("", "id").map_err(failed)?);
            let change = json!({ "disabled": true });
            writer.patch::<User>(&key, None, &Precondition::Any, change).await.map(drop)
        })
        .await
    }

    /// Writes as the operator at the command line.
    async fn as_operator<R>(
        &self,
        work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let operator = Actor::operator(self.now());
        let writing = WriteContext {
            actor: &operator,
            request_id: "command",
            dry_run: false,
            origin: InputSource::Import,
        };
        self.write(&writing, work).await
    }

    async fn enabled(&self, select: &SelectStatement) -> Result<Option<(SigningIn, String)>, Error> {
        let row = retry_on_broken_connection(|| self.database().reading().query_one(select))
            .await
            .map_err(failed)?;
        let found = row.map(|row| Enabled::from_query_result(&row, "")).transpose().map_err(failed)?;
        found.map(Enabled::signing_in).transpose()
    }
}
