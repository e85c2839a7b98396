//! The benchmark: the API against yardsticks on the same machine, in the same run.
//!
//! `tests/bench/run` builds everything and prints the table that the README shows.

mod load;
mod process;
mod world;
mod yardstick;

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use load::{Plan, Request, compare, median};
use process::{Cluster, Process, answers, free_port};
use yardstick::Pools;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why the benchmark ended early.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// In a sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Writes a line of the report.
fn say(line: impl fmt::Display) {
    // Nobody is left to be told when standard output is closed.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// What is asked for on the command line.
struct Options {
    program: PathBuf,
    partnerships: usize,
    plan: Plan,
    only: Option<String>,
    large: bool,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let plan = Plan { connections: 32, seconds: 3, runs: 5 };
        let program = "target/release/vku-partnerships".into();
        let mut options = Self { program, partnerships: 10_000, plan, only: None, large: false };
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| Failure::new(format!("{name} needs a value")));
            match name.as_str() {
                "--program" => options.program = value()?.into(),
                "--partnerships" => options.partnerships = value()?.parse()?,
                "--seconds" => options.plan.seconds = value()?.parse()?,
                "--runs" => options.plan.runs = value()?.parse()?,
                "--only" => options.only = Some(value()?),
                "--large" => options.large = true,
                _ => return Err(Failure::new(format!("`{name}` is unknown"))),
            }
        }
        Ok(options)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let result = match arguments.next_if(|first| first == "yardstick") {
        Some(_) => serve(arguments.collect()),
        None => all(arguments).await,
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(Failure(sentence)) => {
            let _ = writeln!(std::io::stderr().lock(), "benchmark: {sentence}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn serve(arguments: Vec<String>) -> Result<(), Failure> {
    let [port, url, slug, folder] =
        <[String; 4]>::try_from(arguments).map_err(|_| Failure::new("four arguments"))?;
    let read = |name: &str| std::fs::read(Path::new(&folder).join(name));
    let (one, page) = (read("one")?, read("page")?);
    let port = port.parse()?;
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(yardstick::serve(port, &url, slug, one, page))
    })
    .join()
    .map_err(|_| Failure::new("the yardstick broke"))?
}

async fn all(arguments: impl Iterator<Item = String>) -> Result<(), Failure> {
    let options = Options::read(arguments)?;
    let folder = tempfile::tempdir()?;
    // PostgreSQL runs as another user, who has to pass through.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let cluster = Cluster::start(folder.path().join("postgres"))?;
    for database in ["sqlite", "postgres"] {
        if options.only.as_deref().is_some_and(|only| only != database) {
            continue;
        }
        let here = folder.path().join(database);
        std::fs::create_dir_all(&here)?;
        let bench = Bench { options: &options, cluster: &cluster, database, folder: here };
        let rates = bench.run(options.partnerships).await?;
        if options.large {
            let larger = bench.large(options.partnerships * 10).await?;
            say(format!(
                "| {} instead of {} partnerships: one | {:.2} of the rate | ≥ 0.85 |",
                options.partnerships * 10,
                options.partnerships,
                larger.0 / rates.0
            ));
            say(format!("| … page | {:.2} of the rate | ≥ 0.6 |", larger.1 / rates.1));
        }
    }
    Ok(())
}

struct Bench<'a> {
    options: &'a Options,
    cluster: &'a Cluster,
    database: &'static str,
    folder: PathBuf,
}

const SLUG: &str = "partnership-4711";
const PAGE: &str = "sector=water&country=ZM&status=active&limit=50";
const ADMIN: &str = "bench@example.org";
const PASSWORD: &str = "a benchmark needs a password";

/// A server of ours, and where it is.
struct Api {
    process: Process,
    base: String,
}

impl Bench<'_> {
    fn url(&self, name: &str) -> String {
        match self.database {
            "sqlite" => format!("sqlite://{}", self.folder.join(format!("{name}.db")).display()),
            _ => self.cluster.url(name),
        }
    }

    fn secret(&self) -> String {
        self.folder.join("secret").display().to_string()
    }

    /// A subcommand of ours on that database; answers how long it took.
    fn ours(&self, url: &str, arguments: &[&str], input: &str, output: Stdio) -> Result<Duration, Failure> {
        let began = Instant::now();
        let mut command = Command::new("taskset");
        command.args(["-c", process::SERVER_CORE]).arg(&self.options.program).args(arguments);
        command.env("VKU_DATABASE_URL", url).env("VKU_SECRET_FILE", self.secret()).env("VKU_LOG", "error");
        let mut child = command.stdin(Stdio::piped()).stdout(output).spawn()?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(input.as_bytes())?;
        }
        match child.wait()?.success() {
            true => Ok(began.elapsed()),
            false => Err(Failure::new(format!("{arguments:?} failed"))),
        }
    }

    async fn serve(&self, url: &str, cache: bool) -> Result<(Api, Duration), Failure> {
        let bind = format!("127.0.0.1:{}", free_port()?);
        let secret = self.secret();
        let mut environment = vec![
            ("VKU_BIND", bind.as_str()),
            ("VKU_DATABASE_URL", url),
            ("VKU_SECRET_FILE", &secret),
            ("VKU_RATE_LIMIT", "1000000/1s"),
        ];
        if !cache {
            environment.push(("VKU_CACHE_BYTES", "0"));
        }
        let process = Process::start(&self.options.program, &["serve"], &environment)?;
        let base = format!("http://{bind}");
        let took = answers(&format!("{base}/api/v1/partnerships?limit=1")).await?;
        Ok((Api { process, base }, took))
    }

    /// Makes the database, by the import that users have; answers how long the partnerships took.
    fn fill(&self, url: &str, name: &str, partnerships: usize) -> Result<Duration, Failure> {
        if self.database == "postgres" {
            self.psql(&format!("CREATE DATABASE {name}"))?;
        }
        let files = self.folder.join(format!("{name}-files"));
        std::fs::create_dir_all(&files)?;
        let mut took = Duration::ZERO;
        for (collection, file) in world::write(&files, partnerships)? {
            let file = file.display().to_string();
            let needed =
                self.ours(url, &["import", collection, &file, "--mode", "create"], "", Stdio::null())?;
            if collection == "partnerships" {
                took = needed;
            }
        }
        self.ours(
            url,
            &["user", "add", ADMIN, "--name", "Bench", "--role", "admin"],
            PASSWORD,
            Stdio::null(),
        )?;
        Ok(took)
    }

    fn psql(&self, statement: &str) -> Result<(), Failure> {
        let status = Command::new("psql").args([&self.cluster.url("postgres"), "-qc", statement]).status()?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("{statement} failed"))) }
    }

    /// A copy that the yardsticks may write to.
    fn copy(&self, from: &str, to: &str) -> Result<String, Failure> {
        match self.database {
            "sqlite" => {
                let (from, to) =
                    (self.folder.join(format!("{from}.db")), self.folder.join(format!("{to}.db")));
                std::fs::copy(from, to)?;
            }
            _ => self.psql(&format!("CREATE DATABASE {to} TEMPLATE {from}"))?,
        }
        Ok(self.url(to))
    }

    /// Measures everything; answers the rates of one and of a page, without the cache.
    async fn run(&self, partnerships: usize) -> Result<(f64, f64), Failure> {
        let name = format!("bench_{partnerships}");
        let (url, plan) = (self.url(&name), self.options.plan);
        say(format!("\n### {}, {partnerships} partnerships\n", self.database));
        let imported = self.fill(&url, &name, partnerships)?;
        let bare_url = self.copy(&name, "bare")?;
        let starts = {
            let mut starts = Vec::new();
            for _ in 0..plan.runs {
                starts.push(self.serve(&url, true).await?.1.as_secs_f64() * 1_000.0);
            }
            median(starts)
        };
        let (api, _) = self.serve(&url, true).await?;
        let idle = api.process.memory();
        let (uncached, _) = self.serve(&url, false).await?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let one = format!("/api/v1/partnerships/{SLUG}");
        let page = format!("/api/v1/partnerships?{PAGE}");
        for (name, path) in [("one", &one), ("page", &page)] {
            let body = client.get(format!("{}{path}", api.base)).send().await?.bytes().await?;
            std::fs::write(self.folder.join(name), body)?;
        }
        let pools = Pools::connect(&bare_url).await?;
        pools.prepare().await?;
        let port = free_port()?;
        let folder = self.folder.display().to_string();
        let arguments = ["yardstick", &port.to_string(), &bare_url, SLUG, &folder];
        let yardstick = Process::start(&std::env::current_exe()?, &arguments, &[])?;
        let theirs = format!("http://127.0.0.1:{port}");
        answers(&format!("{theirs}/static/one")).await?;
        self.same(&client, &api.base, &theirs, &one, &page).await?;

        say(
            "| work | ours, a second | yardstick, a second | ratio | goal |\n| --- | ---: | ---: | ---: | --- |",
        );
        let line = |work: &str, ours: f64, theirs: f64, goal: &str| {
            say(format!("| {work} | {ours:.0} | {theirs:.0} | {:.2} | {goal} |", ours / theirs));
        };
        let get = |base: &str, path: &str| Request::get(format!("{base}{path}"));
        let against = |work: &str, ours: Request, path: &str, goal: &str| -> Result<f64, Failure> {
            let (mine, yours) = compare(&ours, &get(&theirs, path), plan)?;
            line(work, mine, yours, goal);
            Ok(mine)
        };
        against("one partnership, cached (static)", get(&api.base, &one), "/static/one", "≥ 0.6")?;
        let rate_one =
            against("one partnership, uncached (bare)", get(&uncached.base, &one), "/bare/one", "≥ 0.7")?;
        against(
            "page of 50, three filters, cached (static)",
            get(&api.base, &page),
            "/static/page",
            "≥ 0.6",
        )?;
        let rate_page = against(
            "page of 50, three filters, uncached (bare)",
            get(&uncached.base, &page),
            "/bare/page",
            "≥ 0.6",
        )?;
        let tag = client.get(format!("{}{one}", api.base)).send().await?;
        let tag = tag.headers().get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
        let known = get(&api.base, &one).with(format!("If-None-Match: {tag}"));
        against("304 for a known ETag (static)", known, "/static/one", "≥ 0.8")?;
        for (work, api) in [("cached", &api), ("uncached", &uncached)] {
            let token = self.token(&client, &api.base).await?;
            let authorised = get(&api.base, &one).with(format!("Authorization: Bearer {token}"));
            let (mine, yours) = compare(&authorised, &get(&api.base, &one), plan)?;
            line(&format!("one partnership with a token, {work} (anonymous)"), mine, yours, "≥ 0.9");
        }
        let search = |text: &str| get(&uncached.base, &format!("/api/v1/partnerships?q={text}"));
        against(
            "search for a word, uncached (FTS5 / tsvector)",
            search("waterloss"),
            "/bare/word?q=waterloss",
            "≥ 0.5",
        )?;
        against(
            "search for a part of a compound (trigram index)",
            search("sludge"),
            "/bare/part?q=sludge",
            "≥ 0.67",
        )?;
        let many = Plan { connections: 256, ..plan };
        let (wide, narrow) =
            (load::run(&get(&api.base, &one), many)?, load::run(&get(&api.base, &one), plan)?);
        line("256 connections, cached (32 connections)", wide, narrow, "≥ 0.9");
        let (wide, narrow) =
            (load::run(&get(&uncached.base, &one), many)?, load::run(&get(&uncached.base, &one), plan)?);
        line("256 connections, uncached (32 connections)", wide, narrow, "≥ 0.9");
        self.create(&client, &uncached.base, &theirs, plan, &line).await?;

        let began = Instant::now();
        pools.insert(partnerships as u64).await?;
        let (ours, bare) = (
            partnerships as f64 / imported.as_secs_f64(),
            partnerships as f64 / began.elapsed().as_secs_f64(),
        );
        line("import, rows (insert loop in one transaction)", ours, bare, "≥ 0.4");
        for format in ["ndjson", "csv"] {
            let file = std::fs::File::create(self.folder.join("export"))?;
            let took = self.ours(&url, &["export", "partnerships", "--format", format], "", file.into())?;
            let began = Instant::now();
            pools.export().await?;
            line(
                &format!("export as {format}, all rows (cursor loop)"),
                1.0 / took.as_secs_f64(),
                1.0 / began.elapsed().as_secs_f64(),
                "≥ 0.5",
            );
        }
        let far = match self.database {
            "sqlite" => yardstick::far::rusqlite(bare_url.trim_start_matches("sqlite://"), SLUG)?,
            _ => yardstick::far::tokio_postgres(&bare_url, SLUG).await?,
        };
        line(
            "one partnership, uncached (rusqlite / tokio-postgres in a loop, no web server)",
            rate_one,
            far,
            "–",
        );
        say(format!("\nStart to the first 200: {starts:.0} ms (≤ 50)."));
        let after = api.process.memory();
        say(format!(
            "Memory, own (all with file maps), MiB: idle {:.1} ({:.1}), after load {:.1} ({:.1}).",
            idle.0, idle.1, after.0, after.1
        ));
        say(format!(
            "Processor time so far, s: cached {:.1}, uncached {:.1}, yardsticks {:.1}, PostgreSQL {:.1}.",
            api.process.processor_time(),
            uncached.process.processor_time(),
            yardstick.processor_time(),
            self.cluster.processor_time()
        ));
        Ok((rate_one, rate_page))
    }

    /// The yardstick is worth nothing if it answers something else.
    async fn same(
        &self,
        client: &reqwest::Client,
        ours: &str,
        theirs: &str,
        one: &str,
        page: &str,
    ) -> Result<(), Failure> {
        for (ours, theirs) in [(format!("{ours}{one}"), "bare/one"), (format!("{ours}{page}"), "bare/page")]
            .map(|(a, b)| (a, format!("{theirs}/{b}")))
        {
            let (mine, yours) = (client.get(&ours).send().await?, client.get(&theirs).send().await?);
            let (mut mine, yours) = (mine.json::<Value>().await?, yours.json::<Value>().await?);
            if let Some(members) = mine.as_object_mut() {
                members.remove("next");
            }
            if mine != yours {
                return Err(Failure::new(format!(
                    "{theirs} answers something else than {ours}:\n{mine}\n{yours}"
                )));
            }
        }
        Ok(())
    }

    async fn token(&self, client: &reqwest::Client, base: &str) -> Result<String, Failure> {
        let answer = client
            .post(format!("{base}/api/v1/auth/token"))
            .json(&json!({"email": ADMIN, "password": PASSWORD}));
        let answer: Value = answer.send().await?.error_for_status()?.json().await?;
        let token = answer.get("access_token").and_then(Value::as_str);
        token.map(str::to_owned).ok_or_else(|| Failure::new("no access token"))
    }

    /// Creates, each with an idempotency key of its own.
    async fn create(
        &self,
        client: &reqwest::Client,
        ours: &str,
        theirs: &str,
        plan: Plan,
        line: &impl Fn(&str, f64, f64, &str),
    ) -> Result<(), Failure> {
        let token = self.token(client, ours).await?;
        let script = self.folder.join("create.lua");
        std::fs::write(
            &script,
            format!(
                r#"
local run = os.time() .. "-" .. tostring({{}}):sub(8)
local count = 0
request = function()
    count = count + 1
    local body = '{{"title": "Benchmark partnership ' .. run .. " " .. count .. '", "sectors": ["water", "wastewater"], "status": "idea",' ..
        '"visibility": "public", "participants": [{{"role": "lead", "party": {{"utility": "utility-1"}}}},' ..
        '{{"role": "partner", "party": {{"utility": "utility-500"}}}}]}}'
    return wrk.format("POST", nil, {{["Content-Type"] = "application/json", ["Authorization"] = "Bearer {token}",
        ["Idempotency-Key"] = run .. "-" .. count}}, body)
end
"#
            ),
        )?;
        let script = Some(script.display().to_string());
        let ours = Request {
            url: format!("{ours}/api/v1/partnerships"),
            script: script.clone(),
            ..Request::default()
        };
        let theirs = Request { url: format!("{theirs}/bare/create"), script, ..Request::default() };
        let (mine, yours) = compare(&ours, &theirs, plan)?;
        line(
            "create (insert of its own tables)",
            mine,
            yours,
            if self.database == "sqlite" { "≥ 0.45" } else { "≥ 0.35" },
        );
        Ok(())
    }

    /// The rates of one and of a page in a larger database, without the cache; and what an export of it takes.
    async fn large(&self, partnerships: usize) -> Result<(f64, f64), Failure> {
        let name = format!("bench_{partnerships}");
        let (url, plan) = (self.url(&name), self.options.plan);
        self.fill(&url, &name, partnerships)?;
        let (api, _) = self.serve(&url, false).await?;
        let rate = |path: &str| -> Result<f64, Failure> {
            let request = Request::get(format!("{}{path}", api.base));
            Ok(median((0..plan.runs).map(|_| load::run(&request, plan)).collect::<Result<_, _>>()?))
        };
        let rates =
            (rate(&format!("/api/v1/partnerships/{SLUG}"))?, rate(&format!("/api/v1/partnerships?{PAGE}"))?);
        say(format!(
            "\n### {}, {partnerships} partnerships\n\n| work | measured | goal |\n| --- | ---: | --- |",
            self.database
        ));
        let client = reqwest::Client::builder().no_proxy().build()?;
        let pools = Pools::connect(&url).await?;
        for format in ["ndjson", "csv"] {
            let (fresh, _) = self.serve(&url, false).await?;
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
            pools.export().await?;
            let bare = began.elapsed().as_secs_f64();
            say(format!(
                "| export as {format} | {:.2} of a cursor loop ({took:.1} s) | ≥ 0.5 |",
                bare / took
            ));
            say(format!("| … memory above idle | {:.1} MiB | ≤ 16 |", most - idle));
        }
        Ok(rates)
    }
}
