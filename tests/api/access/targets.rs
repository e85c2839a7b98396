//! The targets of each operation in the policy table.

/// The targets of an operation, in the order of the table.
pub(super) fn targets(operation: &str) -> &'static [&'static str] {
    const READ: &[&str] = &["own", "others", "own internal", "members", "internal"];
    // A history has the same access rules as its resource.
    match operation.strip_suffix("_history").unwrap_or(operation) {
        "get_security_contact" => &["-"],
        "get_index" | "get_liveness" | "get_readiness" | "get_problem_type" | "get_me" | "get_jwks" => &["-"],
        "create_import" | "list_imports" => &["-"],
        "get_partnership_statistics"
        | "get_funding_statistics"
        | "get_member_statistics"
        | "get_session_statistics" => &["-"],
        "get_import" => &["others"],
        "get_mail" => &["any"],
        "create_member_calendar_link" | "delete_member_calendar_link" => &["own", "others", "internal"],
        "create_interest_registration" => &["-"],
        "confirm_interest_registration" | "request_password_reset" | "complete_password_reset" => &["wrong"],
        "get_interest_registration" => &["any", "deleted"],
        "update_interest_registration"
        | "delete_interest_registration"
        | "accept_interest_registration"
        | "decline_interest_registration" => &["any"],
        "commit_import" => &["others"],
        "list_logins" | "list_api_keys" | "create_api_key" | "list_audit" | "list_mails" => &["-"],
        "refresh_access_token" | "end_login" | "change_password" => &["wrong"],
        "delete_login" | "get_api_key" | "delete_api_key" => &["others"],
        "list_climate_zones" | "list_countries" | "list_dac_codes" | "list_languages"
        | "list_sdg_targets" | "list_sectors" => &["-"],
        "create_access_token" => &["right", "wrong"],
        "list_partnerships"
        | "list_utilities"
        | "list_organisations"
        | "list_funding_programmes"
        | "list_members"
        | "list_policy_updates"
        | "list_topics"
        | "list_sessions"
        | "list_working_areas"
        | "list_interest_registrations"
        | "list_users" => &["-", "deleted"],
        "create_utility"
        | "create_organisation"
        | "create_funding_programme"
        | "create_member"
        | "create_policy_update"
        | "create_session"
        | "create_working_area"
        | "create_user" => &["-"],
        "get_user" => &["person", "deleted"],
        "update_user" | "delete_user" | "set_user_password" => &["person"],
        "get_member" => &["own", "others", "paused", "internal", "deleted"],
        "update_member" | "get_member_transitions" | "transition_member" => &["own", "others", "internal"],
        "delete_member" => &["own", "idle"],
        "list_member_contacts" | "create_member_contact" => &["own", "others", "paused", "internal"],
        "get_member_contact" | "update_member_contact" | "delete_member_contact" => {
            &["own", "others", "silent", "paused", "internal"]
        }
        "restore_member_contact" => &["own"],
        "create_partnership" | "delete_partnership" | "transition_partnership" => &["own", "others"],
        "get_partnership" => &["own", "others", "own internal", "members", "internal", "deleted"],
        "update_partnership"
        | "get_partnership_transitions"
        | "list_partnership_funding"
        | "create_partnership_funding"
        | "get_partnership_funding"
        | "update_partnership_funding"
        | "delete_partnership_funding"
        | "list_partnership_activities"
        | "create_partnership_activity"
        | "get_partnership_activity"
        | "update_partnership_activity"
        | "delete_partnership_activity"
        | "list_partnership_results"
        | "create_partnership_result"
        | "get_partnership_result"
        | "update_partnership_result"
        | "delete_partnership_result"
        | "list_partnership_documents"
        | "create_partnership_document"
        | "get_partnership_document"
        | "update_partnership_document"
        | "delete_partnership_document" => READ,
        "restore_partnership_funding"
        | "restore_partnership_activity"
        | "restore_partnership_result"
        | "restore_partnership_document" => &["own"],
        "get_utility" => &["dresden", "others", "own internal", "members", "internal", "deleted"],
        "update_utility" => &["dresden", "lviv", "others", "members", "internal"],
        "delete_utility" => &["dresden", "idle"],
        "get_organisation" | "get_funding_programme" | "get_policy_update" | "get_working_area" => {
            &["others", "deleted"]
        }
        "get_utility_matches" => &["dresden", "others", "own internal", "internal"],
        "create_topic" => &["own", "others"],
        "get_topic" => &["own", "others", "internal", "deleted"],
        "update_topic"
        | "set_topic_support"
        | "delete_topic_support"
        | "get_topic_transitions"
        | "transition_topic" => &["own", "others", "internal"],
        "delete_topic" => &["own"],
        "update_organisation"
        | "update_funding_programme"
        | "update_policy_update"
        | "update_working_area" => &["others"],
        "delete_working_area" => &["others", "idle"],
        "delete_organisation" | "delete_funding_programme" | "delete_policy_update" => &["idle"],
        "list_session_agenda" | "list_session_guests" | "list_session_minutes" => {
            &["others", "draft", "internal"]
        }
        "list_session_registrations" | "create_session_registration" => &["upcoming", "draft"],
        "create_session_agenda_item" | "create_session_guest" => &["others", "draft"],
        "create_session_minutes" => &["unwritten"],
        "get_session_agenda_item" | "get_session_guest" => &["others", "draft"],
        "get_session_registration" | "update_session_registration" | "transition_session_registration" => {
            &["mine", "theirs"]
        }
        "delete_session_registration"
        | "restore_session_registration"
        | "get_session_registration_transitions" => &["mine"],
        "get_session_minutes"
        | "update_session_minutes"
        | "delete_session_minutes"
        | "transition_session_minutes" => &["held"],
        "get_session_guest_transitions" | "update_session_guest" | "delete_session_guest" => &["others"],
        "transition_session_guest" | "update_session_agenda_item" | "delete_session_agenda_item" => {
            &["others"]
        }
        "get_session_minutes_transitions" | "restore_session_minutes" => &["held"],
        "restore_session_agenda_item" | "restore_session_guest" => &["others"],
        "get_session" => &["others", "draft", "members", "internal", "deleted"],
        "update_session" => &["others", "draft"],
        "delete_session" => &["members", "draft"],
        "get_session_transitions" | "transition_session" => &["others", "draft", "internal"],
        "restore_session" => &["deleted"],
        "restore_partnership"
        | "restore_utility"
        | "restore_organisation"
        | "restore_funding_programme"
        | "restore_member"
        | "restore_policy_update"
        | "restore_topic"
        | "restore_working_area"
        | "restore_interest_registration"
        | "restore_user" => &["deleted"],
        other => panic!("`{other}` is new: who may do it? Give it a place here and in the table."),
    }
}
