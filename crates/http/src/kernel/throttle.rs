//! How often somebody may try to sign in: failures count for the account that is tried and for the address that tries.
//!
//! Each has a bucket of places. A place is taken before the password is looked at, so that many attempts at once count
//! too, and given back when it was right.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use vku_domain::kernel::error::{Code, Error};
use vku_domain::say;

use super::bucket::{Buckets, Level, Network, Rate, seconds};

/// Ten failures, then one in 90 seconds.
const ACCOUNT: Rate = Rate { places: 10, refill: 90_000_000 };
/// Sixty failures, then one in 10 seconds: behind one address there may be a whole utility.
const ADDRESS: Rate = Rate { places: 60, refill: 10_000_000 };

/// The places that somebody took; to be given back where the password was right. Dropped, they stay taken.
pub struct Attempt {
    account: [u8; 32],
    address: Option<Network>,
}

/// The attempts of late.
pub struct SignIns {
    accounts: Buckets<[u8; 32]>,
    addresses: Buckets<Network>,
    /// The mails that somebody without an account has the service write.
    pub letters: Letters,
}

impl Default for SignIns {
    fn default() -> Self {
        Self {
            accounts: Buckets::new(ACCOUNT),
            addresses: Buckets::new(ADDRESS),
            letters: Letters { persons: Buckets::new(PERSON), addresses: Buckets::new(SENDER) },
        }
    }
}

impl SignIns {
    /// Takes a place for an attempt on the account of this address of its owner (folded; known or not), made from there.
    ///
    /// Errors: 429, with the seconds until the next attempt.
    pub fn attempt(
        &self,
        email: &str,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<Attempt, Error> {
        // Of the address nothing else is kept.
        let attempt = Attempt { account: Sha256::digest(email).into(), address: address.map(Network::from) };
        if let Some(address) = attempt.address {
            self.addresses.take(address, now).map_err(refused)?;
        }
        self.accounts.take(attempt.account, now).map_err(|level| {
            self.succeeded_from(attempt.address);
            refused(level)
        })?;
        Ok(attempt)
    }

    /// Gives the places back: the password was right.
    pub fn succeeded(&self, attempt: &Attempt) {
        self.accounts.give_back(attempt.account);
        self.succeeded_from(attempt.address);
    }

    fn succeeded_from(&self, address: Option<Network>) {
        if let Some(address) = address {
            self.addresses.give_back(address);
        }
    }
}

/// Three mails to a person, then one in eight hours.
const PERSON: Rate = Rate { places: 3, refill: 28_800_000_000 };
/// Ten from an address, then one in six minutes.
const SENDER: Rate = Rate { places: 10, refill: 360_000_000 };

/// How often somebody without an account may have the service write to somebody, so that it fills nobody's mailbox.
pub struct Letters {
    persons: Buckets<[u8; 32]>,
    addresses: Buckets<Network>,
}

impl Letters {
    /// Whether a mail may be written to this address of a person (folded), as somebody there asks for. Where not, whoever
    /// asks is not told: it would tell that others have asked.
    ///
    /// Errors: 429 for whoever asks too often.
    pub fn may_write(&self, email: &str, address: Option<IpAddr>, now: DateTime<Utc>) -> Result<bool, Error> {
        if let Some(address) = address {
            self.addresses.take(Network::from(address), now).map_err(|level| {
                let seconds = seconds(level.wait);
                let detail = say!(
                    "Too many mails were asked for. Try again in {seconds} seconds.",
                    "Es wurden zu viele E-Mails angefordert. Versuchen Sie es in {seconds} Sekunden wieder."
                );
                Error { retry_after: Some(seconds), ..Error::new(Code::TooManyRequests, detail) }
            })?;
        }
        Ok(self.persons.take(Sha256::digest(email).into(), now).is_ok())
    }
}

fn refused(level: Level) -> Error {
    let seconds = seconds(level.wait);
    let detail = say!(
        "Too many failed attempts to sign in. Try again in {seconds} seconds.",
        "Zu viele fehlgeschlagene Anmeldungen. Versuchen Sie es in {seconds} Sekunden wieder."
    );
    Error { retry_after: Some(seconds), ..Error::new(Code::TooManyAttempts, detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + milliseconds).unwrap()
    }

    fn wait(result: Result<Attempt, Error>) -> Option<u32> {
        result.err().and_then(|error| error.retry_after)
    }

    #[test]
    fn ten_failures_for_an_account_then_one_in_ninety_seconds() {
        let sign_ins = SignIns::default();
        let attempt =
            |from: u8, now| wait(sign_ins.attempt("a@b.example", Some([10, 0, 0, from].into()), at(now)));
        for from in 0..10 {
            assert_eq!(attempt(from, 0), None);
        }
        assert_eq!(attempt(10, 0), Some(90));
        assert_eq!(attempt(10, 500), Some(90));
        assert_eq!(attempt(10, 89_001), Some(1));
        assert_eq!(attempt(10, 90_000), None);
        assert_eq!(attempt(10, 90_000), Some(90));
        assert_eq!(attempt(10, 90_000 + 900_000), None);
        assert_eq!(wait(sign_ins.attempt("c@b.example", Some([10, 0, 0, 10].into()), at(990_000))), None);
    }

    #[test]
    fn what_was_right_does_not_count() {
        let sign_ins = SignIns::default();
        for _ in 0..100 {
            let attempt = sign_ins.attempt("a@b.example", Some([10, 0, 0, 1].into()), at(0)).ok().unwrap();
            sign_ins.succeeded(&attempt);
        }
        for _ in 0..10 {
            assert_eq!(wait(sign_ins.attempt("a@b.example", Some([10, 0, 0, 1].into()), at(0))), None);
        }
        assert_eq!(wait(sign_ins.attempt("a@b.example", Some([10, 0, 0, 1].into()), at(0))), Some(90));
    }

    #[test]
    fn an_address_has_its_own_measure_and_a_network_is_one() {
        let sign_ins = SignIns::default();
        let attempt = |account: u32, from: &str| {
            wait(sign_ins.attempt(&format!("{account}@b.example"), Some(from.parse().unwrap()), at(0)))
        };
        for account in 0..60 {
            assert_eq!(attempt(account, &format!("2001:db8::{account:x}")), None);
        }
        assert_eq!(attempt(60, "2001:db8::ffff:1"), Some(10));
        assert_eq!(attempt(60, "2001:db8:0:1::1"), None);
        for account in 100..160 {
            assert_eq!(attempt(account, "192.0.2.1"), None);
        }
        assert_eq!(attempt(160, "::ffff:192.0.2.1"), Some(10));
        assert_eq!(attempt(160, "192.0.2.2"), None);
    }
}
