//! What the cache stores, for whom, and for how long.

#![allow(clippy::disallowed_methods, reason = "tests read the real clock and create their own ids")]

use std::sync::atomic::AtomicUsize;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;

use super::*;

const TARGET: &str = "/api/v1/partnerships?limit=50";

fn representation(size: usize) -> Representation {
    let body = vec![b'x'; size];
    Representation::new(ETag::of_bytes(&body), body)
}

fn snapshot(generation: u64, actor: &Actor) -> Option<Snapshot> {
    Snapshot::of(Some(generation), actor)
}

/// Gets the target as `actor` in a snapshot; counts in `computed` how often the response is computed.
async fn ask(
    cache: &ResponseCache,
    actor: &Actor,
    snapshot: Option<Snapshot>,
    computed: &AtomicUsize,
) -> CacheStatus {
    let make = async {
        computed.fetch_add(1, SeqCst);
        tokio::task::yield_now().await;
        Ok(representation(100))
    };
    cache.get(&CacheKeyRef { actor, target: TARGET }, snapshot, make).await.unwrap().1
}

#[tokio::test]
async fn of_several_concurrent_requests_one_computes_the_response() {
    let (responses, actor, computed) =
        (ResponseCache::new(DEFAULT_CACHE_BYTES), Actor::public(Utc::now()), AtomicUsize::new(0));
    for generation in 1..4 {
        let requests = (0..20).map(|_| ask(&responses, &actor, snapshot(generation, &actor), &computed));
        let sources = join_all(requests).await;
        assert_eq!(sources.iter().filter(|source| **source == CacheStatus::Miss).count(), 1);
        assert_eq!(sources.iter().filter(|source| **source == CacheStatus::Shared).count(), 19);
        assert_eq!(computed.swap(0, SeqCst), 1);
    }
}

#[tokio::test]
async fn a_failure_is_not_shared() {
    let (responses, actor, tries) =
        (ResponseCache::new(DEFAULT_CACHE_BYTES), Actor::public(Utc::now()), AtomicUsize::new(0));
    let key = CacheKeyRef { actor: &actor, target: TARGET };
    let get = || {
        responses.get(&key, snapshot(1, &actor), async {
            tokio::task::yield_now().await;
            if tries.fetch_add(1, SeqCst) == 0 {
                Err(Error::not_found().into())
            } else {
                Ok(representation(1))
            }
        })
    };
    let answers = join_all((0..5).map(|_| get())).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 1);
    assert!(matches!(get().await, Ok((_, CacheStatus::Hit))));
    // A request that is cancelled leaves the computation to others.
    let cancelled = responses.get(&key, snapshot(2, &actor), std::future::pending());
    assert!(tokio::time::timeout(std::time::Duration::ZERO, cancelled).await.is_err());
    assert!(matches!(get().await, Ok((_, CacheStatus::Hit | CacheStatus::Miss))));
}

#[tokio::test]
async fn an_entry_is_valid_for_its_generation_its_day_and_its_kind_of_caller() {
    let (responses, computed) = (ResponseCache::new(DEFAULT_CACHE_BYTES), AtomicUsize::new(0));
    let at: DateTime<Utc> = "2026-11-22T23:59:59Z".parse().unwrap();
    let public = Actor::public(at);
    let member = |utility: u128| Actor {
        account: Some(Uuid::now_v7()),
        role: Some(Role::Member),
        utilities: vec![Uuid::from_u128(utility)],
        ..public.clone()
    };
    let scoped = |scopes: &[&str]| Actor { scopes: Some(scopes.iter().copied().collect()), ..member(1) };
    let morning = Actor { at: at + TimeDelta::seconds(1), ..public.clone() };
    let unnamed = Actor { role: Some(Role::Member), ..public.clone() };
    for (actor, generation, source) in [
        (public.clone(), 1, CacheStatus::Miss),
        (public.clone(), 1, CacheStatus::Hit),
        (public.clone(), 2, CacheStatus::Miss),
        (public.clone(), 2, CacheStatus::Hit),
        (morning.clone(), 2, CacheStatus::Miss),
        (morning, 2, CacheStatus::Hit),
        (unnamed, 2, CacheStatus::Miss),
        (member(1), 2, CacheStatus::Miss),
        (member(1), 2, CacheStatus::Hit),
        (member(2), 2, CacheStatus::Miss),
        (Actor { role: Some(Role::Partner), ..member(1) }, 2, CacheStatus::Miss),
        (scoped(&[]), 2, CacheStatus::Miss),
        (scoped(&["utilities:read"]), 2, CacheStatus::Miss),
        (scoped(&["utilities:read"]), 2, CacheStatus::Hit),
        (member(1), 2, CacheStatus::Hit),
    ] {
        assert_eq!(
            ask(&responses, &actor, snapshot(generation, &actor), &computed).await,
            source,
            "{actor:?}"
        );
    }
    assert_eq!(ask(&responses, &public, None, &computed).await, CacheStatus::Bypass);
    assert_eq!(
        ask(&ResponseCache::new(0), &public, snapshot(2, &public), &computed).await,
        CacheStatus::Bypass
    );
}

#[tokio::test]
async fn the_cache_stays_within_its_capacity() {
    let (responses, actor) = (ResponseCache::new(1 << 20), Actor::public(Utc::now()));
    for number in 0..2_000 {
        let target = format!("/api/v1/partnerships/{number}");
        let key = CacheKeyRef { actor: &actor, target: &target };
        responses.get(&key, snapshot(1, &actor), async { Ok(representation(10_000)) }).await.unwrap();
    }
    let cache = responses.0.as_ref().unwrap();
    assert!(cache.weight() <= 1 << 20 && cache.len() > 50, "{} in {}", cache.weight(), cache.len());
}

#[tokio::test]
async fn compressed_bodies_are_cached_too() {
    let (responses, actor) = (ResponseCache::new(DEFAULT_CACHE_BYTES), Actor::public(Utc::now()));
    let (key, now) = (CacheKeyRef { actor: &actor, target: TARGET }, snapshot(1, &actor));
    responses.get(&key, now, async { Ok(representation(10_000)) }).await.unwrap();
    for coding in [ContentCoding::Br, ContentCoding::Gzip] {
        let entry = responses.find(&key, now).unwrap();
        let bytes = responses.compress(&key, &entry, coding).await.unwrap();
        let again = responses.find(&key, now).unwrap();
        assert_eq!(again.representation.encoded_body(coding), Some(&bytes));
        assert!(bytes.len() < 200 && again.representation.body == entry.representation.body);
    }
    assert!(responses.find(&key, now).unwrap().representation.br.is_some());
}
