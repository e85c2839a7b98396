//! Load: `wrk` on the other core, both sides alternately, medians.

use std::process::Command;

use crate::Failure;
use crate::process::LOAD_CORE;

/// A request to measure.
#[derive(Clone, Default)]
pub struct Request {
    pub url: String,
    pub headers: Vec<String>,
    /// A Lua script that makes the requests.
    pub script: Option<String>,
}

impl Request {
    pub fn get(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    pub fn with(mut self, header: impl Into<String>) -> Self {
        self.headers.push(header.into());
        self
    }
}

/// The number of connections, the duration and the number of runs.
#[derive(Clone, Copy)]
pub struct Plan {
    pub connections: u32,
    pub seconds: u32,
    pub runs: usize,
}

/// The rate in requests per second.
pub fn run(request: &Request, plan: Plan) -> Result<f64, Failure> {
    let mut command = Command::new("taskset");
    command.args(["-c", LOAD_CORE, "wrk", "-t1"]);
    command.arg(format!("-c{}", plan.connections)).arg(format!("-d{}s", plan.seconds));
    for header in &request.headers {
        command.args(["-H", header]);
    }
    if let Some(script) = &request.script {
        command.args(["-s", script]);
    }
    let output = command.arg(&request.url).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let after = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    if let Some(failed) = after("Non-2xx or 3xx responses:") {
        return Err(Failure::new(format!("{failed} requests to {} failed", request.url)));
    }
    if let Some(errors) = after("Socket errors:") {
        return Err(Failure::new(format!("{}: {errors}", request.url)));
    }
    let rate = after("Requests/sec:").and_then(|rate| rate.parse().ok());
    rate.ok_or_else(|| Failure::new(format!("wrk said nothing of {}: {text}", request.url)))
}

/// The median rates of both sides, run alternately.
pub fn compare(ours: &Request, theirs: &Request, plan: Plan) -> Result<(f64, f64), Failure> {
    alternate((ours, plan), (theirs, plan))
}

/// Like [`compare`], with a plan for each side. The first plan sets the number of runs.
pub fn alternate(ours: (&Request, Plan), theirs: (&Request, Plan)) -> Result<(f64, f64), Failure> {
    let (mut mine, mut yours) = (Vec::new(), Vec::new());
    for _ in 0..ours.1.runs {
        mine.push(run(ours.0, ours.1)?);
        yours.push(run(theirs.0, theirs.1)?);
    }
    Ok((median(mine), median(yours)))
}

/// The median.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
