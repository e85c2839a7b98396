//! Matching, statistics and concurrent registrations. Each response time is compared with that of reading a partnership
//! just before, by a client that sends one request at a time.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::environment::{Api, Environment, SLUG};
use crate::load::median;
use crate::{Failure, print_line};

/// The number of partnerships. There are 5,000 utilities.
const PARTNERSHIPS: usize = 50_000;
/// The number of concurrent registrations, and of seats.
const CROWD: usize = 500;
const CAPACITY: usize = 40;
/// The number of requests for each measurement.
const ROUNDS: usize = 41;

/// The measured requests, with the cache off.
const WORK: &[(&str, &str)] = &[
    ("matching for a municipal utility", "utilities/utility-1/matches"),
    ("matching for a partner utility", "utilities/utility-500/matches"),
    ("matching among municipal utilities", "utilities/utility-1/matches?among=municipal"),
    ("partnerships by status", "statistics/partnerships?by=status"),
    ("partnerships by sector", "statistics/partnerships?by=sector"),
    ("partnerships by country", "statistics/partnerships?by=country"),
    ("partnerships by programme", "statistics/partnerships?by=programme"),
    ("partnerships by SDG target", "statistics/partnerships?by=sdg_target"),
    ("partnerships by year", "statistics/partnerships?by=year"),
    ("money by programme", "statistics/funding?by=programme"),
    ("money by kind", "statistics/funding?by=kind"),
    ("money by year", "statistics/funding?by=year"),
];

/// Measures everything on a new database.
pub async fn measure(environment: &Environment<'_>) -> Result<(), Failure> {
    let url = environment.url("exchange");
    environment.fill(&url, "exchange", PARTNERSHIPS)?;
    let (api, _) = environment.serve(&url, false).await?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    print_line(format!(
        "\n### {}, {PARTNERSHIPS} partnerships, 5000 utilities, without the cache\n\n\
         | work | p50, ms | one read, ms | of one read | goal |\n| --- | ---: | ---: | ---: | --- |",
        environment.database
    ));
    let token = environment.token(&client, &api.base).await?;
    for (work, path) in WORK {
        let one = p50(&client, &api, &token, &format!("partnerships/{SLUG}")).await?;
        let took = p50(&client, &api, &token, path).await?;
        print_line(format!("| {work} | {took:.1} | {one:.2} | {:.0} | ≤ 50 |", took / one));
    }
    crowd(&client, &api, &token).await
}

/// The median response time in milliseconds.
async fn p50(client: &reqwest::Client, api: &Api, token: &str, path: &str) -> Result<f64, Failure> {
    let url = format!("{}/api/v1/{path}", api.base);
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        client.get(&url).bearer_auth(token).send().await?.error_for_status()?.bytes().await?;
        times.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(median(times))
}

/// Sends all registrations for a session with few seats at once.
async fn crowd(client: &reqwest::Client, api: &Api, token: &str) -> Result<(), Failure> {
    let post = async |path: &str, body: Value| {
        let request = client.post(format!("{}/api/v1/{path}", api.base)).bearer_auth(token).json(&body);
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok::<_, Failure>((status, answer.json::<Value>().await?))
    };
    post("members", json!({ "utility": "utility-1", "status": "active" })).await?;
    let session = json!({
        "slug": "crowd", "title": "Crowd", "kind": "exchange", "starts_on": "2099-06-12", "start_time": "10:00",
        "end_time": "12:00", "format": "online", "status": "published", "capacity": CAPACITY, "visibility": "public"
    });
    post("sessions", session).await?;
    let began = Instant::now();
    let all = join_all((0..CROWD).map(async |number| {
        let body = json!({
            "member": "utility-1", "name": format!("Person {number}"),
            "email": format!("person-{number}@example.org"), "attendance": "online"
        });
        post("sessions/crowd/registrations", body).await
    }));
    let answers = all.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let took = began.elapsed().as_secs_f64();
    let count = |wanted: &str| {
        let is = |body: &Value| body.get("status").is_some_and(|status| status == wanted);
        answers.iter().filter(|(status, body)| *status == 201 && is(body)).count()
    };
    let (seated, waiting) = (count("registered"), count("waitlisted"));
    if (seated, waiting) != (CAPACITY, CROWD - CAPACITY) {
        let other = answers.iter().find(|(status, _)| *status != 201).map(|(_, body)| body.to_string());
        let other = other.unwrap_or_default();
        return Err(Failure::new(format!("{seated} are registered and {waiting} wait: {other}")));
    }
    print_line(format!(
        "\n{CROWD} registrations at once for {CAPACITY} seats: {seated} registered, {waiting} wait, {took:.1} s ({:.0} a second).",
        CROWD as f64 / took
    ));
    Ok(())
}
