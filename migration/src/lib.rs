//! The schema, as an ordered list of migrations that run on SQLite and PostgreSQL.

mod columns;
mod m20261122_account;
mod m20261122_change_index;
mod m20261122_contact;
mod m20261122_funding;
mod m20261122_idempotency;
mod m20261122_import;
mod m20261122_kernel;
mod m20261122_login;
mod m20261122_member;
mod m20261122_organisation;
mod m20261122_partnership;
mod m20261122_programme;
mod m20261122_programme_rules;
mod m20261122_search;
mod m20261122_user;
mod m20261122_utility;
mod m20261122_working_area;
mod m20261123_agenda;
mod m20261123_calendar;
mod m20261123_figures;
mod m20261123_interest;
mod m20261123_mail;
mod m20261123_minutes;
mod m20261123_order;
mod m20261123_partnership_parts;
mod m20261123_policy_update;
mod m20261123_registration;
mod m20261123_session;
mod m20261123_topic;
mod m20261123_traits;
mod m20261127_mail_calendar;
mod m20261129_import_change;

pub use sea_orm_migration::prelude::MigratorTrait;
use sea_orm_migration::prelude::*;

/// The request id in the change log for rows that are part of the schema.
pub const SCHEMA: &str = "schema";

/// Runs the migrations, each in its own transaction.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_kernel::Migration),
            Box::new(m20261122_utility::Migration),
            Box::new(m20261122_organisation::Migration),
            Box::new(m20261122_programme::Migration),
            Box::new(m20261122_partnership::Migration),
            Box::new(m20261122_funding::Migration),
            Box::new(m20261122_account::Migration),
            Box::new(m20261122_programme_rules::Migration),
            Box::new(m20261122_member::Migration),
            Box::new(m20261122_contact::Migration),
            Box::new(m20261122_working_area::Migration),
            Box::new(m20261122_change_index::Migration),
            Box::new(m20261122_login::Migration),
            Box::new(m20261122_user::Migration),
            Box::new(m20261122_idempotency::Migration),
            Box::new(m20261122_search::Migration),
            Box::new(m20261122_import::Migration),
            Box::new(m20261123_order::Migration),
            Box::new(m20261123_policy_update::Migration),
            Box::new(m20261123_topic::Migration),
            Box::new(m20261123_partnership_parts::Migration),
            Box::new(m20261123_mail::Migration),
            Box::new(m20261123_interest::Migration),
            Box::new(m20261123_session::Migration),
            Box::new(m20261123_registration::Migration),
            Box::new(m20261123_agenda::Migration),
            Box::new(m20261123_minutes::Migration),
            Box::new(m20261123_calendar::Migration),
            Box::new(m20261123_figures::Migration),
            Box::new(m20261123_traits::Migration),
            Box::new(m20261127_mail_calendar::Migration),
            Box::new(m20261129_import_change::Migration),
        ]
    }
}
