//! Token buckets (generic cell rate algorithm), in memory: each instance counts for itself, and buckets that have not
//! been used for long are evicted.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use quick_cache::unsync::Cache;
use vku_domain::kernel::bilingual::{Bilingual, counted};

/// The maximum number of buckets; those that have not been used for long are evicted first.
const BUCKETS: usize = 50_000;

/// The capacity of a bucket, and how fast it is refilled.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// The number of tokens in a full bucket.
    pub places: i64,
    /// The microseconds until one token is refilled.
    pub refill: i64,
}

/// The state of a bucket after a token was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The number of tokens that are left.
    pub free: i64,
    /// The microseconds until the bucket is full.
    pub full_in: i64,
    /// The microseconds until there is a token; 0 if the request got one.
    pub wait: i64,
}

/// Converts microseconds to seconds, rounded up.
pub fn seconds(microseconds: i64) -> u32 {
    u32::try_from(microseconds.max(0).saturating_add(999_999) / 1_000_000).unwrap_or(u32::MAX)
}

/// The same in words, for error messages.
pub fn in_words(seconds: u32) -> Bilingual {
    counted(seconds, ["second", "seconds"], ["Sekunde", "Sekunden"])
}

/// An IPv4 address, or the /64 network of an IPv6 address: a client that has one address of the network has all of
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientNetwork {
    /// The address.
    V4(u32),
    /// The upper 64 bits of the address.
    V6(u64),
}

impl From<IpAddr> for ClientNetwork {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

/// For each bucket, the time at which it is full again, in microseconds since 1970.
pub struct TokenBuckets<K> {
    rate: Rate,
    full_at: Mutex<Cache<K, i64>>,
}

impl<K: Hash + Eq + Copy> TokenBuckets<K> {
    /// Creates buckets that are all full.
    pub fn new(rate: Rate) -> Self {
        Self { rate, full_at: Mutex::new(Cache::new(BUCKETS)) }
    }

    /// Takes a token.
    ///
    /// Errors: the bucket is empty.
    pub fn take(&self, key: K, now: DateTime<Utc>) -> Result<Bucket, Bucket> {
        let Rate { places, refill } = self.rate;
        let (window, now) = (places * refill, now.timestamp_micros());
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let before = buckets.get(&key).map_or(0, |full_at| full_at - now).max(0);
        let full_in = before + refill;
        if full_in > window {
            return Err(Bucket { free: 0, full_in: before, wait: full_in - window });
        }
        buckets.insert(key, now + full_in);
        Ok(Bucket { free: (window - full_in) / refill, full_in, wait: 0 })
    }

    /// Returns a token to the bucket.
    pub fn refund(&self, key: K) {
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut full_at) = buckets.get_mut(&key) {
            *full_at -= self.rate.refill;
        }
    }

    /// Fills the bucket.
    pub fn refill(&self, key: K) {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    /// The state of a bucket after a token was returned.
    pub fn refunded(&self, level: Bucket) -> Bucket {
        let Rate { places, refill } = self.rate;
        Bucket { free: (level.free + 1).min(places), full_in: (level.full_in - refill).max(0), wait: 0 }
    }
}
