//! Limits on failed attempts to sign in. A failure counts three times: for the client's address, for the account and
//! that address together, and for the account alone if nobody has signed in to it from that address yet.
//!
//! So strangers who guess passwords lock out themselves, and not the owner: an owner who has signed in from an
//! address can sign in from there again, whatever others do elsewhere.
//!
//! A token is taken before the password is verified, so that concurrent attempts count, too; it is returned if the
//! password was right.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use quick_cache::unsync::Cache;
use sha2::{Digest, Sha256};
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};

use super::token_bucket::{ClientNetwork, Rate, TokenBuckets, in_words, seconds};

/// Ten failures per account and address, then one every 90 seconds.
const PAIR: Rate = Rate { places: 10, refill: 90_000_000 };
/// Sixty failures per address, then one every 10 seconds: a whole utility may share an address.
const ADDRESS: Rate = Rate { places: 60, refill: 10_000_000 };
/// From this number of failures on, each failure delays the next attempt on the account from addresses where nobody
/// has signed in to it.
const UNKNOWN: u32 = 100;
/// The first delay, in microseconds; every further failure doubles it.
const FIRST_WAIT: i64 = 1_000_000;
/// The maximum delay, in microseconds.
const MAX_DELAY: i64 = 900_000_000;
/// The time without a failure after which failures are forgotten, in microseconds.
const FORGET_AFTER: i64 = 86_400_000_000;
/// The maximum number of accounts with failures, and of addresses with successful logins, that are remembered.
const MAX_PAIRS: usize = 50_000;

/// The SHA-256 hash of the folded e-mail address of an account, known or not. Nothing else of the account is stored.
type Account = [u8; 32];

/// An account, and the network from which somebody tries to sign in to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pair(Account, Option<ClientNetwork>);

/// The tokens that an attempt took: [`LoginThrottle::succeeded`] returns them; if this is dropped, they stay taken.
pub struct Attempt(Pair);

/// The recent attempts to sign in.
pub struct LoginThrottle {
    addresses: TokenBuckets<ClientNetwork>,
    pairs: TokenBuckets<Pair>,
    unknown: Unknown,
    /// The networks from which somebody has signed in to an account.
    known: Mutex<Cache<Pair, ()>>,
}

impl Default for LoginThrottle {
    fn default() -> Self {
        Self {
            addresses: TokenBuckets::new(ADDRESS),
            pairs: TokenBuckets::new(PAIR),
            unknown: Unknown(Mutex::new(Cache::new(MAX_PAIRS))),
            known: Mutex::new(Cache::new(MAX_PAIRS)),
        }
    }
}

impl LoginThrottle {
    /// Takes the tokens for an attempt to sign in to the account with this e-mail address (folded; known or not) from
    /// this IP address.
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
        let result = self.pairs.take(pair, now).map_err(|level| level.wait).and_then(|_| {
            let result = if self.knows(&pair) { Ok(()) } else { self.unknown.take(account, now) };
            result.inspect_err(|_| self.pairs.refund(pair))
        });
        result.map(|()| Attempt(pair)).map_err(|wait| {
            if let Some(address) = address {
                self.addresses.refund(address);
            }
            refused(wait)
        })
    }

    /// Returns the tokens, because the password was right, and remembers the address for the account.
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

    /// Forgets the failures of an account, because its owner has set a new password, and remembers the address for
    /// the account.
    pub fn reset(&self, email: &str, address: Option<IpAddr>) {
        let pair = pair(email, address);
        self.pairs.refill(pair);
        self.learn(pair);
        self.clear_failures(email);
    }

    /// Forgets the failures of an account from unknown addresses, because an administrator has set a new password.
    pub fn clear_failures(&self, email: &str) {
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

/// The failures of accounts, from addresses where nobody has signed in to them.
struct Unknown(Mutex<Cache<Account, Failures>>);

/// The number of failures, the time of the last one, and the time from which another attempt is allowed, both in
/// microseconds since 1970.
#[derive(Clone, Copy, Default)]
struct Failures {
    count: u32,
    last: i64,
    next: i64,
}

impl Unknown {
    /// Counts a failure.
    ///
    /// Errors: the microseconds until another attempt is allowed.
    fn take(&self, account: Account, now: DateTime<Utc>) -> Result<(), i64> {
        let now = now.timestamp_micros();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.get(&account).copied().unwrap_or_default();
        if now < before.next {
            return Err(before.next - now);
        }
        let count = if now - before.last > FORGET_AFTER { 1 } else { before.count.saturating_add(1) };
        let wait = match count.checked_sub(UNKNOWN) {
            None => 0,
            Some(beyond) => Ord::min(FIRST_WAIT << beyond.min(16), MAX_DELAY),
        };
        all.insert(account, Failures { count, last: now, next: now + wait });
        Ok(())
    }

    /// Takes a failure back, because the attempt succeeded.
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

fn refused(wait: i64) -> Error {
    let seconds = seconds(wait);
    let wait = in_words(seconds);
    let detail = bilingual!(
        "Too many failed sign-in attempts. Try again in {wait}.",
        "Zu viele fehlgeschlagene Anmeldungen. Versuchen Sie es in {wait} wieder.",
        wait
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
        let throttle = LoginThrottle::default();
        let attempt =
            |from: u8, now| wait(throttle.attempt("a@b.example", Some([10, 0, 0, from].into()), at(now)));
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
        assert_eq!(wait(throttle.attempt("c@b.example", Some([10, 0, 0, 10].into()), at(990_000))), None);
    }

    #[test]
    fn successful_attempts_do_not_count() {
        let throttle = LoginThrottle::default();
        for _ in 0..100 {
            let attempt = throttle.attempt("a@b.example", Some([10, 0, 0, 1].into()), at(0)).ok().unwrap();
            throttle.succeeded(&attempt);
        }
        for _ in 0..10 {
            assert_eq!(wait(throttle.attempt("a@b.example", Some([10, 0, 0, 1].into()), at(0))), None);
        }
        assert_eq!(wait(throttle.attempt("a@b.example", Some([10, 0, 0, 1].into()), at(0))), Some(90));
    }

    #[test]
    fn an_address_has_its_own_limit_and_an_ipv6_network_is_one_address() {
        let throttle = LoginThrottle::default();
        let attempt = |account: u32, from: &str| {
            wait(throttle.attempt(&format!("{account}@b.example"), Some(from.parse().unwrap()), at(0)))
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
