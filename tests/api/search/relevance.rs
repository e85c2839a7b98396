//! Searches on the demo data with their relevant rows: the tests measure recall and precision, and check that both
//! databases find the same.

use std::collections::BTreeSet;

use super::found;
use crate::harness::{Backend, run};

/// A search and the slugs that are relevant to it.
struct Golden {
    list: &'static str,
    q: &'static str,
    meant: BTreeSet<&'static str>,
}

fn golden() -> Vec<Golden> {
    let lines =
        include_str!("relevance.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let parts: Vec<_> = line.split('|').map(str::trim).collect();
            let [list, q, meant] = parts[..] else { panic!("{line}") };
            Golden { list, q, meant: meant.split_whitespace().collect() }
        })
        .collect()
}

/// The results of each search, or `None` if the database is not available.
fn answers(backend: Backend) -> Option<Vec<Vec<String>>> {
    let (send, receive) = std::sync::mpsc::channel();
    run(backend, async |app| {
        let (caller, mut all) = (app.reader(), Vec::new());
        for Golden { list, q, .. } in golden() {
            all.push(found(&caller, &format!("{list}?limit=7&q={q}")).await);
        }
        send.send(all).unwrap();
    });
    receive.try_recv().ok()
}

#[test]
fn both_databases_reach_the_recall_and_precision_limits() {
    let golden = golden();
    assert!(golden.len() >= 80);
    let sqlite = answers(Backend::Sqlite).unwrap();
    let (mut recall, mut precision) = (0.0, 0.0);
    for (Golden { list, q, meant }, found) in golden.iter().zip(&sqlite) {
        let is_meant = |slug: &&String| meant.contains(slug.as_str());
        let share = |part: usize, of: usize| if of == 0 { 1.0 } else { part as f64 / of as f64 };
        let first = found.len().min(5);
        // Precision of the first five results. An empty result counts as 0 if there are relevant rows.
        let right = share(found.iter().take(5).filter(is_meant).count(), first.max(meant.len().min(1)));
        let whole = share(found.iter().filter(is_meant).count(), meant.len());
        if whole < 1.0 || right < 1.0 {
            println!(
                "{list} `{q}`: recall {whole:.2}, precision {right:.2}, found {found:?}, meant {meant:?}"
            );
        }
        recall += whole;
        precision += right;
    }
    let count = golden.len() as f64;
    (recall, precision) = (recall / count, precision / count);
    println!("{} searches: recall {recall:.3}, precision at 5 {precision:.3}", golden.len());
    assert!(recall >= 0.97 && precision >= 0.9, "recall {recall:.3}, precision at 5 {precision:.3}");
    // Ids differ between the databases, but have the same order.
    if let Some(postgres) = answers(Backend::Postgres) {
        for ((Golden { list, q, .. }, one), other) in golden.iter().zip(&sqlite).zip(&postgres) {
            assert_eq!(one, other, "{list} `{q}`");
        }
        println!("both databases find the same in the same order");
    }
}
