//! Accounts: kept apart from the resources, because only the person and administrators may see them.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, LockType, OnConflict, Query};
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect, Select};
use vku_domain::account::Account;
use vku_domain::kernel::access::{Actor, Role};
use vku_domain::kernel::draft::Origin;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::reference::Key;
use vku_domain::kernel::value::{Email, Line};
use vku_domain::kernel::violation::Violations;
use vku_domain::say;
use vku_domain::utility::UtilityKind;

use crate::kernel::card;
use crate::kernel::connect::passing_over_broken;
use crate::kernel::error::failed;
use crate::kernel::store::{Store, Writer, Writing};
use crate::kernel::table::text;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "account")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub email: String,
        pub email_key: String,
        pub name: String,
        pub role: String,
        pub password_hash: String,
        pub created_at: DateTimeUtc,
        pub disabled_at: Option<DateTimeUtc>,
    }

    /// Prints nothing of the person.
    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Account").field("id", &self.id).finish_non_exhaustive()
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An account to be made.
pub struct NewAccount {
    /// Signs in with this.
    pub email: Email,
    /// What the person is called.
    pub name: Line,
    /// What it may do.
    pub role: Role,
    /// The utilities that it is bound to: of its own side for `member` and `partner`, none for the others.
    pub utilities: Vec<Key>,
    /// Argon2id, as a PHC string.
    pub password_hash: String,
}

/// Somebody who has still to prove who it is. Prints nothing.
pub struct SigningIn {
    /// The account.
    pub id: Uuid,
    /// What it may do.
    pub role: Role,
    /// Argon2id, as a PHC string.
    pub password_hash: String,
}

impl Writer<'_> {
    /// The role of the account, held until the write ends, as long as it is neither disabled nor has another password.
    pub(crate) async fn hold_account(&self, account: &SigningIn) -> Result<Option<Role>, Error> {
        let select = row::Entity::find_by_id(account.id).lock(LockType::Update);
        let found = select.one(self.tx()).await.map_err(failed)?;
        let same = |row: &row::Model| row.disabled_at.is_none() && row.password_hash == account.password_hash;
        found.filter(same).map(|row| text(row.role).map_err(Error::from)).transpose()
    }

    /// The role of the account; `None` where it is disabled.
    pub(crate) async fn role_of(&self, account: Uuid) -> Result<Option<Role>, Error> {
        let found = row::Entity::find_by_id(account).one(self.tx()).await.map_err(failed)?;
        let enabled = found.filter(|row| row.disabled_at.is_none());
        enabled.map(|row| text(row.role).map_err(Error::from)).transpose()
    }

    /// Gives the account another password.
    pub(crate) async fn set_password(&self, account: Uuid, hash: &str) -> Result<(), Error> {
        let update =
            row::Entity::update_many().col_expr(row::Column::PasswordHash, Expr::val(hash.to_owned()));
        update.filter(row::Column::Id.eq(account)).exec(self.tx()).await.map_err(failed)?;
        Ok(())
    }
}

impl Store {
    /// Makes an account.
    ///
    /// Errors: 409 where the e-mail address is taken, 422 where the utilities do not fit the role.
    pub async fn add_account(&self, new: NewAccount) -> Result<Uuid, Error> {
        let operator = Actor::operator(self.now());
        let writing =
            Writing { actor: &operator, request_id: "command", dry_run: false, origin: Origin::Import };
        self.write(&writing, async |writer| {
            let cards = card::by_key(writer.tx(), writer.actor(), "utility", &new.utilities).await?;
            let side = match new.role {
                Role::Member => Some(UtilityKind::Municipal),
                Role::Partner => Some(UtilityKind::Partner),
                Role::Admin | Role::Coordinator | Role::Reader => None,
            };
            let mut violations = Violations::default();
            for key in &new.utilities {
                match (cards.get(key), side) {
                    (None, _) => {
                        violations.member(
                            "/utilities",
                            "unknown_reference",
                            say!("There is no utility `{key}`.", "Ein Unternehmen `{key}` gibt es nicht."),
                        );
                    }
                    (Some(card), Some(side)) if card.kind.as_deref() == Some(side.as_str()) => {}
                    _ => {
                        let role = new.role;
                        let detail = say!(
                            "The role `{role}` is not bound to `{key}`.",
                            "Die Rolle `{role}` wird nicht an `{key}` gebunden."
                        );
                        violations.member("/utilities", "inconsistent", detail);
                    }
                }
            }
            if side.is_some() && new.utilities.is_empty() {
                let role = new.role;
                let detail = say!(
                    "The role `{role}` is bound to at least one utility.",
                    "Die Rolle `{role}` ist an mindestens ein Unternehmen gebunden."
                );
                violations.member("/utilities", "too_few", detail);
            }
            if !violations.is_empty() {
                return Err(Error::invalid(violations));
            }
            let account = row::Model {
                id: Uuid::now_v7(),
                email: new.email.to_string(),
                email_key: new.email.folded(),
                name: new.name.to_string(),
                role: new.role.to_string(),
                password_hash: new.password_hash.clone(),
                created_at: writer.at(),
                disabled_at: None,
            };
            let id = account.id;
            let made = row::Entity::insert(account.into_active_model())
                .on_conflict(OnConflict::column(row::Column::EmailKey).do_nothing().to_owned())
                .exec_without_returning(writer.tx())
                .await
                .map_err(failed)?;
            if made == 0 {
                let detail = say!(
                    "Another account has this e-mail address.",
                    "Ein anderes Konto hat diese E-Mail-Adresse."
                );
                return Err(Error::new(Code::EmailTaken, detail));
            }
            let mut bindings =
                Query::insert().into_table("account_utility").columns(["account_id", "utility_id"]).take();
            let mut bound: Vec<Uuid> = cards.values().map(|card| card.id).collect();
            bound.sort_unstable();
            bound.dedup();
            for utility in &bound {
                bindings.values_panic([id.into(), (*utility).into()]);
            }
            if !bound.is_empty() {
                writer.tx().execute(&bindings).await.map_err(failed)?;
            }
            Ok(id)
        })
        .await
    }

    /// Who signs in with this address; `None` where there is nobody, or the account is disabled. One query either way,
    /// so that the time it takes tells nothing.
    ///
    /// Errors: the database is away.
    pub async fn signing_in(&self, email: &Email) -> Result<Option<SigningIn>, Error> {
        let select = row::Entity::find().filter(row::Column::EmailKey.eq(email.folded()));
        let found = self.find(select).await?.filter(|found| found.disabled_at.is_none());
        let signing_in = |row: row::Model| {
            Ok(SigningIn { id: row.id, role: text(row.role)?, password_hash: row.password_hash })
        };
        found.map(signing_in).transpose()
    }

    /// The account of that id.
    ///
    /// Errors: the database is away.
    pub async fn account(&self, id: Uuid) -> Result<Option<Account>, Error> {
        match self.find(row::Entity::find_by_id(id)).await? {
            Some(found) => self.complete(found).await.map(Some),
            None => Ok(None),
        }
    }

    /// All accounts, by their address.
    ///
    /// Errors: the database is away.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        let rows =
            row::Entity::find().order_by_asc(row::Column::EmailKey).all(self.database().reading()).await;
        let mut accounts = Vec::new();
        for row in rows.map_err(failed)? {
            accounts.push(self.complete(row).await?);
        }
        Ok(accounts)
    }

    /// Disables an account: it can neither sign in nor use the tokens it has.
    ///
    /// Errors: 404 where there is none with this address.
    pub async fn disable_account(&self, email: &Email) -> Result<(), Error> {
        let disabled = row::Entity::update_many()
            .col_expr(row::Column::DisabledAt, Expr::val(self.now()))
            .filter(row::Column::EmailKey.eq(email.folded()))
            .filter(row::Column::DisabledAt.is_null())
            .exec(self.database().writing())
            .await
            .map_err(failed)?;
        match disabled.rows_affected {
            0 => Err(Error::new(
                Code::NotFound,
                say!(
                    "There is no enabled account with this address.",
                    "Ein aktives Konto mit dieser Adresse gibt es nicht."
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Who the account belongs to, as for signing in; with the folded address.
    ///
    /// Errors: the database is away.
    pub async fn signed_in(&self, id: Uuid) -> Result<Option<(SigningIn, String)>, Error> {
        let found = self.find(row::Entity::find_by_id(id)).await?.filter(|found| found.disabled_at.is_none());
        let signed_in = |row: row::Model| {
            let account = SigningIn { id: row.id, role: text(row.role)?, password_hash: row.password_hash };
            Ok((account, row.email_key))
        };
        found.map(signed_in).transpose()
    }

    async fn find(&self, select: Select<row::Entity>) -> Result<Option<row::Model>, Error> {
        let reading = self.database().reading();
        passing_over_broken(|| select.clone().one(reading)).await.map_err(failed)
    }

    async fn complete(&self, row: row::Model) -> Result<Account, Error> {
        let role: Role = text(row.role)?;
        let mut utilities = Vec::new();
        if matches!(role, Role::Member | Role::Partner) {
            let live = Query::select()
                .column("id")
                .from("utility")
                .and_where(Expr::col("deleted_at").is_null())
                .take();
            let select = Query::select()
                .column("utility_id")
                .from("account_utility")
                .and_where(Expr::col("account_id").eq(row.id))
                .and_where(Expr::col("utility_id").in_subquery(live))
                .take();
            let operator = Actor::operator(self.now());
            let reader = self.read(&operator).await?;
            let bound = reader.tx().query_all(&select).await.map_err(failed)?;
            let bound =
                bound.iter().map(|row| row.try_get("", "utility_id")).collect::<Result<Vec<Uuid>, _>>();
            utilities =
                card::by_id(reader.tx(), "utility", &bound.map_err(failed)?).await?.into_values().collect();
            utilities.sort_by_key(|utility| utility.id);
        }
        Ok(Account {
            id: row.id,
            email: text(row.email)?,
            name: text(row.name)?,
            role,
            utilities,
            disabled_at: row.disabled_at,
            created_at: row.created_at,
        })
    }
}
