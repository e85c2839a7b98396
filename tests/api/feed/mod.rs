//! The change feed: a copy that follows it is what a caller would read again.

mod copy;
mod world;

use std::collections::BTreeMap;

use futures_util::future::join_all;

use self::copy::{Copy, actors, all_rows};
use self::world::World;
use crate::harness::{TestApp, on_both};

/// Follows with several copies of each caller while writers change everything, and compares them from time to time.
async fn copies_stay_equal(app: &TestApp, seed: u64, rounds: usize, writers: usize) {
    app.clock.stop();
    let world = World::new(app, seed).await;
    let actors = actors(app).await;
    assert_eq!(actors.len(), 6);
    let mut copies: Vec<Copy> = Vec::new();
    for actor in &actors {
        copies.push(Copy::of(&app.store, actor).await);
        copies.push(Copy::empty(actor));
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..rounds {
        let changes = join_all((0..writers).map(|_| world.change()));
        let cut = async {
            // Somewhere in between, some copies read a page, and a new one begins.
            let new = Copy::of(&app.store, &actors[world.below(actors.len())]).await;
            for copy in copies.iter_mut() {
                if world.below(3) == 0 {
                    copy.apply(&app.store, 1 + world.below(20)).await;
                }
            }
            new
        };
        let ((), new) = futures_util::future::join(async { drop(changes.await) }, cut).await;
        copies.push(new);
        if round % 10 == 9 || round + 1 == rounds {
            let mut fresh = Vec::new();
            for actor in &actors {
                fresh.push(all_rows(&app.store, actor).await);
            }
            for copy in &mut copies {
                for (action, _) in copy.follow(&app.store, 1 + world.below(300)).await {
                    *seen.entry(format!("{:?} {action}", copy.actor.role)).or_default() += 1;
                }
                let index = actors.iter().position(|actor| actor.role == copy.actor.role).unwrap();
                copy.assert_equals(&fresh[index], &format!("seed {seed}, round {round}"));
            }
            copies.truncate(30);
        }
    }
    println!("{seen:#?}");
    for role in ["None", "Some(Partner)", "Some(Member)", "Some(Reader)"] {
        assert!(
            seen.get(&format!("{role} hidden")).is_some_and(|many| *many > 0),
            "{role} lost sight of nothing"
        );
    }
}

on_both! {
    async fn a_copy_that_follows_is_what_a_caller_reads_again(app: TestApp) {
        let seed = std::env::var("VKU_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
        copies_stay_equal(&app, seed, 40, 8).await;
    }
}
