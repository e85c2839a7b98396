//! Warnings at the start of the server, and about unknown proxies.

use std::time::Duration;

use super::server::{CLOSE, Server, answer};
use super::{Home, on_empty};

const UNKNOWN: &str = "that is not in VKU_TRUSTED_PROXIES";

/// The log of a server that gets two requests through a proxy.
fn log_with_proxied_requests(home: &Home, arguments: &[&str]) -> String {
    let mut server = Server::spawn(home, arguments);
    let before = server.log_until_serving();
    for _ in 0..2 {
        let headers = format!("X-Forwarded-For: 203.0.113.7\r\n{CLOSE}");
        assert!(answer(server.send("GET /api/v1/utilities?limit=1", &headers)).starts_with("HTTP/1.1 200"));
    }
    server.signal("-TERM");
    before + &server.ended(Duration::from_secs(20)).2
}

on_empty! {
    fn missing_settings_behind_a_proxy_are_logged_once(home: Home) {
        let public = ["--public-url", "https://partnerships.example"];
        let log = log_with_proxied_requests(&home, &public);
        assert_eq!(log.matches("VKU_TRUSTED_PROXIES is not set").count(), 1, "{log}");
        assert_eq!(log.matches("VKU_SMTP_URL is not set").count(), 1, "{log}");
        assert_eq!(log.matches(UNKNOWN).count(), 1, "{log}");
        assert!(!log.contains("203.0.113.7"), "an address is personal data: {log}");

        let mail = ["--smtp-url", "smtp://localhost:1", "--mail-from", "office@example.org"];
        let known = [&public[..], &mail, &["--trusted-proxies", "127.0.0.1"]].concat();
        let log = log_with_proxied_requests(&home, &known);
        for word in ["VKU_TRUSTED_PROXIES", "VKU_SMTP_URL"] {
            assert!(!log.contains(word), "{log}");
        }
    }
}
