//! The resources whose changes a webhook can be sent.

crate::string_enum! {
    /// A kind of resource whose changes a webhook can be sent.
    WatchedResource in "resources" {
        /// working areas
        WorkingArea = "working_area" ("Working areas", "Arbeitsfelder"),
        /// organisations
        Organisation = "organisation" ("Organisations", "Organisationen"),
        /// utilities
        Utility = "utility" ("Utilities", "Unternehmen"),
        /// funding programmes
        FundingProgramme = "funding_programme" ("Funding programmes", "Förderprogramme"),
        /// partnerships
        Partnership = "partnership" ("Partnerships", "Partnerschaften"),
        /// the funding of partnerships
        Funding = "funding" ("Funding", "Finanzierung"),
        /// the activities of partnerships
        Activity = "activity" ("Activities", "Maßnahmen"),
        /// the results of partnerships
        Result = "result" ("Results", "Ergebnisse"),
        /// the documents of partnerships
        Document = "document" ("Documents", "Dokumente"),
        /// members
        Member = "member" ("Members", "Mitglieder"),
        /// the contacts of members
        Contact = "contact" ("Contacts", "Ansprechpersonen"),
        /// policy updates
        PolicyUpdate = "policy_update" ("Policy updates", "Politische Entwicklungen"),
        /// topics
        Topic = "topic" ("Topics", "Themen"),
        /// interest registrations
        InterestRegistration = "interest_registration" ("Interest registrations", "Interessenbekundungen"),
        /// sessions
        Session = "session" ("Sessions", "Sitzungen"),
        /// the guests of sessions
        Guest = "guest" ("Guests", "Gäste"),
        /// the agenda items of sessions
        AgendaItem = "agenda_item" ("Agenda items", "Tagesordnungspunkte"),
        /// the registrations for sessions
        Registration = "registration" ("Registrations", "Anmeldungen"),
        /// the minutes of sessions
        Minutes = "minutes" ("Minutes", "Protokolle"),
        /// users
        User = "user" ("Users", "Konten"),
        /// webhooks
        Webhook = "webhook" ("Webhooks", "Webhooks"),
    }
}
