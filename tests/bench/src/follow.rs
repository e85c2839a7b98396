//! Following changes: how fast they are read, how soon they arrive, and what it costs others.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::time::Instant;

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::environment::{Api, Environment, SLUG};
use crate::load::{Plan, Request, median, run};
use crate::{Failure, print_line};

/// The number of partnerships whose creation is read.
const PARTNERSHIPS: usize = 10_000;
/// The number of writes that are awaited in a stream.
const AWAITED: usize = 200;
/// The number of open streams, of which an address may have so many.
const STREAMS: usize = 200;
const OF_ADDRESS: usize = 20;
/// The number of deliveries to a webhook.
const DELIVERIES: usize = 1_000;
/// The number of writes whose rate is compared.
const WRITES: usize = 300;

fn row(work: &str, measured: f64, goal: &str) {
    print_line(format!("| {work} | {measured:.2} | {goal} |"));
}

/// A server, and an account that may write.
struct Writer<'a> {
    client: &'a Client,
    api: &'a Api,
    token: String,
}

impl Writer<'_> {
    async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.client.post(format!("{}/api/v1/{path}", self.api.base));
        let answer = request.bearer_auth(&self.token).json(body).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    async fn create(&self, slug: &str) -> Result<(), Failure> {
        self.post("organisations", &json!({ "slug": slug, "name": slug, "kind": "ngo" })).await.map(drop)
    }
}

/// Measures everything on a new database.
pub async fn measure(environment: &Environment<'_>) -> Result<(), Failure> {
    let url = environment.url("follow");
    environment.fill(&url, "follow", PARTNERSHIPS)?;
    let (api, _) = environment.serve(&url, true).await?;
    let client = Client::builder().no_proxy().build()?;
    let token = environment.token(&client, &api.base).await?;
    let writer = Writer { client: &client, api: &api, token };
    print_line(format!(
        "\n### {}: following changes\n\n| work | measured | goal |\n| --- | ---: | --- |",
        environment.database
    ));
    for (work, state) in [("changes with their states, a second", true), ("… without them", false)] {
        // The first time, the JSON beside the rows may not be written yet.
        for _ in 0..2 {
            read_all(&client, &api, state).await?;
        }
        let began = Instant::now();
        let read = read_all(&client, &api, state).await?;
        row(work, read / began.elapsed().as_secs_f64(), "≥ 20,000");
    }
    row("from the response to a write to its event, p95, ms", delay(&writer, &api, "here").await?, "≤ 50");
    let (other, _) = environment.serve(&url, true).await?;
    row("… in another instance", delay(&writer, &other, "there").await?, "≤ 500");
    drop(other);
    streams(environment, &api).await?;
    writes(&writer).await?;
    deliveries(environment, &writer).await
}

/// Reads all changes. Returns their number.
async fn read_all(client: &Client, api: &Api, state: bool) -> Result<f64, Failure> {
    let (mut since, mut read) = ("beginning".to_owned(), 0);
    loop {
        let url = format!("{}/api/v1/changes?since={since}&limit=1000&state={state}", api.base);
        let page: Value = client.get(url).send().await?.error_for_status()?.json().await?;
        read += page.get("items").and_then(Value::as_array).map_or(0, Vec::len);
        since = page.get("since").and_then(Value::as_str).unwrap_or_default().to_owned();
        if page.get("has_more") != Some(&Value::Bool(true)) {
            return Ok(read as f64);
        }
    }
}

async fn stream(client: &Client, api: &Api) -> Result<Response, Failure> {
    let mut response = client.get(format!("{}/api/v1/events?state=false", api.base)).send().await?;
    response = response.error_for_status()?;
    until(&mut response, "id: ").await?;
    Ok(response)
}

/// Reads a stream until it has a text.
async fn until(stream: &mut Response, text: &str) -> Result<(), Failure> {
    let mut read = String::new();
    while !read.contains(text) {
        let part = stream.chunk().await?.ok_or_else(|| Failure::new("the stream has ended"))?;
        read.push_str(&String::from_utf8_lossy(&part));
    }
    Ok(())
}

/// The time from the responses to writes to their events, in milliseconds: the 95th percentile.
async fn delay(writer: &Writer<'_>, api: &Api, name: &str) -> Result<f64, Failure> {
    let mut stream = stream(writer.client, api).await?;
    let mut times = Vec::with_capacity(AWAITED);
    for number in 0..AWAITED {
        let slug = format!("awaited-{name}-{number}-");
        writer.create(slug.trim_end_matches('-')).await?;
        let written = Instant::now();
        until(&mut stream, &format!("\"{}\"", slug.trim_end_matches('-'))).await?;
        times.push(written.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(AWAITED * 95 / 100).copied().unwrap_or_default())
}

/// Opens streams, from several addresses because each may have a few only. `first` is the last number of the first
/// address: a new one each time, because the server may notice late that streams are gone.
async fn opened(api: &Api, count: usize, first: usize) -> Result<Vec<Response>, Failure> {
    let mut all = Vec::with_capacity(count);
    for number in 0..count {
        let last = u8::try_from(first + number / OF_ADDRESS).map_err(|_| Failure::new("too many streams"))?;
        let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
        let client = Client::builder().no_proxy().local_address(address).build()?;
        all.push(stream(&client, api).await?);
    }
    Ok(all)
}

/// What open streams cost.
async fn streams(environment: &Environment<'_>, api: &Api) -> Result<(), Failure> {
    let one = Request::get(format!("{}/api/v1/partnerships/{SLUG}", api.base));
    let plan = environment.options.plan;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    let mut grown = 0.0;
    for round in 0..plan.runs {
        without.push(run(&one, plan)?);
        let memory = api.process.memory().0;
        let open = opened(api, STREAMS, 2 + round * STREAMS / OF_ADDRESS).await?;
        grown = f64::max(grown, api.process.memory().0 - memory);
        with.push(run(&one, plan)?);
        drop(open);
    }
    row(&format!("memory of {STREAMS} streams, MiB"), grown, "≤ 20");
    row("reads beside them, ratio", median(with) / median(without), "≥ 0.95");
    Ok(())
}

/// What ten streams cost writes.
async fn writes(writer: &Writer<'_>) -> Result<(), Failure> {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..5 {
        for (name, rates) in [("without", &mut without), ("with", &mut with)] {
            let count = if name == "with" { 10 } else { 0 };
            let readers: Vec<_> =
                opened(writer.api, count, 200 + round).await?.into_iter().map(drained).collect();
            let began = Instant::now();
            for number in 0..WRITES {
                writer.create(&format!("{name}-{round}-{number}")).await?;
            }
            rates.push(WRITES as f64 / began.elapsed().as_secs_f64());
            readers.iter().for_each(tokio::task::JoinHandle::abort);
        }
    }
    row("writes beside ten streams, ratio", median(with) / median(without), "≥ 0.95");
    Ok(())
}

fn drained(mut stream: Response) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move { while let Ok(Some(_)) = stream.chunk().await {} })
}

/// Deliveries to a webhook, beside a full load of reads.
async fn deliveries(environment: &Environment<'_>, writer: &Writer<'_>) -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let (received, mut arrived) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            if receive(connection).is_none() || received.send(()).is_err() {
                return;
            }
        }
    });
    writer.post("webhooks", &json!({ "name": "Bench", "url": url, "resources": ["organisation"] })).await?;
    let one = Request::get(format!("{}/api/v1/partnerships/{SLUG}", writer.api.base));
    let plan = Plan { seconds: 10, ..environment.options.plan };
    let load = std::thread::spawn(move || run(&one, plan));
    let began = Instant::now();
    for number in 0..DELIVERIES {
        writer.create(&format!("delivered-{number}")).await?;
    }
    for _ in 0..DELIVERIES {
        arrived.recv().await.ok_or_else(|| Failure::new("the receiver has ended"))?;
    }
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    load.join().map_err(|_| Failure::new("the load broke"))??;
    row("deliveries to a webhook beside reads, a minute", DELIVERIES as f64 / minutes, "≥ 1,000");
    Ok(())
}

/// Receives a request, and answers 204.
fn receive(connection: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(connection);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).ok()? > 2 {
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()
}
