//! The words of a webhook: what is sent to it, and in which role it is seen.

use crate::kernel::access::actor::Role;

crate::string_enum! {
    /// What a delivery contains.
    WebhookContent in "webhook-contents" {
        /// which resource was changed and how, without its state
        Thin = "thin" ("Without state", "Ohne Inhalt":
            "welche Ressource sich wie geändert hat, ohne ihren Inhalt"),
        /// the state of the resource, too, as the role of the webhook sees it
        Full = "full" ("With state", "Mit Inhalt":
            "auch der Inhalt der Ressource, wie ihn die Rolle des Webhooks sieht"),
    }
}

crate::string_enum! {
    /// The role in which a webhook sees the data: changes that the role cannot see are not delivered. A `member` or
    /// `partner` here is bound to no utility.
    WebhookRole in "webhook-roles" {
        /// what callers without an account see
        Public = "public" ("Public", "Öffentlichkeit": "was ohne Konto zu sehen ist"),
        /// what a partner sees
        Partner = "partner" ("Partner utility", "Partnerunternehmen"),
        /// what a member sees
        Member = "member" ("Member", "Mitglied"),
        /// what the intranet sees
        Reader = "reader" ("Intranet (read-only)", "Intranet (nur lesen)"),
        /// what the coordination office sees
        Coordinator = "coordinator" ("Coordination office", "Koordinierungsstelle"),
        /// what administrators see
        Admin = "admin" ("Administrator", "Administration"),
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
    WebhookDisabledReason in "webhook-disabled-reasons" {
        /// all attempts of three days have failed
        Failing = "failing" ("Deliveries failed", "Zustellung fehlgeschlagen":
            "drei Tage lang sind alle Versuche fehlgeschlagen"),
        /// the receiver has answered 410 (Gone)
        Gone = "gone" ("Receiver gone", "Empfänger abgeschaltet":
            "der Empfänger hat mit 410 (Gone) geantwortet"),
        /// the account that created the webhook no longer has a role that may see what is delivered
        RoleLost = "role_lost" ("Role lost", "Rolle verloren":
            "das Konto, das den Webhook angelegt hat, darf nicht mehr sehen, was zugestellt wird"),
    }
}

crate::string_enum! {
    /// The result of an attempt to deliver.
    DeliveryState in "delivery-states" {
        /// the receiver has answered 2xx
        Succeeded = "succeeded" ("Delivered", "Zugestellt": "der Empfänger hat mit 2xx geantwortet"),
        /// there was no answer, or another one
        Failed = "failed" ("Failed", "Fehlgeschlagen": "es kam keine oder eine andere Antwort"),
    }
}

crate::string_enum! {
    /// Why an attempt to deliver has failed.
    DeliveryFailure in "delivery-failures" {
        /// the name of the host has no address
        Unresolvable = "unresolvable" ("Unknown host", "Unbekannter Host":
            "der Name des Hosts hat keine Adresse"),
        /// the host has an address that is not public, or the URL is not `https`
        ForbiddenTarget = "forbidden_target" ("Forbidden target", "Unzulässiges Ziel":
            "der Host hat eine Adresse, die nicht öffentlich ist, oder die URL ist nicht `https`"),
        /// the host refuses connections, or cannot be reached
        ConnectionFailed = "connection_failed" ("Connection failed", "Keine Verbindung":
            "der Host lehnt Verbindungen ab oder ist nicht erreichbar"),
        /// the TLS handshake has failed, for example because of an invalid certificate
        TlsFailed = "tls_failed" ("TLS failed", "TLS fehlgeschlagen":
            "der TLS-Handshake ist fehlgeschlagen, zum Beispiel wegen eines ungültigen Zertifikats"),
        /// there was no complete answer in time
        TimedOut = "timed_out" ("Timed out", "Zeitüberschreitung":
            "es kam nicht rechtzeitig eine vollständige Antwort"),
        /// the connection has ended before the answer was complete, or the answer was not HTTP
        InvalidResponse = "invalid_response" ("Invalid response", "Ungültige Antwort":
            "die Verbindung endete vor dem Ende der Antwort, oder die Antwort war nicht HTTP"),
        /// the answer was a redirect, which is not followed
        Redirect = "redirect" ("Redirect", "Weiterleitung":
            "die Antwort war eine Weiterleitung, der nicht gefolgt wird"),
        /// the status of the answer was not 2xx
        Status = "status" ("Error status", "Fehlerstatus": "der Status der Antwort war nicht 2xx"),
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
