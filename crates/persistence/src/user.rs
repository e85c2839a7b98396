//! Maps users to their table.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::collation::collation_key;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::Stored;
use vku_domain::party::Party;
use vku_domain::user::{User, UserFilter, UserSort};
use vku_domain::utility::Utility;

use crate::kernel::codec::text;
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::conditions::ids_of_keys;
use crate::kernel::table::hooks::WriteHooks;
use crate::kernel::table::row::row;
use crate::kernel::table::{SortColumn, Table, Unique, column};
use crate::kernel::transaction::Writer;

row! {
    email: String,
    email_key: String,
    name: String,
    name_key: String,
    role: String,
    disabled: bool,
}

impl Table for User {
    type Row = Row;
    type Hooks = Self;

    const PARTIES: bool = true;
    const UNIQUE: &'static [Unique] = &[Unique {
        columns: &["email_key"],
        only: None,
        deleted: Some(|id| {
            bilingual!(
                "A deleted user has this e-mail address. Restore the user with `POST /api/v1/users/{id}/restore`, \
                 and change it as needed.",
                "Ein gelöschter Benutzer hat diese E-Mail-Adresse. Stellen Sie ihn mit `POST /api/v1/users/{id}/restore` \
                 wieder her, und ändern Sie, was anders sein soll."
            )
        }),
        code: Code::EmailTaken,
        detail: || {
            bilingual!(
                "Another account has this e-mail address.",
                "Ein anderes Konto hat diese E-Mail-Adresse."
            )
        },
    }];

    fn to_row(data: &Self) -> Result<(Row, ChildRows), Error> {
        let Self { email, name, role, utilities, disabled } = data;
        let columns = Row {
            email: email.to_string(),
            email_key: email.folded(),
            name: name.to_string(),
            name_key: collation_key(name.as_str()),
            role: role.to_string(),
            disabled: *disabled,
        };
        let utilities: Vec<_> = utilities.iter().cloned().map(Party::Utility).collect();
        Ok((columns, ChildRows::default().party_list("utilities", &utilities)))
    }

    fn from_row(row: Row, mut links: ChildRows) -> Result<Self, Corrupt> {
        let utilities = links.take_party_list("utilities").into_iter().filter_map(|party| match party {
            Party::Utility(utility) => Some(utility),
            Party::Organisation(_) => None,
        });
        Ok(Self {
            email: text(row.email)?,
            name: text(row.name)?,
            role: text(row.role)?,
            utilities: utilities.collect(),
            disabled: row.disabled,
        })
    }

    fn special_filter_to_sql(filter: &UserFilter, actor: &Actor) -> Condition {
        let bound_to_utility = (!filter.utility.is_empty()).then(|| {
            let bound_to_utility = Query::select()
                .column("owner_id")
                .from("user_party")
                .and_where(Expr::col("utility_id").in_subquery(ids_of_keys(
                    Utility::TABLE,
                    &filter.utility,
                    actor,
                )))
                .take();
            column::<Self>("id").in_subquery(bound_to_utility)
        });
        Condition::all().add_option(bound_to_utility)
    }

    fn sort_column(key: UserSort) -> SortColumn {
        match key {
            UserSort::Name => SortColumn::Text("name_key"),
            UserSort::Role => SortColumn::Text("role"),
            UserSort::CreatedAt => SortColumn::Instant("created_at"),
            UserSort::UpdatedAt => SortColumn::Instant("updated_at"),
        }
    }

    fn visible_to(actor: &Actor) -> Condition {
        let all = Condition::all();
        if actor.role == Some(Role::Admin) { all } else { all.add(Expr::val(1).eq(0)) }
    }
}

impl WriteHooks<Self> for User {
    /// Revokes the logins and API keys of a user that is disabled or deleted, so that they stay invalid if
    /// the user is enabled or restored. Checks that an active administrator remains.
    async fn after_write(
        writer: &mut Writer<'_>,
        before: Option<&Stored<Self>>,
        after: &Stored<Self>,
    ) -> Result<(), Error> {
        let Some(before) = before.filter(|it| is_active(it)) else { return Ok(()) };
        if !is_active(after) {
            writer.revoke_all_logins(before.id).await?;
        }
        let is_admin = |it: &Stored<Self>| is_active(it) && it.data.role == Role::Admin;
        if is_admin(before) && !is_admin(after) { writer.require_an_admin().await } else { Ok(()) }
    }
}

fn is_active(user: &Stored<User>) -> bool {
    !user.data.disabled && user.deleted_at.is_none()
}

/// The advisory lock on PostgreSQL for counting administrators: if two demote each other at the same time,
/// the second one sees the change of the first. SQLite has only one writer.
const ADMINS_LOCK: i64 = 0x0076_6b75_5f61_646d;

impl Writer<'_> {
    /// Refuses a change that leaves no active administrator, because nobody could undo it.
    async fn require_an_admin(&self) -> Result<(), Error> {
        if self.tx().get_database_backend() == DatabaseBackend::Postgres {
            let lock = format!("SELECT pg_advisory_xact_lock({ADMINS_LOCK})");
            self.tx().execute_unprepared(&lock).await.map_err(failed)?;
        }
        let select = Query::select()
            .column("id")
            .from("user")
            .and_where(Expr::col("role").eq(Role::Admin.as_str()))
            .and_where(Expr::col("disabled").eq(false))
            .and_where(Expr::col("deleted_at").is_null())
            .limit(1)
            .take();
        if self.tx().query_one(&select).await.map_err(failed)?.is_some() {
            return Ok(());
        }
        let detail = bilingual!(
            "This is the last active administrator. Make another user an administrator first.",
            "Das ist die letzte aktive Administration. Machen Sie zuerst jemand anderen dazu."
        );
        Err(Error::new(Code::LastAdmin, detail))
    }
}
