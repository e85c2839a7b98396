//! How many requests somebody may make: per API key, account, or address of the client, told in every answer
//! (draft-ietf-httpapi-ratelimit-headers).
//!
//! Who shows no credentials is counted before anything is done for the request; who shows some, as soon as it is known
//! whose they are ([`Context`](super::context::Context)); what nobody has counted by the end, such as credentials that
//! nobody looked at, is counted for the address then.

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

use super::token_bucket::{Bucket, ClientNetwork, Rate, TokenBuckets, seconds};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How many requests in which time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quota {
    /// As many as one likes.
    #[default]
    Unlimited,
    /// So many in so many seconds: all at once, or evenly.
    Requests {
        /// The requests.
        many: u32,
        /// The seconds.
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

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateLimitKey {
    /// Whoever has this API key.
    ApiKey(Uuid),
    /// An account, in all its logins.
    Account(Uuid),
    /// Whoever is there.
    Network(Option<ClientNetwork>),
}

impl From<Option<IpAddr>> for RateLimitKey {
    fn from(address: Option<IpAddr>) -> Self {
        Self::Network(address.map(ClientNetwork::from))
    }
}

/// What a request took of a quota.
#[derive(Clone, Copy, Debug)]
pub struct QuotaState {
    who: RateLimitKey,
    level: Bucket,
}

/// The quotas of everybody.
pub struct RateLimiter {
    buckets: TokenBuckets<RateLimitKey>,
    policy: HeaderValue,
}

impl RateLimiter {
    /// The same for everybody; none where it is unlimited.
    pub fn of(quota: Quota) -> Option<Self> {
        let Quota::Requests { many, seconds } = quota else { return None };
        let refill = i64::from(seconds) * 1_000_000 / i64::from(many);
        let policy = HeaderValue::try_from(format!("\"default\";q={many};w={seconds}")).ok()?;
        Some(Self { buckets: TokenBuckets::new(Rate { places: many.into(), refill }), policy })
    }

    /// Counts a request, and says what was taken even where that was nothing.
    ///
    /// Errors: 429, with the seconds until the next one.
    pub fn take(&self, who: RateLimitKey, now: DateTime<Utc>) -> (QuotaState, Result<(), Error>) {
        match self.buckets.take(who, now) {
            Ok(level) => (QuotaState { who, level }, Ok(())),
            Err(level) => (QuotaState { who, level }, Err(refused(level))),
        }
    }

    /// Gives back what was taken.
    pub fn refund(&self, taken: QuotaState) -> QuotaState {
        self.buckets.refund(taken.who);
        QuotaState { level: self.buckets.raised(taken.level), ..taken }
    }

    /// Tells in the answer what there is, and what is left of it.
    pub fn write_headers(&self, taken: QuotaState, headers: &mut HeaderMap) {
        let Bucket { free, full_in, .. } = taken.level;
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
    let detail = bilingual!(
        "You have used up your request quota. Try again in {seconds} seconds.",
        "Sie haben so viele Anfragen gestellt, wie Sie dürfen. Versuchen Sie es in {seconds} Sekunden wieder."
    );
    Error { retry_after: Some(seconds), ..Error::new(Code::TooManyRequests, detail) }
}

/// Whether a request counts at all: not that of who watches over the service, and not what a browser asks by itself.
pub fn is_counted(request: &ServiceRequest) -> bool {
    let path = request.path();
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    !(preflight || path.starts_with("/health/") || path == "/metrics")
}

/// Whether it will be known later who asks, so that the address is not counted before.
pub fn identified_by_body(request: &ServiceRequest) -> bool {
    let path = request.path();
    request.headers().contains_key(AUTHORIZATION)
        && path.starts_with("/api/v1/")
        && !path.starts_with("/api/v1/auth/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_written_in_one_way() {
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
    fn what_is_left_is_told() {
        let limit = RateLimiter::of("3/1m".parse().unwrap()).unwrap();
        let now = |seconds: i64| DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        let told = |taken| {
            let mut headers = HeaderMap::new();
            limit.write_headers(taken, &mut headers);
            assert_eq!(headers.get("ratelimit-policy").unwrap(), "\"default\";q=3;w=60");
            headers.get("ratelimit").unwrap().to_str().unwrap().to_owned()
        };
        let who = RateLimitKey::Account(Uuid::nil());
        let take = |seconds| {
            let (taken, result) = limit.take(who, now(seconds));
            (told(taken), result.err().and_then(|error| error.retry_after))
        };
        assert_eq!(take(0), ("\"default\";r=2;t=20".into(), None));
        assert_eq!(take(0), ("\"default\";r=1;t=40".into(), None));
        assert_eq!(take(0), ("\"default\";r=0;t=60".into(), None));
        assert_eq!(take(1), ("\"default\";r=0;t=59".into(), Some(19)));
        let (taken, result) = limit.take(who, now(20));
        assert!(result.is_ok());
        assert_eq!(told(taken), "\"default\";r=0;t=60");
        assert_eq!(told(limit.refund(taken)), "\"default\";r=1;t=40");
        assert_eq!(take(20), ("\"default\";r=0;t=60".into(), None));
        assert_eq!(
            limit.take(RateLimitKey::ApiKey(Uuid::nil()), now(20)).0.level.free,
            2,
            "others are not concerned"
        );
    }
}
