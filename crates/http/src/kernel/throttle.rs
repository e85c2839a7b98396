//! How often somebody may try to sign in: failures count for the account that is tried and for the address that tries.
//!
//! Each has a bucket of places that fills again with time (generic cell rate algorithm). A place is taken before the
//! password is looked at, so that many attempts at once count too, and given back when it was right. Kept in memory:
//! each instance counts for itself, and the oldest buckets make room for new ones.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use quick_cache::unsync::Cache;
use sha2::{Digest, Sha256};
use vku_domain::kernel::error::{Code, Error};
use vku_domain::say;

/// How many buckets are kept: those that were not touched for long go first.
const BUCKETS: usize = 50_000;

/// How many places a bucket has, and after how many milliseconds one is free again.
#[derive(Clone, Copy)]
struct Rate {
    places: i64,
    refill: i64,
}

/// Ten failures, then one in 90 seconds.
const ACCOUNT: Rate = Rate { places: 10, refill: 90_000 };
/// Sixty failures, then one in 10 seconds: behind one address there may be a whole utility.
const ADDRESS: Rate = Rate { places: 60, refill: 10_000 };

/// The places that somebody took; to be given back where the password was right. Dropped, they stay taken.
pub struct Attempt {
    account: [u8; 32],
    address: Option<Network>,
}

/// An IPv4 address, or the /64 of an IPv6 address: whoever has one of those has them all.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Network {
    V4(u32),
    V6(u64),
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            // The upper half.
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

/// The attempts of late.
pub struct SignIns {
    accounts: Buckets<[u8; 32]>,
    addresses: Buckets<Network>,
}

impl Default for SignIns {
    fn default() -> Self {
        Self { accounts: Buckets::new(ACCOUNT), addresses: Buckets::new(ADDRESS) }
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
        let now = now.timestamp_millis();
        if let Some(address) = attempt.address {
            self.addresses.take(address, now).map_err(refused)?;
        }
        self.accounts.take(attempt.account, now).map_err(|wait| {
            self.succeeded_from(attempt.address);
            refused(wait)
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

fn refused(wait: i64) -> Error {
    let seconds =
        u32::try_from(wait.div_euclid(1000) + i64::from(wait.rem_euclid(1000) > 0)).unwrap_or(u32::MAX);
    let detail = say!(
        "Too many failed attempts to sign in. Try again in {seconds} seconds.",
        "Zu viele fehlgeschlagene Anmeldungen. Versuchen Sie es in {seconds} Sekunden wieder."
    );
    Error { retry_after: Some(seconds), ..Error::new(Code::TooManyAttempts, detail) }
}

/// When each bucket will be full of places again, in milliseconds since 1970.
struct Buckets<K> {
    rate: Rate,
    full_at: Mutex<Cache<K, i64>>,
}

impl<K: Hash + Eq + Copy> Buckets<K> {
    fn new(rate: Rate) -> Self {
        Self { rate, full_at: Mutex::new(Cache::new(BUCKETS)) }
    }

    /// Takes a place, or tells in how many milliseconds there is one.
    fn take(&self, key: K, now: i64) -> Result<(), i64> {
        let Rate { places, refill } = self.rate;
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = buckets.get(&key).copied().unwrap_or(now).max(now) + refill;
        match full_at - now - places * refill {
            wait @ 1.. => Err(wait),
            _ => {
                buckets.insert(key, full_at);
                Ok(())
            }
        }
    }

    fn give_back(&self, key: K) {
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut full_at) = buckets.get_mut(&key) {
            *full_at -= self.rate.refill;
        }
    }
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
