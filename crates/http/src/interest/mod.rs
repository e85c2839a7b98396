//! Interest registrations: sent by anybody, confirmed by a link, decided on by the coordination office.

pub mod page;
pub mod register;
pub mod triage;

/// The path of the page.
pub const PATH: &str = "/interest/confirmation";

use serde_json::Value;
use vku_domain::interest::InterestRegistration;

use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::routes::BoxHandler;
use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for InterestRegistration {
    const SINGULAR: &'static str = "an interest registration";
    const PLURAL: &'static str = "interest registrations";
    const DESCRIPTION: &'static str = "Utilities that want to take part in the exchange. Anybody can register \
         interest without an account; once the registration is confirmed by e-mail, the coordination office decides \
         on it. Personal data.";
    const CUSTOM_CREATE: Option<fn() -> BoxHandler> =
        Some(|| BoxHandler::new(register::create_interest_registration));

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::List | Operation::Get => {
                "Unconfirmed registrations are not included. `likely_duplicates` lists existing resources that may \
                 concern the same utility or person. For the coordination office."
            }
            Operation::Update => {
                "The consents of the person and the decision cannot be changed (403). To decide, use `accept` or \
                 `decline`."
            }
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2b20",
            "utility_name": "Stadtwerke Musterstadt",
            "city": "Musterstadt",
            "website": "https://stadtwerke-musterstadt.example",
            "sectors": ["water", "wastewater"],
            "person": {
                "given_name": "Erika",
                "family_name": "Mustermann",
                "email": "erika.mustermann@stadtwerke-musterstadt.example",
                "function": "International cooperation"
            },
            "message": "We would like to work with a utility in Ukraine.",
            "language": "de",
            "registration_consent": { "given_at": "2026-03-01T08:00:00.000000Z", "text_version": "2026-11" },
            "consents": { "mailings": { "given_at": "2026-03-01T08:00:00.000000Z", "text_version": "2026-11" } },
            "status": "confirmed",
            "likely_duplicates": [],
            "created_at": "2026-03-01T08:05:00.000000Z",
            "updated_at": "2026-03-01T08:05:00.000000Z",
            "version": 1
        })
    }
}
