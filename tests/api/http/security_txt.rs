//! `/.well-known/security.txt` (RFC 9116).

use chrono::{DateTime, Days, Utc};

use crate::harness::on_both;

on_both! {
    async fn security_txt_is_valid(app: TestApp) {
        let answer = app.anonymous().get("/.well-known/security.txt").await.ok();
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert!(answer.header("cache-control").starts_with("public"));
        let text = answer.text();
        let fields: Vec<_> = text.lines().map(|line| line.split_once(": ").unwrap()).collect();
        assert_eq!(fields.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["Contact", "Expires", "Preferred-Languages", "Canonical"]);
        assert_eq!(fields[0].1, "mailto:security@partnerships.example");
        assert_eq!(fields[2].1, "de, en");
        assert_eq!(fields[3].1, "https://partnerships.example/.well-known/security.txt");
        assert!(fields[1].1.ends_with('Z'), "{text}");
        let expires: DateTime<Utc> = fields[1].1.parse().unwrap();
        let now = Utc::now();
        assert!(expires > now + Days::new(90) && expires < now + Days::new(365), "{text}");

        let head = app.anonymous().head("/.well-known/security.txt").await.ok();
        assert_eq!(head.text(), "");
    }
}
