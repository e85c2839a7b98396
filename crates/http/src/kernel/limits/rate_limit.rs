//! The rate limit per API key, account, or address of the client; every response states it
//! (draft-ietf-httpapi-ratelimit-headers).
//!
//! A request without credentials is counted before anything is done for it; a request with credentials, as soon as its
//! caller is known ([`Context`](crate::kernel::request::context::Context)). A request that has not been counted by the
//! end, for example because no handler checked its credentials, is then counted for its address.

use std::fmt::Write;
use std::net::IpAddr;
use std::str::FromStr;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};

use super::token_bucket::{Bucket, ClientNetwork, Rate, TokenBuckets, in_words, seconds};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The number of requests that are allowed in a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quota {
    /// Any number of requests.
    #[default]
    Unlimited,
    /// A number of requests in a number of seconds, all at once or evenly.
    Requests {
        /// The number of requests.
        many: u32,
        /// The number of seconds.
        seconds: u32,
    },
}

impl FromStr for Quota {
    type Err = &'static str;

    /// `600/1m`, `10/1s`, `5000/1h`, `off`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a number of requests in a second, a minute or an hour, such as 10/1s, \
                                600/1m or 5000/1h (at most a million per second), or off";
        if text == "off" {
            return Ok(Self::Unlimited);
        }
        let (many, time) = text.split_once('/').ok_or(EXPECTED)?;
        let seconds: u32 = match time {
            "1s" => 1,
            "1m" => 60,
            "1h" => 3600,
            _ => return Err(EXPECTED),
        };
        let digits = many.bytes().all(|byte| byte.is_ascii_digit());
        let many = many.parse().ok().filter(|many| digits && (1..=1_000_000 * seconds).contains(many));
        Ok(Self::Requests { many: many.ok_or(EXPECTED)?, seconds })
    }
}

/// What requests are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateLimitKey {
    /// An API key.
    ApiKey(Uuid),
    /// An account, with all its logins.
    Account(Uuid),
    /// A network; `None` if the address is unknown.
    Network(Option<ClientNetwork>),
}

impl From<Option<IpAddr>> for RateLimitKey {
    fn from(address: Option<IpAddr>) -> Self {
        Self::Network(address.map(ClientNetwork::from))
    }
}

/// The state of a quota after a request.
#[derive(Clone, Copy, Debug)]
pub struct QuotaState {
    who: RateLimitKey,
    level: Bucket,
}

/// Limits requests to a quota.
pub struct RateLimiter {
    buckets: TokenBuckets<RateLimitKey>,
    policy: HeaderValue,
}

impl RateLimiter {
    /// A limiter with the same quota for all callers; `None` if the quota is unlimited.
    pub fn of(quota: Quota) -> Option<Self> {
        let Quota::Requests { many, seconds } = quota else { return None };
        let refill = i64::from(seconds) * 1_000_000 / i64::from(many);
        let policy = HeaderValue::try_from(format!("\"default\";q={many};w={seconds}")).ok()?;
        Some(Self { buckets: TokenBuckets::new(Rate { places: many.into(), refill }), policy })
    }

    /// Counts a request; returns the state of the quota even if the request is rejected.
    ///
    /// Errors: 429, with the seconds until the next request is allowed.
    pub fn take(&self, who: RateLimitKey, now: DateTime<Utc>) -> (QuotaState, Result<(), Error>) {
        match self.buckets.take(who, now) {
            Ok(level) => (QuotaState { who, level }, Ok(())),
            Err(level) => (QuotaState { who, level }, Err(refused(level))),
        }
    }

    /// Takes the count of a request back.
    pub fn refund(&self, quota: QuotaState) -> QuotaState {
        self.buckets.refund(quota.who);
        QuotaState { level: self.buckets.refunded(quota.level), ..quota }
    }

    /// Writes the quota and what is left of it into the headers.
    pub fn write_headers(&self, quota: QuotaState, headers: &mut HeaderMap) {
        let Bucket { free, full_in, .. } = quota.level;
        let mut left = String::with_capacity(40);
        // Writing into memory cannot fail.
        let _ = write!(left, "\"default\";r={free};t={}", seconds(full_in));
        if let Ok(left) = HeaderValue::try_from(left) {
            headers.insert(RATE_LIMIT, left);
            headers.insert(RATE_LIMIT_POLICY, self.policy.clone());
        }
    }
}

fn refused(level: Bucket) -> Error {
    let seconds = seconds(level.wait);
    let wait = in_words(seconds);
    let detail = bilingual!(
        "You have used up your request quota. Try again in {wait}.",
        "Sie haben so viele Anfragen gestellt, wie Sie dürfen. Versuchen Sie es in {wait} wieder.",
        wait
    );
    Error { retry_after: Some(seconds), ..Error::new(Code::TooManyRequests, detail) }
}

/// Whether a request counts: health checks, metrics and preflight requests of browsers do not.
pub fn is_counted(request: &ServiceRequest) -> bool {
    let path = request.path();
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    !(preflight || path.starts_with("/health/") || path == "/metrics")
}

/// Whether the caller becomes known later, so that the request is not counted for the address before.
pub fn identified_by_credentials(request: &ServiceRequest) -> bool {
    let path = request.path();
    request.headers().contains_key(AUTHORIZATION)
        && path.starts_with("/api/v1/")
        && !path.starts_with("/api/v1/auth/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_has_a_strict_syntax() {
        for (text, many, seconds) in
            [("600/1m", 600, 60), ("1/1s", 1, 1), ("5000/1h", 5000, 3600), ("1000000/1s", 1_000_000, 1)]
        {
            assert_eq!(text.parse(), Ok(Quota::Requests { many, seconds }), "{text}");
        }
        assert_eq!("off".parse(), Ok(Quota::Unlimited));
        for wrong in [
            "",
            "600",
            "600/",
            "/1m",
            "0/1m",
            "-1/1m",
            "+1/1m",
            " 1/1m",
            "1/1d",
            "1/m",
            "1/60s",
            "1.5/1s",
            "on",
            "OFF",
            "1000001/1s",
            "4294967296/1h",
        ] {
            assert!(wrong.parse::<Quota>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_headers_state_what_is_left() {
        let limit = RateLimiter::of("3/1m".parse().unwrap()).unwrap();
        let now = |seconds: i64| DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        let header = |quota| {
            let mut headers = HeaderMap::new();
            limit.write_headers(quota, &mut headers);
            assert_eq!(headers.get("ratelimit-policy").unwrap(), "\"default\";q=3;w=60");
            headers.get("ratelimit").unwrap().to_str().unwrap().to_owned()
        };
        let who = RateLimitKey::Account(Uuid::nil());
        let take = |seconds| {
            let (quota, result) = limit.take(who, now(seconds));
            (header(quota), result.err().and_then(|error| error.retry_after))
        };
        assert_eq!(take(0), ("\"default\";r=2;t=20".into(), None));
        assert_eq!(take(0), ("\"default\";r=1;t=40".into(), None));
        assert_eq!(take(0), ("\"default\";r=0;t=60".into(), None));
        assert_eq!(take(1), ("\"default\";r=0;t=59".into(), Some(19)));
        let (quota, result) = limit.take(who, now(20));
        assert!(result.is_ok());
        assert_eq!(header(quota), "\"default\";r=0;t=60");
        assert_eq!(header(limit.refund(quota)), "\"default\";r=1;t=40");
        assert_eq!(take(20), ("\"default\";r=0;t=60".into(), None));
        assert_eq!(
            limit.take(RateLimitKey::ApiKey(Uuid::nil()), now(20)).0.level.free,
            2,
            "others are not concerned"
        );
    }
}
