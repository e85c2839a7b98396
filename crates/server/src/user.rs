//! `user`: manages accounts. The first administrator of a new server is created with it.

use std::io::{BufRead, IsTerminal, Write};

use clap::Subcommand;
use vku_domain::kernel::access::actor::Role;
use vku_domain::kernel::resource::reference::{Key, Ref};
use vku_domain::kernel::value::{Email, SingleLine};
use vku_http::kernel::auth::password;
use vku_persistence::auth::account::NewAccount;

use crate::config::Config;
use crate::{CliError, bootstrap, print_line};

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Add an account; the password is read from standard input
    Add {
        /// The e-mail address of the account
        email: Email,
        /// The name of the person
        #[arg(long)]
        name: SingleLine,
        /// The role: admin, coordinator, reader, member, partner
        #[arg(long)]
        role: Role,
        /// The slug or id of a utility that a member or partner is bound to; can be repeated
        #[arg(long)]
        utility: Vec<Key>,
    },
    /// List all accounts
    List,
    /// Disable an account, so that it cannot sign in and its tokens become invalid
    Disable {
        /// The e-mail address of the account
        email: Email,
    },
}

/// Runs the command.
pub(crate) async fn command(config: &Config, task: Task) -> Result<(), CliError> {
    let (store, _) = bootstrap::store(config).await?;
    match task {
        Task::Add { email, name, role, utility } => {
            let password = read_password()?;
            password::check_strength(&password, Some((&email, &name)))
                .map_err(|why| CliError::new(format!("the password {why}")))?;
            let hash = password::hash(password).await.map_err(|error| CliError::new(error.to_string()))?;
            let account = NewAccount { email, name, role, utilities: utility, password_hash: hash };
            let id = store.add_account(account).await?;
            print_line(format!("Added the account {id} ({role})."))
        }
        Task::List => {
            for account in store.accounts().await? {
                let account = account.data;
                let state = if account.disabled { "disabled" } else { "enabled" };
                let utilities: Vec<_> = account
                    .utilities
                    .iter()
                    .filter_map(Ref::summary)
                    .map(|summary| summary.label.1.as_str())
                    .collect();
                print_line(format!(
                    "{}\t{}\t{}\t{state}\t{}",
                    account.email,
                    account.role,
                    account.name,
                    utilities.join(", ")
                ))?;
            }
            Ok(())
        }
        Task::Disable { email } => {
            store.disable_account(&email).await?;
            print_line("Disabled the account.")
        }
    }
}

/// Reads the first line of standard input.
fn read_password() -> Result<String, CliError> {
    if std::io::stdin().is_terminal() {
        write!(std::io::stderr().lock(), "Password (shown as you type): ")?;
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
