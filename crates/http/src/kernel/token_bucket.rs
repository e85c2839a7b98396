//! Buckets of places that fill again with time (generic cell rate algorithm), kept in memory: each instance counts for
//! itself, and the oldest buckets make room for new ones.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use quick_cache::unsync::Cache;

/// How many buckets are kept: those that were not touched for long go first.
const BUCKETS: usize = 50_000;

/// How many places a bucket has, and after how many microseconds one is free again.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// The places.
    pub places: i64,
    /// The microseconds.
    pub refill: i64,
}

/// How a bucket is after a place was asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The places that are left.
    pub free: i64,
    /// In how many microseconds all are free again.
    pub full_in: i64,
    /// In how many microseconds there is one, where there was none.
    pub wait: i64,
}

/// Whole seconds, begun ones counted.
pub fn seconds(microseconds: i64) -> u32 {
    u32::try_from(microseconds.max(0).saturating_add(999_999) / 1_000_000).unwrap_or(u32::MAX)
}

/// An IPv4 address, or the /64 of an IPv6 address: whoever has one of those has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientNetwork {
    /// The address.
    V4(u32),
    /// The upper half of the address.
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

/// When each bucket will be full of places again, in microseconds since 1970.
pub struct TokenBuckets<K> {
    rate: Rate,
    full_at: Mutex<Cache<K, i64>>,
}

impl<K: Hash + Eq + Copy> TokenBuckets<K> {
    /// Buckets that are all full.
    pub fn new(rate: Rate) -> Self {
        Self { rate, full_at: Mutex::new(Cache::new(BUCKETS)) }
    }

    /// Takes a place.
    ///
    /// Errors: there is none.
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

    /// Gives a place back.
    pub fn refund(&self, key: K) {
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut full_at) = buckets.get_mut(&key) {
            *full_at -= self.rate.refill;
        }
    }

    /// Gives all places back.
    pub fn refill(&self, key: K) {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    /// The level after a place was given back.
    pub fn raised(&self, level: Bucket) -> Bucket {
        let Rate { places, refill } = self.rate;
        Bucket { free: (level.free + 1).min(places), full_in: (level.full_in - refill).max(0), wait: 0 }
    }
}
