//! The demo: real public data and examples, loaded by the import that users have, and one account for each role.

mod files;

use std::net::SocketAddr;

use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::violation::FieldError;
use vku_http::kernel::auth::password;
use vku_persistence::auth::account::{NewAccount, SigningIn};
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::transaction::WriteContext;

use self::files::DataFile;
use crate::{CliError, print_line};

/// The password of every demo account.
const PASSWORD: &str = "demo-partnerships";

/// The demo accounts: role and utility.
const ACCOUNTS: &[(Role, Option<&str>)] = &[
    (Role::Admin, None),
    (Role::Coordinator, None),
    (Role::Reader, None),
    (Role::Member, Some("stadtentwaesserung-dresden")),
    (Role::Partner, Some("lvivvodokanal")),
];

/// What the demo contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Published facts and a few examples: what the tests begin with.
    Facts,
    /// Also what is assumed or invented, so that no list and no figure is empty.
    Everything,
}

fn email(role: Role) -> String {
    format!("{role}@demo.example")
}

/// Fills an empty database with data and accounts, in one transaction, so that the process may be killed at any time.
/// A database that has been filled before stays as it is. If several instances start at the same time, one of them
/// fills it.
///
/// Errors: the database is unavailable, or contains other data.
pub async fn fill(store: &Store, extent: Extent) -> Result<(), CliError> {
    let _lock = store.database().lock_for_seeding().await?;
    if has_accounts(store).await? {
        return Ok(());
    }
    if !store.database().is_empty().await? || !store.accounts().await?.is_empty() {
        return Err(CliError::new(
            "`--demo` requires an empty database, but this database already contains data",
        ));
    }
    load(store, extent).await
}

async fn load(store: &Store, extent: Extent) -> Result<(), CliError> {
    let accounts = ACCOUNTS.iter().map(|(role, utility)| new_account(*role, *utility));
    let accounts = accounts.collect::<Result<Vec<_>, _>>()?;
    let operator = Actor::operator(store.now());
    let writing =
        WriteContext { actor: &operator, request_id: "demo", dry_run: false, origin: InputSource::Import };
    let today = store.now().date_naive();
    let mut faulty = None;
    let loaded = store
        .write(&writing, async |writer| {
            writer.send_no_mail();
            let mut loaded = Vec::new();
            for file in DataFile::all(extent) {
                loaded.push(file.load(writer, today, &mut faulty).await?);
            }
            if extent == Extent::Everything {
                files::support_topics(writer).await?;
            }
            for account in accounts {
                writer.add_account(account).await?;
            }
            Ok(loaded)
        })
        .await;
    if let Some(fault) = faulty {
        return Err(CliError::new(format!("the demo data is invalid: {fault}")));
    }
    tracing::info!(loaded = loaded?.join(", "), "demo data loaded");
    store.database().analyze_first_rows().await;
    Ok(())
}

fn new_account(role: Role, utility: Option<&str>) -> Result<NewAccount, CliError> {
    let password_hash = password::hash_now(PASSWORD).map_err(|error| CliError::new(error.to_string()))?;
    let parse = |error: FieldError| CliError::new(error.to_string());
    Ok(NewAccount {
        email: email(role).parse().map_err(parse)?,
        name: format!("Demo {role}").parse().map_err(parse)?,
        role,
        utilities: utility.iter().map(|slug| slug.parse()).collect::<Result<_, _>>().map_err(parse)?,
        password_hash,
    })
}

/// Whether a demo account can still sign in.
pub(crate) async fn has_accounts(store: &Store) -> Result<bool, CliError> {
    for (role, _) in ACCOUNTS {
        if signing_in(store, *role).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn signing_in(store: &Store, role: Role) -> Result<Option<SigningIn>, CliError> {
    let email = email(role).parse().map_err(|error: FieldError| CliError::new(error.to_string()))?;
    Ok(store.signing_in(&email).await?)
}

/// Prints the URLs, and the accounts that can sign in: those that are enabled and still have the demo password.
pub(crate) async fn welcome(store: &Store, address: SocketAddr) -> Result<(), CliError> {
    let host = format!("http://localhost:{}", address.port());
    print_line(format!("\n  API           {host}/\n  Swagger UI    {host}/docs/\n"))?;
    for (role, utility) in ACCOUNTS {
        let Some(account) = signing_in(store, *role).await? else { continue };
        let verified = password::verify(PASSWORD.to_owned(), account.password_hash).await;
        if !verified.map_err(|error| CliError::new(error.to_string()))? {
            continue;
        }
        let utility = utility.map(|slug| format!("  ({slug})")).unwrap_or_default();
        print_line(format!("  {:<12}  {}{utility}", role.to_string(), email(*role)))?;
    }
    print_line(format!("  password      {PASSWORD}\n"))?;
    print_line(format!("  curl -s '{host}/api/v1/partnerships?country=ZM&count=true'\n"))
}
