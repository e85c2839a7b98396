//! Nothing is sent into the network of the operator, however an address is written, and whatever a name resolves to.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use vku_http::kernel::config::HttpConfig;

use super::path;
use super::site::{Site, Worker};
use crate::api::fixtures::webhook::webhook;
use crate::api::fixtures::{WEBHOOKS, assert_nothing_written, merged};
use crate::harness::hosts::Hosts;
use crate::harness::on_both;

/// Ways to write addresses that are not public.
const FORBIDDEN: &[&str] = &[
    "https://127.0.0.1/",
    "https://127.0.0.1:8443/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.0.0.1./",
    "https://127.255.255.254/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0X7F.1/",
    "https://１２７.０.０.１/",
    "https://127。0。0。1/",
    "https://%31%32%37.0.0.1/",
    "https://①②⑦.0.0.1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.178.1/",
    "https://3232281089/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://0xa9fea9fe/",
    "https://2852039166/",
    "https://192.0.0.192/",
    "https://198.18.0.1/",
    "https://192.0.2.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::FFFF:7F00:1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://ｌｏｃａｌｈｏｓｔ/",
    "https://metadata.zxq.example/",
    "https://METADATA.zxq.example:8443/",
    "https://half.zxq.example/",
    "https://six.zxq.example/",
];

on_both! {
    async fn targets_that_are_not_public_are_refused(app: TestApp) {
        let hosts = Arc::<Hosts>::default();
        for local in ["localhost", "localhost."] {
            hosts.set(local, &[&["127.0.0.1", "::1"]]);
        }
        hosts.set("metadata.zxq.example", &[&["169.254.169.254"]]);
        hosts.set("half.zxq.example", &[&["8.8.8.8", "10.0.0.1"]]);
        hosts.set("six.zxq.example", &[&["fd00:ec2::254"]]);
        hosts.set("nowhere.zxq.example", &[&[]]);
        let app = app.another_instance(HttpConfig { webhook_targets: hosts.policy(false), ..HttpConfig::default() });
        let office = app.coordinator();
        let known = office.post(WEBHOOKS, &webhook("Zxq known")).await.expect(201).json();
        assert!(FORBIDDEN.len() > 40);
        let others = [
            ("http://receiver.zxq.example/", "not_https"),
            ("http://127.0.0.1/", "not_https"),
            ("https://nowhere.zxq.example/", "unresolvable"),
            ("https://user:word@receiver.zxq.example/", "credentials"),
            ("https://user@127.0.0.1/", "credentials"),
            ("https://receiver.zxq.example:0/", "invalid_format"),
            ("https://receiver.zxq.example:65536/", "invalid_format"),
            ("https://", "invalid_format"),
            ("https:\\\\127.0.0.1/", "invalid_format"),
            ("ftp://receiver.zxq.example/", "invalid_format"),
            ("file:///etc/passwd", "invalid_format"),
            ("gopher://127.0.0.1/", "invalid_format"),
            ("receiver.zxq.example", "invalid_format"),
            ("", "invalid_format"),
        ];
        let forbidden = FORBIDDEN.iter().map(|url| (*url, "forbidden_address"));
        assert_nothing_written(&app, async || {
            for (url, code) in forbidden.chain(others) {
                let body = merged(&webhook("Zxq"), &json!({"url": url}));
                let expected = [format!("/url {code}")];
                assert_eq!(office.post(WEBHOOKS, &body).await.faults(422, "validation_failed"), expected, "{url}");
                let changed = office.patch(&path(&known), "*", &json!({"url": url})).await;
                assert_eq!(changed.faults(422, "validation_failed"), expected, "{url}");
            }
            let body = json!({"url": "https://127.1/", "content": "fat", "as_role": 1});
            let faults = office.post(WEBHOOKS, &body).await.faults(422, "validation_failed");
            assert_eq!(faults, ["/as_role wrong_type", "/content unknown_value", "/name required", "/url forbidden_address"]);
        }).await;
    }

    /// The name has a public address when the webhook is created, and another one when the worker connects.
    async fn an_address_is_checked_when_the_worker_connects(app: TestApp) {
        let mut site = Site::start(&app);
        site.stop();
        let url = format!("https://rebinding.zxq.example:{}/", site.receiver.port());
        site.hosts.set("rebinding.zxq.example", &[&["8.8.8.8"], &["127.0.0.1"]]);
        let webhook = site.webhook(json!({"url": url})).await;
        site.utilities(&["first"]).await;
        let _worker = Worker::start(&site.app.store, site.hosts.policy(false), Duration::from_secs(15));
        let delivery = site.deliveries(&webhook, 1).await.remove(0);
        assert_eq!((&delivery["state"], &delivery["failure"]), (&"failed".into(), &"forbidden_target".into()));
        assert!(delivery.get("status").is_none());
        // An older webhook may have a URL that is not allowed any more.
        let http = site.webhook(json!({"name": "Zxq http"})).await;
        site.utilities(&["second"]).await;
        assert_eq!(site.deliveries(&http, 1).await[0]["failure"], "forbidden_target");
        assert!(site.receiver.all().is_empty());
    }

    /// The worker looks a name up once for each attempt, and connects to that address.
    async fn the_worker_connects_to_the_address_that_it_has_checked(app: TestApp) {
        let site = Site::start(&app);
        let url = format!("http://named.zxq.example:{}/hook", site.receiver.port());
        // For the creation, for the delivery, and for a second lookup, if there were one.
        site.hosts.set("named.zxq.example", &[&["127.0.0.1"], &["127.0.0.1"], &["192.0.2.1"]]);
        site.webhook(json!({"url": url})).await;
        site.utilities(&["first"]).await;
        let received = site.receiver.requests(1).await.remove(0);
        assert_eq!(received.header("host"), format!("named.zxq.example:{}", site.receiver.port()));
    }
}
