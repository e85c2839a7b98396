//! The table: each kind of work on our side and on the baseline's, alternately.

use std::time::Instant;

use serde_json::Value;

use crate::baseline::{self, Pools};
use crate::environment::{Api, Environment, PAGE, SLUG};
use crate::load::{Plan, Request, alternate, compare as in_turn, median};
use crate::process::{Process, answers, free_port};
use crate::{Failure, print_line};

/// The page of the baseline `limits`.
const LIMITS_PAGE: &str = "limits/page?sector=water&country=ZM&status=active";
const PARTNERSHIPS: &str = "/api/v1/partnerships";

/// Creates a partnership.
const CREATE: &str = r#"
local run = os.time() .. "-" .. tostring({}):sub(8)
local count = 0
local function create()
    count = count + 1
    local body = '{"title": "Benchmark partnership ' .. run .. " " .. count .. '", "sectors": ["water", "wastewater"], "status": "idea",' ..
        '"visibility": "public", "participants": [{"role": "lead", "party": {"utility": "utility-1"}},' ..
        '{"role": "partner", "party": {"utility": "utility-500"}}]}'
    return wrk.format("POST", "{path}", {["Content-Type"] = "application/json", ["Authorization"] = "Bearer {token}",
        ["Idempotency-Key"] = run .. "-" .. count}, body)
end
"#;

/// Reads 2,000 URLs, 400 of them pages; every twentieth request creates a partnership.
const MIXED: &str = r#"
local sectors, statuses, countries = { "water", "wastewater", "energy", "waste" }, { "active", "completed", "suspended" }, {}
for country in ("ZM UA JO MA ZA TZ AL MD KE UG RW GH SN TN EG LB IN VN PH ID PE BO EC CO BR MX CU HT ET MW MZ NA BW BJ"):gmatch("%a+") do
    countries[#countries + 1] = country
end
local number = 0
request = function()
    number = number + 1
    if number % 20 == 0 then return create() end
    local url = math.random(2000)
    if url > 400 then return wrk.format("GET", "{one}/partnership-" .. url) end
    local sector, status, country = sectors[url % 4 + 1], statuses[math.floor(url / 4) % 3 + 1], countries[math.floor(url / 12) + 1]
    return wrk.format("GET", "{page}sector=" .. sector .. "&country=" .. country .. "&status=" .. status)
end
"#;

/// Our servers with and without the cache, and the baselines.
struct Sides<'a> {
    environment: &'a Environment<'a>,
    plan: Plan,
    client: reqwest::Client,
    api: Api,
    uncached: Api,
    baseline: Process,
    theirs: String,
    pools: Pools,
    one: String,
    page: String,
}

fn line(work: &str, ours: f64, theirs: f64, goal: &str) {
    print_line(format!("| {work} | {ours:.0} | {theirs:.0} | {:.2} | {goal} |", ours / theirs));
}

/// The number of lines.
fn lines(bytes: &[u8]) -> f64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as f64
}

/// Measures everything. Returns the rates of one partnership and of a page, without the cache.
pub async fn compare(environment: &Environment<'_>, partnerships: usize) -> Result<(f64, f64), Failure> {
    let name = format!("bench_{partnerships}");
    let (url, plan) = (environment.url(&name), environment.options.plan);
    print_line(format!("\n### {}, {partnerships} partnerships\n", environment.database));
    let imported = environment.fill(&url, &name, partnerships)?.as_secs_f64();
    let bare_url = environment.copy(&name, "bare")?;
    let mut starts = Vec::new();
    for _ in 0..plan.runs {
        starts.push(environment.serve(&url, true).await?.1.as_secs_f64() * 1_000.0);
    }
    let (api, _) = environment.serve(&url, true).await?;
    let idle = api.process.memory();
    let sides = Sides::start(environment, &url, &bare_url, api).await?;

    print_line(
        "| work | ours, a second | baseline, a second | ratio | goal |\n| --- | ---: | ---: | ---: | --- |",
    );
    let rates = sides.reads().await?;
    sides.searches()?;
    sides.connections()?;
    sides.create().await?;
    sides.mixed().await?;
    sides.whole(&url, partnerships as f64, imported).await?;
    let far = match environment.database {
        "sqlite" => baseline::in_process::rusqlite(bare_url.trim_start_matches("sqlite://"), SLUG)?,
        _ => baseline::in_process::tokio_postgres(&bare_url, SLUG).await?,
    };
    let loop_of_them = "one partnership, uncached (rusqlite / tokio-postgres in a loop, no web server)";
    line(loop_of_them, rates.0, far, "–");

    print_line(format!("\nStart to the first 200: {:.0} ms (≤ 50).", median(starts)));
    let after = sides.api.process.memory();
    print_line(format!(
        "Memory, own (all with file maps), MiB: idle {:.1} ({:.1}), after load {:.1} ({:.1}).",
        idle.0, idle.1, after.0, after.1
    ));
    print_line(format!(
        "Processor time so far, s: cached {:.1}, uncached {:.1}, baselines {:.1}, PostgreSQL {:.1}.",
        sides.api.process.processor_time(),
        sides.uncached.process.processor_time(),
        sides.baseline.processor_time(),
        environment.cluster.processor_time()
    ));
    Ok(rates)
}

impl<'a> Sides<'a> {
    async fn start(
        environment: &'a Environment<'a>,
        url: &str,
        bare_url: &str,
        api: Api,
    ) -> Result<Self, Failure> {
        let (uncached, _) = environment.serve(url, false).await?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let one = format!("/api/v1/partnerships/{SLUG}");
        let page = format!("/api/v1/partnerships?{PAGE}");
        for (name, path) in [("one", &one), ("page", &page)] {
            let body = client.get(format!("{}{path}", api.base)).send().await?.bytes().await?;
            std::fs::write(environment.folder.join(name), body)?;
        }
        let pools = Pools::connect(bare_url).await?;
        pools.prepare().await?;
        let port = free_port()?;
        let folder = environment.folder.display().to_string();
        let arguments = ["baseline", &port.to_string(), bare_url, SLUG, &folder];
        let baseline = Process::start(&std::env::current_exe()?, &arguments, &[])?;
        let theirs = format!("http://127.0.0.1:{port}");
        answers(&format!("{theirs}/static/one")).await?;
        let plan = environment.options.plan;
        let sides = Self { environment, plan, client, api, uncached, baseline, theirs, pools, one, page };
        sides.same().await?;
        Ok(sides)
    }

    /// Checks that both sides respond with the same JSON; otherwise the comparison is worthless.
    async fn same(&self) -> Result<(), Failure> {
        let (one, counted) = (format!("limits/one/{SLUG}"), format!("{}&count=true", self.page));
        let pairs =
            [(&self.one, "bare/one"), (&self.page, "bare/page"), (&self.one, &one), (&counted, LIMITS_PAGE)];
        for (ours, theirs) in pairs {
            let (ours, theirs) = (format!("{}{ours}", self.api.base), format!("{}/{theirs}", self.theirs));
            let (mine, yours) =
                (self.client.get(&ours).send().await?, self.client.get(&theirs).send().await?);
            let (mut mine, yours) = (mine.json::<Value>().await?, yours.json::<Value>().await?);
            if let Some(members) = mine.as_object_mut() {
                members.remove("next");
            }
            if mine != yours {
                return Err(Failure::new(format!(
                    "{theirs} answers something else than {ours}: {} and {} bytes",
                    mine.to_string().len(),
                    yours.to_string().len()
                )));
            }
        }
        Ok(())
    }

    fn of(&self, api: &Api, path: &str) -> Request {
        Request::get(format!("{}{path}", api.base))
    }

    fn against(&self, work: &str, ours: &Request, path: &str, goal: &str) -> Result<f64, Failure> {
        let (mine, yours) = in_turn(ours, &Request::get(format!("{}{path}", self.theirs)), self.plan)?;
        line(work, mine, yours, goal);
        Ok(mine)
    }

    async fn reads(&self) -> Result<(f64, f64), Failure> {
        let (one, page) = (&self.one, &self.page);
        let cached = |path: &str| self.of(&self.api, path);
        let uncached = |path: &str| self.of(&self.uncached, path);
        self.against("one partnership, cached (static)", &cached(one), "/static/one", "≥ 0.6")?;
        let rate_one =
            self.against("one partnership, uncached (bare)", &uncached(one), "/bare/one", "≥ 0.7")?;
        let work = "page of 50, three filters";
        self.against(&format!("{work}, cached (static)"), &cached(page), "/static/page", "≥ 0.6")?;
        let rate_page =
            self.against(&format!("{work}, uncached (bare)"), &uncached(page), "/bare/page", "≥ 0.6")?;
        let limit = format!("/limits/one/{SLUG}");
        self.against("one partnership, uncached (limits)", &uncached(one), &limit, "≥ 0.5")?;
        let counted = uncached(&format!("{page}&count=true"));
        let limit = format!("/{LIMITS_PAGE}");
        self.against(
            "page of 50, three filters, with the total, uncached (limits)",
            &counted,
            &limit,
            "≥ 0.4",
        )?;
        let tag = self.client.get(format!("{}{one}", self.api.base)).send().await?;
        let tag = tag.headers().get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
        let known = cached(one).with(format!("If-None-Match: {tag}"));
        self.against("304 for a known ETag (static)", &known, "/static/one", "≥ 0.8")?;
        for (work, api) in [("cached", &self.api), ("uncached", &self.uncached)] {
            let token = self.environment.token(&self.client, &api.base).await?;
            let authorised = self.of(api, one).with(format!("Authorization: Bearer {token}"));
            let (mine, yours) = in_turn(&authorised, &self.of(api, one), self.plan)?;
            line(&format!("one partnership with a token, {work} (anonymous)"), mine, yours, "≥ 0.9");
        }
        Ok((rate_one, rate_page))
    }

    fn searches(&self) -> Result<(), Failure> {
        let search = |text: &str| self.of(&self.uncached, &format!("/api/v1/partnerships?q={text}"));
        let word = "search for a word, uncached (FTS5 / tsvector)";
        self.against(word, &search("waterloss"), "/bare/word?q=waterloss", "≥ 0.5")?;
        let word = "search for a word, 20 with the total, uncached (limits)";
        self.against(word, &search("waterloss&limit=20&count=true"), "/limits/word?q=waterloss", "≥ 0.4")?;
        let part = "search for a part of a compound (trigram index)";
        self.against(part, &search("sludge"), "/bare/part?q=sludge", "≥ 0.67")?;
        Ok(())
    }

    /// Compares many connections with few, and shows what connections cost a server that does nothing else.
    fn connections(&self) -> Result<(), Failure> {
        let many = Plan { connections: 256, ..self.plan };
        let idle = Request::get(format!("{}/static/one", self.theirs));
        for (work, request, goal) in [
            ("256 connections, cached (32)", self.of(&self.api, &self.one), "≥ 0.9"),
            ("256 connections, uncached (32)", self.of(&self.uncached, &self.one), "≥ 0.9"),
            ("256 connections, static (32)", idle, "–"),
        ] {
            let (wide, narrow) = alternate((&request, many), (&request, self.plan))?;
            line(work, wide, narrow, goal);
        }
        Ok(())
    }

    /// Creates partnerships, each with its own idempotency key.
    async fn create(&self) -> Result<(), Failure> {
        let token = self.environment.token(&self.client, &self.uncached.base).await?;
        let ours = self.script(&self.uncached.base, PARTNERSHIPS, &token, "request = create")?;
        let theirs = self.script(&self.theirs, "/bare/create", &token, "request = create")?;
        let (mine, yours) = in_turn(&ours, &theirs, self.plan)?;
        let goal = if self.environment.database == "sqlite" { "≥ 0.45" } else { "≥ 0.35" };
        line("create (insert of its own tables)", mine, yours, goal);
        Ok(())
    }

    /// Reads many URLs, and creates a partnership with every twentieth request.
    async fn mixed(&self) -> Result<(), Failure> {
        let token = self.environment.token(&self.client, &self.api.base).await?;
        let mixed = |one: &str, page: &str| MIXED.replace("{one}", one).replace("{page}", page);
        let ours = mixed(PARTNERSHIPS, &format!("{PARTNERSHIPS}?limit=50&count=true&"));
        let ours = self.script(&self.api.base, PARTNERSHIPS, &token, &ours)?;
        let theirs =
            self.script(&self.theirs, "/bare/create", &token, &mixed("/limits/one", "/limits/page?"))?;
        let (mine, yours) = in_turn(&ours, &theirs, self.plan)?;
        line("mixed: 95 % reads of 2,000 URLs, 5 % writes (limits)", mine, yours, "–");
        Ok(())
    }

    /// Makes the load of a script in which `create` is a request that creates a partnership.
    fn script(&self, base: &str, path: &str, token: &str, rest: &str) -> Result<Request, Failure> {
        let script = CREATE.replace("{path}", path).replace("{token}", token) + rest;
        let file = self.environment.folder.join(format!("{}.lua", uuid::Uuid::now_v7()));
        std::fs::write(&file, script)?;
        Ok(Request { url: base.to_owned(), script: Some(file.display().to_string()), ..Request::default() })
    }

    /// Imports and exports everything.
    async fn whole(&self, url: &str, partnerships: f64, imported: f64) -> Result<(), Failure> {
        let began = Instant::now();
        self.pools.insert(partnerships as u64).await?;
        let bare = began.elapsed().as_secs_f64();
        let import = "import, rows (insert loop in one transaction)";
        line(import, partnerships / imported, partnerships / bare, "≥ 0.4");
        for format in ["ndjson", "csv"] {
            let path = self.environment.folder.join("export");
            let arguments = ["export", "partnerships", "--format", format];
            let took = self.environment.ours(url, &arguments, "", std::fs::File::create(&path)?.into())?;
            let ours = lines(&std::fs::read(&path)?) / took.as_secs_f64();
            let (mut theirs, began) = (0.0, Instant::now());
            self.pools.export(|rows| theirs += lines(&rows)).await?;
            let theirs = theirs / began.elapsed().as_secs_f64();
            line(&format!("export as {format}, rows (cursor loop)"), ours, theirs, "≥ 0.5");
        }
        Ok(())
    }
}
