//! How often somebody may try to sign in. Failures count three times: for the address that tries, for the account and that
//! address together, and for the account alone where nobody has signed in to it from that address yet.
//!
//! So a stranger who guesses shuts itself out, and not the owner: who has signed in from an address goes on from there,
//! whatever others do elsewhere.
//!
//! A place is taken before the password is looked at, so that many attempts at once count too, and given back when it was
//! right.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use quick_cache::unsync::Cache;
use sha2::{Digest, Sha256};
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};

use super::token_bucket::{ClientNetwork, Rate, TokenBuckets, seconds};

/// Ten failures for an account from an address, then one in 90 seconds.
const PAIR: Rate = Rate { places: 10, refill: 90_000_000 };
/// Sixty failures from an address, then one in 10 seconds: behind one there may be a whole utility.
const ADDRESS: Rate = Rate { places: 60, refill: 10_000_000 };
/// How many failures an account has from addresses where nobody has signed in to it, before each makes the next wait.
const UNKNOWN: u32 = 100;
/// How long the first of them makes wait, in microseconds; each after it twice as long.
const FIRST_WAIT: i64 = 1_000_000;
/// The longest wait.
const LONGEST_WAIT: i64 = 900_000_000;
/// After so long without a failure they are forgotten.
const FORGOTTEN: i64 = 86_400_000_000;
/// How many accounts, and addresses from where somebody has signed in, are remembered.
const REMEMBERED: usize = 50_000;

/// The SHA-256 of the folded e-mail address of an account, known or not. Nothing else is kept of it.
type Account = [u8; 32];

/// Somebody who tries to sign in to an account, from somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pair(Account, Option<ClientNetwork>);

/// The places that somebody took; to be given back where the password was right. Dropped, they stay taken.
pub struct Attempt(Pair);

/// The attempts of late.
pub struct LoginThrottle {
    addresses: TokenBuckets<ClientNetwork>,
    pairs: TokenBuckets<Pair>,
    unknown: Unknown,
    /// From where somebody has signed in to an account.
    known: Mutex<Cache<Pair, ()>>,
    /// The mails that somebody without an account has the service write.
    pub letters: MailThrottle,
}

impl Default for LoginThrottle {
    fn default() -> Self {
        Self {
            addresses: TokenBuckets::new(ADDRESS),
            pairs: TokenBuckets::new(PAIR),
            unknown: Unknown(Mutex::new(Cache::new(REMEMBERED))),
            known: Mutex::new(Cache::new(REMEMBERED)),
            letters: MailThrottle {
                persons: TokenBuckets::new(PERSON),
                addresses: TokenBuckets::new(SENDER),
            },
        }
    }
}

impl LoginThrottle {
    /// Takes a place for an attempt on the account of this e-mail address (folded; known or not), made from there.
    ///
    /// Errors: 429, with the seconds until the next attempt.
    pub fn attempt(
        &self,
        email: &str,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<Attempt, Error> {
        let pair = pair(email, address);
        let Pair(account, address) = pair;
        if let Some(address) = address {
            self.addresses.take(address, now).map_err(|level| refused(level.wait))?;
        }
        let taken = self.pairs.take(pair, now).map_err(|level| level.wait).and_then(|_| {
            let taken = if self.knows(&pair) { Ok(()) } else { self.unknown.take(account, now) };
            taken.inspect_err(|_| self.pairs.refund(pair))
        });
        taken.map(|()| Attempt(pair)).map_err(|wait| {
            if let Some(address) = address {
                self.addresses.refund(address);
            }
            refused(wait)
        })
    }

    /// Gives the places back: the password was right. From there it is known from now on.
    pub fn succeeded(&self, attempt: &Attempt) {
        let pair = attempt.0;
        let Pair(account, address) = pair;
        if let Some(address) = address {
            self.addresses.refund(address);
        }
        self.pairs.refund(pair);
        if !self.knows(&pair) {
            self.unknown.refund(account);
            self.learn(pair);
        }
    }

    /// Forgets the failures of an account, because its owner has set another password there.
    pub fn reset(&self, email: &str, address: Option<IpAddr>) {
        let pair = pair(email, address);
        self.pairs.refill(pair);
        self.learn(pair);
        self.forgive(email);
    }

    /// Forgets the failures of an account from unknown addresses, because an administrator has set another password.
    pub fn forgive(&self, email: &str) {
        self.unknown.forget(&account(email));
    }

    fn knows(&self, pair: &Pair) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(pair).is_some()
    }

    fn learn(&self, pair: Pair) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(pair, ());
    }
}

fn account(email: &str) -> Account {
    Sha256::digest(email).into()
}

fn pair(email: &str, address: Option<IpAddr>) -> Pair {
    Pair(account(email), address.map(ClientNetwork::from))
}

/// The failures of accounts from addresses where nobody has signed in to them.
struct Unknown(Mutex<Cache<Account, Failures>>);

/// How many failures there were, when the last one was, and from when on there may be another, in microseconds.
#[derive(Clone, Copy, Default)]
struct Failures {
    count: u32,
    last: i64,
    next: i64,
}

impl Unknown {
    /// Counts a failure.
    ///
    /// Errors: it is too early, by so many microseconds.
    fn take(&self, account: Account, now: DateTime<Utc>) -> Result<(), i64> {
        let now = now.timestamp_micros();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.get(&account).copied().unwrap_or_default();
        if now < before.next {
            return Err(before.next - now);
        }
        let count = if now - before.last > FORGOTTEN { 1 } else { before.count.saturating_add(1) };
        let wait = match count.checked_sub(UNKNOWN) {
            None => 0,
            Some(beyond) => Ord::min(FIRST_WAIT << beyond.min(16), LONGEST_WAIT),
        };
        all.insert(account, Failures { count, last: now, next: now + wait });
        Ok(())
    }

    /// Takes it back: it was none.
    fn refund(&self, account: Account) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut failures) = all.get_mut(&account) {
            failures.count = failures.count.saturating_sub(1);
            failures.next = failures.last;
        }
    }

    fn forget(&self, account: &Account) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
    }
}

/// Three mails to a person, then one in eight hours.
const PERSON: Rate = Rate { places: 3, refill: 28_800_000_000 };
/// Ten from an address, then one in six minutes.
const SENDER: Rate = Rate { places: 10, refill: 360_000_000 };

/// How often somebody without an account may have the service write to somebody, so that it fills nobody's mailbox.
pub struct MailThrottle {
    persons: TokenBuckets<[u8; 32]>,
    addresses: TokenBuckets<ClientNetwork>,
}

impl MailThrottle {
    /// Takes a place for a mail to this address of a person (folded; known or not), as somebody there asks for.
    ///
    /// Errors: 429, where the person has got or whoever asks has asked for as many as may be.
    pub fn take(&self, email: &str, address: Option<IpAddr>, now: DateTime<Utc>) -> Result<(), Error> {
        let many = |seconds, detail| Error {
            retry_after: Some(seconds),
            ..Error::new(Code::TooManyRequests, detail)
        };
        if let Some(address) = address {
            self.addresses.take(ClientNetwork::from(address), now).map_err(|level| {
                let seconds = seconds(level.wait);
                let detail = bilingual!(
                    "Too many e-mails have been requested. Try again in {seconds} seconds.",
                    "Es wurden zu viele E-Mails angefordert. Versuchen Sie es in {seconds} Sekunden wieder."
                );
                many(seconds, detail)
            })?;
        }
        self.persons.take(Sha256::digest(email).into(), now).map(drop).map_err(|level| {
            let seconds = seconds(level.wait);
            let detail = bilingual!(
                "Too many e-mails have been requested for this mailbox. Look for one of them there, or try \
                 again in {seconds} seconds.",
                "Für dieses Postfach wurden zu viele E-Mails angefordert. Sehen Sie dort nach, oder \
                 versuchen Sie es in {seconds} Sekunden wieder."
            );
            many(seconds, detail)
        })
    }
}

fn refused(wait: i64) -> Error {
    let seconds = seconds(wait);
    let detail = bilingual!(
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
    fn ten_failures_for_an_account_from_an_address_then_one_in_ninety_seconds() {
        let sign_ins = LoginThrottle::default();
        let attempt =
            |from: u8, now| wait(sign_ins.attempt("a@b.example", Some([10, 0, 0, from].into()), at(now)));
        for _ in 0..10 {
            assert_eq!(attempt(10, 0), None);
        }
        assert_eq!(attempt(11, 0), None, "from elsewhere");
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
        let sign_ins = LoginThrottle::default();
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
        let sign_ins = LoginThrottle::default();
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
