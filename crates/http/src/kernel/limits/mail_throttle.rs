//! Limits on the e-mails that callers without an account request.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};

use super::token_bucket::{ClientNetwork, Rate, TokenBuckets, in_words, seconds};

/// Three e-mails to a mailbox, then one every eight hours.
const PERSON: Rate = Rate { places: 3, refill: 28_800_000_000 };
/// Ten e-mails requested from an IP address, then one every six minutes.
const SENDER: Rate = Rate { places: 10, refill: 360_000_000 };

/// Limits the e-mails that callers without an account can request, so that nobody's mailbox is flooded.
pub struct MailThrottle {
    persons: TokenBuckets<[u8; 32]>,
    addresses: TokenBuckets<ClientNetwork>,
}

impl Default for MailThrottle {
    fn default() -> Self {
        Self { persons: TokenBuckets::new(PERSON), addresses: TokenBuckets::new(SENDER) }
    }
}

impl MailThrottle {
    /// Takes a token for an e-mail to this e-mail address (folded; known or not), requested from this IP address.
    ///
    /// Errors: 429 if the limit of the e-mail address or of the IP address is reached.
    pub fn take(&self, email: &str, address: Option<IpAddr>, now: DateTime<Utc>) -> Result<(), Error> {
        let too_many = |seconds, detail| Error {
            retry_after: Some(seconds),
            ..Error::new(Code::TooManyRequests, detail)
        };
        if let Some(address) = address {
            self.addresses.take(ClientNetwork::from(address), now).map_err(|level| {
                let seconds = seconds(level.wait);
                let wait = in_words(seconds);
                let detail = bilingual!(
                    "Too many e-mails have been requested. Try again in {wait}.",
                    "Es wurden zu viele E-Mails angefordert. Versuchen Sie es in {wait} wieder.",
                    wait
                );
                too_many(seconds, detail)
            })?;
        }
        self.persons.take(Sha256::digest(email).into(), now).map(drop).map_err(|level| {
            let seconds = seconds(level.wait);
            let wait = in_words(seconds);
            let detail = bilingual!(
                "Too many e-mails have been requested for this mailbox. Check the mailbox for one of them, or try \
                 again in {wait}.",
                "Für dieses Postfach wurden zu viele E-Mails angefordert. Sehen Sie dort nach, oder \
                 versuchen Sie es in {wait} wieder.",
                wait
            );
            too_many(seconds, detail)
        })
    }
}
