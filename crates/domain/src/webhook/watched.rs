//! The resources whose changes a webhook can be sent.

crate::string_enum! {
    /// A kind of resource whose changes a webhook can be sent.
    WatchedResource {
        /// working areas
        WorkingArea = "working_area",
        /// organisations
        Organisation = "organisation",
        /// utilities
        Utility = "utility",
        /// funding programmes
        FundingProgramme = "funding_programme",
        /// partnerships
        Partnership = "partnership",
        /// the funding of partnerships
        Funding = "funding",
        /// the activities of partnerships
        Activity = "activity",
        /// the results of partnerships
        Result = "result",
        /// the documents of partnerships
        Document = "document",
        /// members
        Member = "member",
        /// the contacts of members
        Contact = "contact",
        /// policy updates
        PolicyUpdate = "policy_update",
        /// topics
        Topic = "topic",
        /// interest registrations
        InterestRegistration = "interest_registration",
        /// sessions
        Session = "session",
        /// the guests of sessions
        Guest = "guest",
        /// the agenda items of sessions
        AgendaItem = "agenda_item",
        /// the registrations for sessions
        Registration = "registration",
        /// the minutes of sessions
        Minutes = "minutes",
        /// users
        User = "user",
        /// webhooks
        Webhook = "webhook",
    }
}
