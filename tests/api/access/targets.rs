//! The targets of each operation in the policy table.

use crate::api::fixtures::FIXTURES;

/// The targets of an operation, in the order of the table. Those of resources are in their fixtures.
pub(super) fn targets(operation: &str) -> &'static [&'static str] {
    // A history has the same access rules as its resource.
    let operation = operation.strip_suffix("_history").unwrap_or(operation);
    let mut of_resources = FIXTURES.iter().flat_map(|it| it.targets);
    if let Some((_, targets)) = of_resources.find(|(name, _)| *name == operation) {
        return targets;
    }
    if operation.starts_with("list_all_") {
        return &["-"];
    }
    match operation {
        "get_security_contact"
        | "get_index"
        | "get_liveness"
        | "get_readiness"
        | "get_problem_type"
        | "get_me"
        | "get_jwks"
        | "create_import"
        | "list_imports"
        | "get_partnership_statistics"
        | "get_funding_statistics"
        | "get_member_statistics"
        | "get_session_statistics"
        | "list_logins"
        | "list_api_keys"
        | "create_api_key"
        | "list_audit"
        | "search_everything"
        | "suggest_names"
        | "list_changes"
        | "stream_events"
        | "create_event_ticket"
        | "list_mails"
        | "list_climate_zones"
        | "list_countries"
        | "list_dac_codes"
        | "list_languages"
        | "list_sdg_targets"
        | "get_vocabulary"
        | "list_sectors"
        | "list_vocabularies" => &["-"],
        "get_import" | "commit_import" | "delete_login" | "get_api_key" | "delete_api_key" => &["others"],
        "get_mail" => &["any"],
        "confirm_interest_registration"
        | "request_password_reset"
        | "complete_password_reset"
        | "refresh_access_token"
        | "end_login"
        | "change_password" => &["wrong"],
        "create_access_token" => &["right", "wrong"],
        other => panic!(
            "`{other}` is new: who may do it? Give it targets in its fixture or here, and lines in the table."
        ),
    }
}
