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
mod m20261130_party_sectors;
mod m20261201_event_ticket;
mod m20261201_list_order;
mod m20261201_party_status;
mod m20261201_resource_json;
mod m20261201_webhook;
mod m20261202_party_order;
mod m20261203_country_index;
mod m20261204_list_plans;
mod m20261205_tables_across_parents;
mod m20261206_totals;
mod manager;
mod prelude;
mod runner;

pub use runner::{Migration, pending, up};

/// The request id in the change log for rows that are part of the schema.
pub const SCHEMA: &str = "schema";

/// Makes the list of migrations from the names of their files.
macro_rules! migrations {
    ($($name:ident,)*) => {
        &[$(Migration { name: stringify!($name), steps: $name::steps },)*]
    };
}

/// All migrations, in the order in which they run.
pub static MIGRATIONS: &[Migration] = migrations![
    m20261122_kernel,
    m20261122_utility,
    m20261122_organisation,
    m20261122_programme,
    m20261122_partnership,
    m20261122_funding,
    m20261122_account,
    m20261122_programme_rules,
    m20261122_member,
    m20261122_contact,
    m20261122_working_area,
    m20261122_change_index,
    m20261122_login,
    m20261122_user,
    m20261122_idempotency,
    m20261122_search,
    m20261122_import,
    m20261123_order,
    m20261123_policy_update,
    m20261123_topic,
    m20261123_partnership_parts,
    m20261123_mail,
    m20261123_interest,
    m20261123_session,
    m20261123_registration,
    m20261123_agenda,
    m20261123_minutes,
    m20261123_calendar,
    m20261123_figures,
    m20261123_traits,
    m20261127_mail_calendar,
    m20261129_import_change,
    m20261130_party_sectors,
    m20261201_resource_json,
    m20261201_party_status,
    m20261201_list_order,
    m20261201_event_ticket,
    m20261201_webhook,
    m20261202_party_order,
    m20261203_country_index,
    m20261204_list_plans,
    m20261205_tables_across_parents,
    m20261206_totals,
];
