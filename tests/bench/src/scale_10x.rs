//! A database of ten times the size: what reads and an export cost there.

use std::time::Instant;

use crate::baseline::Pools;
use crate::environment::{Environment, PAGE, SLUG};
use crate::load::{self, Request, median};
use crate::{Failure, print_line};

/// The rates of one partnership and of a page in a larger database, without the cache. Measures an export too.
pub async fn measure(environment: &Environment<'_>, partnerships: usize) -> Result<(f64, f64), Failure> {
    let name = format!("bench_{partnerships}");
    let (url, plan) = (environment.url(&name), environment.options.plan);
    environment.fill(&url, &name, partnerships)?;
    let (api, _) = environment.serve(&url, false).await?;
    let rate = |path: &str| -> Result<f64, Failure> {
        let request = Request::get(format!("{}{path}", api.base));
        Ok(median((0..plan.runs).map(|_| load::run(&request, plan)).collect::<Result<_, _>>()?))
    };
    let rates =
        (rate(&format!("/api/v1/partnerships/{SLUG}"))?, rate(&format!("/api/v1/partnerships?{PAGE}"))?);
    print_line(format!(
        "\n### {}, {partnerships} partnerships\n\n| work | measured | goal |\n| --- | ---: | --- |",
        environment.database
    ));
    let client = reqwest::Client::builder().no_proxy().build()?;
    let pools = Pools::connect(&url).await?;
    for format in ["ndjson", "csv"] {
        let (fresh, _) = environment.serve(&url, false).await?;
        let idle = fresh.process.memory().0;
        let began = Instant::now();
        let mut answer =
            client.get(format!("{}/api/v1/partnerships?format={format}", fresh.base)).send().await?;
        let mut most = idle;
        while answer.chunk().await?.is_some() {
            most = most.max(fresh.process.memory().0);
        }
        let took = began.elapsed().as_secs_f64();
        drop(fresh);
        let began = Instant::now();
        pools.export(drop).await?;
        let bare = began.elapsed().as_secs_f64();
        print_line(format!(
            "| export as {format} | {:.2} of a cursor loop ({took:.1} s) | ≥ 0.5 |",
            bare / took
        ));
        print_line(format!("| … memory above idle | {:.1} MiB | ≤ 16 |", most - idle));
    }
    Ok(rates)
}
