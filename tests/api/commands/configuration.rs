//! Invalid configuration prevents the start with one clear message.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use super::{Home, RunOutcome, on_empty};

type Words = &'static [&'static str];
type Pairs = &'static [(&'static str, &'static str)];

/// Invalid configuration: environment, arguments, and words of the message.
const WRONG: &[(Pairs, Words, Words)] = &[
    (&[("VKU_BIND", "nonsense")], &["serve"], &["nonsense", "--bind"]),
    (&[("VKU_BIND", "nobody.invalid:8080")], &["serve"], &["nobody.invalid", "the name cannot be resolved"]),
    (&[("VKU_BIND", "localhost")], &["serve"], &["localhost:8080"]),
    (&[("VKU_BIND", "http://localhost:8080")], &["serve"], &["localhost:8080"]),
    (&[("VKU_BIND", "localhost:99999")], &["serve"], &["localhost:8080"]),
    (&[("VKU_BIND", "127.0.0.1")], &["serve"], &["127.0.0.1", "--bind"]),
    (
        &[("VKU_DATABASE_URL", "mysql://localhost/x")],
        &["serve", "--bind", "127.0.0.1:0"],
        &["`sqlite://` or `postgres://`"],
    ),
    (&[("VKU_DATABASE_URL", "sqlite://:memory:")], &["migrate"], &["SQLite needs a file"]),
    (&[("VKU_DATABASE_URL", "sqlite://")], &["migrate"], &["SQLite needs a file"]),
    (&[("VKU_DATABASE_URL", "data.db")], &["check-config"], &["`sqlite://` or `postgres://`"]),
    (
        &[("VKU_DATABASE_URL", "sqlite:///proc/nowhere/data.db")],
        &["migrate"],
        &["the folder of the database file"],
    ),
    (&[("VKU_DATABASE_URL_FILE", "nowhere")], &["serve"], &["--database-url"]),
    (
        &[("VKU_DATABASE_URL", "postgres://vku@127.0.0.1:1/x"), ("VKU_DATABASE_PASSWORD_FILE", "nowhere")],
        &["check-config"],
        &["nowhere cannot be read"],
    ),
    (&[("VKU_SECURITY_CONTACT", "security@example.org")], &["serve"], &["mailto:", "--security-contact"]),
    (&[("VKU_SECURITY_CONTACT", "http://example.org/")], &["serve"], &["https:", "--security-contact"]),
    (&[("VKU_SECURITY_CONTACT", "mailto:nobody")], &["serve"], &["mailto:", "--security-contact"]),
    (&[("VKU_IATI_REPORTING_ORG", "DE-1")], &["serve"], &["identifier;type;name", "--iati-reporting-org"]),
    (&[("VKU_IATI_REPORTING_ORG", "DE-1;99;A")], &["serve"], &["`99`", "--iati-reporting-org"]),
    (
        &[("VKU_TRUSTED_PROXIES", "10.0.0.0/8,proxy")],
        &["serve"],
        &["proxy", "--trusted-proxies", "10.0.0.0/8"],
    ),
    (&[("VKU_TRUSTED_PROXIES", "10.0.0.0/33")], &["serve"], &["10.0.0.0/33", "--trusted-proxies"]),
    (&[("VKU_CORS_ORIGINS", "*")], &["serve"], &["https://app.example.org", "--cors-origins"]),
    (
        &[("VKU_CORS_ORIGINS", "https://app.example.org,https://app.example.org/")],
        &["serve"],
        &["without a path or a trailing slash", "--cors-origins"],
    ),
    (&[("VKU_CORS_ORIGINS", "null")], &["check-config"], &["null", "--cors-origins"]),
    (&[("VKU_CORS_ORIGINS", "app.example.org")], &["serve"], &["app.example.org", "--cors-origins"]),
    (
        &[("VKU_CORS_ORIGINS", "https://*.example.org")],
        &["serve"],
        &["https://*.example.org", "--cors-origins"],
    ),
    (&[("VKU_RATE_LIMIT", "600")], &["serve"], &["600/1m", "off", "--rate-limit"]),
    (&[("VKU_RATE_LIMIT", "0/1m")], &["serve"], &["0/1m", "600/1m", "--rate-limit"]),
    (&[("VKU_RATE_LIMIT", "600/1d")], &["check-config"], &["600/1d", "5000/1h", "--rate-limit"]),
    (&[("VKU_SMTP_URL", "smtp://localhost")], &["check-config"], &["VKU_MAIL_FROM"]),
    (
        &[("VKU_SMTP_URL", "smtp://user:hunter2@mail.example.org"), ("VKU_MAIL_FROM", "office@example.org")],
        &["serve", "--bind", "127.0.0.1:0"],
        &["VKU_SMTP_URL", "TLS"],
    ),
    (
        &[("VKU_SMTP_URL", "smtp://localhost"), ("VKU_MAIL_FROM", "office")],
        &["check-config"],
        &["VKU_MAIL_FROM", "office@example.org"],
    ),
    (
        &[("VKU_SMTP_URL_FILE", "nowhere"), ("VKU_MAIL_FROM", "office@example.org")],
        &["check-config"],
        &["nowhere cannot be read"],
    ),
    (&[("VKU_LOG", "nonsense")], &["serve"], &["nonsense", "--log"]),
    (&[("VKU_LOG", "info,vku_http=loud")], &["serve"], &["loud", "--log"]),
    (&[("VKU_PUBLIC_URL", "partnerships.example")], &["check-config"], &["VKU_PUBLIC_URL"]),
    (&[("VKU_PUBLIC_URL", "https://x.example/partner")], &["check-config"], &["not served below a path"]),
    (&[("VKU_PUBLIC_URL", "https://x.example/partner/")], &["serve"], &["not served below a path"]),
    (&[("VKU_PUBLIC_URL", "https://x.example/?a=b")], &["check-config"], &["end with the host or port"]),
    (&[("VKU_PUBLIC_URL", "https://x.example/#a")], &["check-config"], &["VKU_PUBLIC_URL"]),
    (&[("VKU_PUBLIC_URL", "https://user@x.example")], &["check-config"], &["VKU_PUBLIC_URL"]),
    (&[("VKU_XLSX_ROWS", "many")], &["check-config"], &["many", "--xlsx-rows"]),
    (&[("VKU_CACHE_BYTES", "-1")], &["check-config"], &["-1", "--cache-bytes"]),
    (&[("VKU_SPOOL_BYTES", "2G")], &["check-config"], &["2G", "--spool-bytes"]),
    (
        &[("VKU_WEBHOOK_ALLOW_PRIVATE", "perhaps")],
        &["check-config"],
        &["perhaps", "--webhook-allow-private", "true, false"],
    ),
    (&[("VKU_SECRET_FILE", "/proc/nowhere/secret")], &["check-config"], &["/proc/nowhere"]),
    (
        &[("VKU_MAIL_FROM", "office"), ("VKU_SMTP_URL", "smtp://localhost")],
        &["serve"],
        &["office@example.org"],
    ),
    (
        &[("VKU_JWT_KEY_FILE", "nowhere.pem")],
        &["serve", "--bind", "127.0.0.1:0"],
        &["VKU_JWT_KEY_FILE", "nowhere.pem"],
    ),
    (&[("VKU_DATA_DIR", "/proc/nowhere")], &["check-config"], &["/proc/nowhere"]),
    (&[], &["serve", "--demo", "--bind", "0.0.0.0:0"], &["`--demo`", "0.0.0.0:0", "127.0.0.1"]),
    (&[], &["serve", "--demo", "--bind", "[::]:0"], &["`--demo`"]),
];

/// Asserts that there is one message of the binary, or one of clap with the usage, and no panic or debug output.
#[track_caller]
fn assert_one_message(ran: RunOutcome, words: &[&str]) {
    let err = ran.fails();
    assert!(
        err.starts_with("vku-partnerships: ") && err.lines().count() == 1 || err.starts_with("error: "),
        "{err}"
    );
    for word in words {
        assert!(err.contains(word), "`{word}` is missing: {err}");
    }
}

#[test]
fn invalid_values_prevent_the_start() {
    for (environment, arguments, words) in WRONG {
        let home = Home::new();
        let mut command = home.command(arguments);
        let ran = RunOutcome::of(command.envs(environment.iter().copied()));
        // The message names the setting to change.
        let named = environment.iter().any(|(variable, _)| ran.err.contains(variable));
        assert!(named || environment.is_empty(), "{environment:?}: {}", ran.err);
        assert_one_message(ran, words);
        assert!(!home.path("empty.db").exists(), "{environment:?}");
    }
}

#[test]
fn a_port_in_use_is_reported() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_one_message(Home::new().run(&["serve", "--bind", &address]), &["cannot listen on", &address]);
}

#[test]
fn an_unreachable_database_is_reported_soon_and_without_its_password() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--bind", "127.0.0.1:0"]);
    let begun = Instant::now();
    let ran = RunOutcome::of(command.env("VKU_DATABASE_URL", "postgres://vku:hush-hush@127.0.0.1:1/x"));
    assert!(!format!("{ran:?}").contains("hush-hush"));
    assert_one_message(ran, &["the database does not respond"]);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

/// Files of environment variables often leave unused settings empty.
#[test]
fn empty_variables_are_ignored() {
    let home = Home::new();
    let mut command = home.command(&["check-config"]);
    for variable in [
        "VKU_BIND",
        "VKU_DATABASE_URL_FILE",
        "VKU_DATABASE_PASSWORD_FILE",
        "VKU_PUBLIC_URL",
        "VKU_SECURITY_CONTACT",
        "VKU_SMTP_URL",
        "VKU_SMTP_URL_FILE",
        "VKU_MAIL_FROM",
        "VKU_JWT_KEY_FILE",
        "VKU_TRUSTED_PROXIES",
        "VKU_CORS_ORIGINS",
        "VKU_RATE_LIMIT",
        "VKU_IATI_REPORTING_ORG",
        "VKU_XLSX_ROWS",
        "VKU_CACHE_BYTES",
        "VKU_SPOOL_BYTES",
        "VKU_WEBHOOK_ALLOW_PRIVATE",
        "VKU_LOG",
    ] {
        command.env(variable, "");
    }
    RunOutcome::of(&mut command).ok();
}

#[test]
fn a_host_name_can_be_bound() {
    let home = Home::new();
    let server = super::server::Server::spawn(&home, &["--bind", "localhost:0"]);
    assert!(server.announced().get("/health/live").starts_with("HTTP/1.1 200"));
    let mut command = home.command(&["check-config"]);
    let slash = command.envs([("VKU_BIND", "localhost:8080"), ("VKU_PUBLIC_URL", "https://x.example/")]);
    RunOutcome::of(slash).ok();
}

on_empty! {
    fn an_unsafe_or_wrong_secret_is_refused(home: Home) {
        home.run(&["user", "list"]).ok();
        let secret = home.path("data/secret");
        std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o644)).unwrap();
        assert_one_message(home.run(&["check-config"]), &["data/secret"]);
        home.write("data/secret", "short");
        std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).unwrap();
        assert_one_message(home.run(&["check-config"]), &["data/secret"]);
        home.write("data/secret", [9; 32]);
        assert_one_message(home.run(&["check-config"]), &["encrypted with a different secret", "data/secret"]);

        std::fs::remove_file(&secret).unwrap();
        assert_one_message(home.run(&["check-config"]), &["encrypted with a different secret"]);
        assert_eq!(std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    }

    fn check_config_accepts_a_valid_configuration(home: Home) {
        home.run(&["migrate"]).ok();
        let out = home.run(&["check-config"]).ok();
        assert!(
            out.starts_with("The configuration is valid. ") && out.contains("schema up to date"),
            "{out}"
        );
        assert_eq!(home.run(&["migrate"]).ok(), "The database is up to date.\n");
        let url = home.write("url", format!("{}\n", home.database.url));
        let mut command = home.command(&["check-config", "--database-url-file", url.to_str().unwrap()]);
        RunOutcome::of(command.env_remove("VKU_DATABASE_URL")).ok();
    }
}

#[test]
fn the_database_password_can_come_from_a_file() {
    let home = Home::new();
    let password = home.write("password", "p@ss/word:#%\n");
    let run = |url: &str| {
        let mut command = home.command(&["check-config", "--database-password-file"]);
        RunOutcome::of(command.arg(&password).env("VKU_DATABASE_URL", url))
    };
    for misplaced in ["sqlite://empty.db", "postgres://vku:other@127.0.0.1:1/x", "postgres:x", "nonsense"] {
        assert_one_message(run(misplaced), &["VKU_DATABASE_PASSWORD_FILE", "postgres://user@host/database"]);
    }
    // The URL is valid, but there is no server.
    let ran = run("postgres://vku@127.0.0.1:1/x");
    assert!(!format!("{ran:?}").contains("word"));
    assert_one_message(ran, &["the database does not respond"]);
}
