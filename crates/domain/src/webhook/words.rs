//! The words of a webhook: what is sent to it, and in which role it is seen.

use crate::kernel::access::actor::Role;

crate::string_enum! {
    /// What a delivery contains.
    WebhookContent {
        /// which resource was changed and how, without its state
        Thin = "thin",
        /// the state of the resource, too, as the role of the webhook sees it
        Full = "full",
    }
}

crate::string_enum! {
    /// The role in which a webhook sees the data: changes that the role cannot see are not delivered. A `member` or
    /// `partner` here is bound to no utility.
    WebhookRole {
        /// what callers without an account see
        Public = "public",
        /// what a partner sees
        Partner = "partner",
        /// what a member sees
        Member = "member",
        /// what the intranet sees
        Reader = "reader",
        /// what the coordination office sees
        Coordinator = "coordinator",
        /// what administrators see
        Admin = "admin",
    }
}

impl WebhookRole {
    /// The role of an actor; `None` is the public.
    pub const fn role(self) -> Option<Role> {
        match self {
            Self::Public => None,
            Self::Partner => Some(Role::Partner),
            Self::Member => Some(Role::Member),
            Self::Reader => Some(Role::Reader),
            Self::Coordinator => Some(Role::Coordinator),
            Self::Admin => Some(Role::Admin),
        }
    }

    /// Returns whether an account with this role may have others see what this role sees. `None` is an account that is
    /// disabled or deleted.
    pub fn is_within(self, account: Option<Role>) -> bool {
        match account {
            Some(Role::Admin) => true,
            Some(Role::Coordinator) => self != Self::Admin,
            account => self == Self::Public || self.role() == account,
        }
    }
}

crate::string_enum! {
    /// Why a webhook was disabled by the service.
    WebhookDisabledReason {
        /// all attempts of three days have failed
        Failing = "failing",
        /// the receiver has answered 410 (Gone)
        Gone = "gone",
        /// the account that created the webhook no longer has a role that may see what is delivered
        RoleLost = "role_lost",
    }
}

crate::string_enum! {
    /// The result of an attempt to deliver.
    DeliveryState {
        /// the receiver has answered 2xx
        Succeeded = "succeeded",
        /// there was no answer, or another one
        Failed = "failed",
    }
}

crate::string_enum! {
    /// Why an attempt to deliver has failed.
    DeliveryFailure {
        /// the name of the host has no address
        Unresolvable = "unresolvable",
        /// the host has an address that is not public, or the URL is not `https`
        ForbiddenTarget = "forbidden_target",
        /// the host refuses connections, or cannot be reached
        ConnectionFailed = "connection_failed",
        /// the TLS handshake has failed, for example because of an invalid certificate
        TlsFailed = "tls_failed",
        /// there was no complete answer in time
        TimedOut = "timed_out",
        /// the connection has ended before the answer was complete, or the answer was not HTTP
        InvalidResponse = "invalid_response",
        /// the answer was a redirect, which is not followed
        Redirect = "redirect",
        /// the status of the answer was not 2xx
        Status = "status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_sees_no_more_than_its_owner_may() {
        let allowed = |account| -> Vec<&str> {
            WebhookRole::ALL.iter().filter(|role| role.is_within(account)).map(|role| role.as_str()).collect()
        };
        assert_eq!(allowed(Some(Role::Admin)), WebhookRole::WORDS);
        assert_eq!(
            allowed(Some(Role::Coordinator)),
            ["public", "partner", "member", "reader", "coordinator"]
        );
        assert_eq!(allowed(Some(Role::Reader)), ["public", "reader"]);
        assert_eq!(allowed(None), ["public"]);
    }
}
