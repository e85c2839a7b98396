//! "Who may do what": the whole policy on one page, and the rules that it has to follow.
//!
//! Every role calls every operation of the OpenAPI document. A new operation panics in [`targets`] until somebody has
//! decided where it belongs.

mod operations;
mod targets;

use std::fmt::Write;

use futures_util::future::join_all;
use reqwest::Method;

use super::fixtures::fixture_of;
use super::visibility::hidden::filled;
use crate::harness::{Caller, TestApp, on_both};
use operations::{DELETED_SUB_RESOURCE, TargetKeys, body, create_targets};
use targets::targets;

/// The policy table. The member is bound to `dresden`, the partner to `lviv`. `own` partnerships are led by the
/// member's utility, with the partner's as partner; `others` belong to other utilities and are public like `own`.
/// Nothing depends on `idle` resources.
const POLICY: &str = include_str!("access/policy.txt");

/// Whether an operation is about the caller's own account: such operations have no dry run, and roles make no
/// difference.
fn of_the_account(operation: &str) -> bool {
    ["token", "login", "password", "api_key", "event_ticket"].into_iter().any(|word| operation.contains(word))
}

struct Operation {
    id: String,
    method: Method,
    path: String,
}

async fn operations(app: &TestApp) -> Vec<Operation> {
    let document = app.anonymous().get("/openapi.json").await.ok().json();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let (Some(id), Ok(method)) = (operation["operationId"].as_str(), method.to_uppercase().parse())
            {
                operations.push(Operation { id: id.to_owned(), method, path: path.clone() });
            }
        }
    }
    operations
}

impl Operation {
    /// The path for a target. Writes are dry runs, so that the order of the table does not matter.
    fn path(&self, target: &'static str, keys: &TargetKeys) -> String {
        // Sub-resources are found below their parents, and other operations on a resource below the resource.
        let (kind, parent) = match fixture_of(&self.path) {
            Some(part) => (part.name, part.parent_path().and_then(fixture_of).unwrap_or(part).name),
            None if self.id.contains("_mail") => ("mail", ""),
            None if self.id.contains("_import") => ("import", ""),
            // No account has a login or a key with this id.
            None => ("partnership", ""),
        };
        let key = |kind: &'static str, target| keys.get(&(kind, target)).map(String::as_str);
        let deleted =
            key(kind, DELETED_SUB_RESOURCE).filter(|_| kind != parent && self.id.starts_with("restore"));
        let own = deleted.or(key(kind, target)).unwrap_or_default();
        let path = filled(
            &self.path.replace("{code}", "not_found").replace("{vocabulary}", "sdgs"),
            key(parent, target).unwrap_or_default(),
            own,
        );
        match (&self.method, target) {
            (&Method::GET, "deleted") => path + "?deleted=true",
            (&Method::GET, _) if ["search_everything", "suggest_names"].contains(&self.id.as_str()) => {
                path + "?q=dresden"
            }
            (&Method::GET, _) => path,
            _ if of_the_account(&self.id) || self.id == "commit_import" => path,
            // Coordinators have to name the member that they act for.
            _ if self.id.ends_with("_topic_support") => {
                format!("{path}?dry_run=true&member={}", super::visibility::hidden::DRESDEN)
            }
            _ if self.id == "create_import" => path + "?resource=organisations&dry_run=true",
            _ => path + "?dry_run=true",
        }
    }

    async fn status(&self, target: &'static str, caller: &Caller, keys: &TargetKeys) -> u16 {
        let mut request = caller.request(self.method.clone(), &self.path(target, keys));
        if [Method::PATCH, Method::DELETE].contains(&self.method) {
            request = request.header("If-Match", "*");
        }
        if let Some(body) = body(&self.id, target) {
            request = request.json(&body);
        }
        caller.send(request).await.status.as_u16()
    }
}

/// A row of the table.
struct Line {
    operation: String,
    target: &'static str,
    reads: bool,
    statuses: Vec<u16>,
}

impl Line {
    fn may(&self, column: &str) -> bool {
        let column = COLUMNS.iter().position(|name| *name == column).unwrap();
        (200..300).contains(&self.statuses[column])
    }
}

const COLUMNS: [&str; 6] = ["public", "partner", "member", "reader", "coord", "admin"];

fn format_table(lines: &[Line]) -> String {
    let head = COLUMNS.map(|name| format!("{name:>8}")).concat();
    let mut table = format!("{:<28} {:<13}{head}\n", "operation", "target");
    for line in lines {
        let statuses: String = line.statuses.iter().map(|status| format!("{status:>8}")).collect();
        writeln!(table, "{:<28} {:<13}{statuses}", line.operation, line.target).unwrap();
    }
    table
}

on_both! {
    /// The server does what the table says, and the table says what "Who may do what" says.
    async fn the_server_follows_the_policy_table(app: TestApp) {
        let (keys, callers) = (create_targets(&app).await, app.everybody());
        let mut lines = Vec::new();
        for operation in operations(&app).await {
            for target in targets(&operation.id) {
                let ask = callers.iter().map(|(_, caller)| operation.status(target, caller, &keys));
                let statuses = join_all(ask).await;
                let reads = operation.method == Method::GET;
                lines.push(Line { operation: operation.id.clone(), target, reads, statuses });
            }
        }
        let policy: String = POLICY.lines().filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect();
        let now = format_table(&lines);
        let changed: Vec<_> = now.lines().filter(|line| !policy.contains(line)).collect();
        assert!(now == policy, "the policy has moved:\n{}\n\nall of it:\n{now}", changed.join("\n"));
        check_rules(&lines);
    }
}

/// Checks the rules of "Who may do what".
fn check_rules(lines: &[Line]) {
    let who = |line: &Line| format!("{} {}", line.operation, line.target);
    let writes = |column: &str| {
        let lines = lines.iter().filter(|line| !line.reads && !of_the_account(&line.operation));
        // Anybody may register their interest.
        let lines = lines.filter(|line| line.operation != "create_interest_registration");
        lines.filter(|line| line.may(column)).map(who).collect::<Vec<_>>()
    };
    for line in lines {
        let [public, partner, member, reader, coordinator, admin] = COLUMNS.map(|column| line.may(column));
        assert!(!coordinator || admin, "{}: an admin may what a coordinator may", who(line));
        // Only administrators may manage users.
        assert_eq!(coordinator == admin, !line.operation.contains("_user"), "{}", who(line));
        if let Some(one) = line.operation.strip_suffix("_history") {
            let read = lines.iter().find(|it| it.operation == one && it.target == line.target).unwrap();
            assert_eq!(line.statuses, read.statuses, "{}: for whoever may read the thing", who(line));
        }
        assert!(!public || (partner && member && reader), "{}: an account takes nothing away", who(line));
        assert!(!(partner || member || reader) || coordinator, "{}: the office may everything", who(line));
        let alike = line.reads && !line.target.starts_with("own");
        let alike = alike && !line.operation.contains("_topic");
        let personal = ["_member", "_registration"].iter().any(|word| line.operation.contains(word));
        if alike && !personal && !of_the_account(&line.operation) {
            assert!(partner == member && member == reader, "{}: accounts read alike", who(line));
        }
    }
    for nobody in ["public", "reader"] {
        assert_eq!(writes(nobody), [""; 0], "{nobody} writes nothing");
    }
    let mut partner = Vec::new();
    for operation in ["update_partnership_result", "create_partnership_document"] {
        partner.extend(["own", "own internal"].map(|target| format!("{operation} {target}")));
    }
    partner.push("update_utility lviv".into());
    assert_eq!(writes("partner"), partner);
    let mut member = Vec::new();
    for verb in ["set", "delete"] {
        member.extend(["own", "others"].map(|target| format!("{verb}_topic_support {target}")));
    }
    member.extend(["create", "delete"].map(|verb| format!("{verb}_member_calendar_link own")));
    member.extend(["create_partnership own".to_owned(), "update_partnership own".into()]);
    member.push("update_partnership own internal".into());
    for part in ["funding", "activity", "result", "document"] {
        for verb in ["create", "update", "delete"] {
            member
                .extend(["own", "own internal"].map(|target| format!("{verb}_partnership_{part} {target}")));
        }
    }
    member.push("update_utility dresden".into());
    member.push("update_member own".into());
    member.extend(["create", "update", "delete"].map(|verb| format!("{verb}_member_contact own")));
    member.push("create_topic own".into());
    member.push("create_session_registration upcoming".into());
    member.extend(["update", "transition"].map(|verb| format!("{verb}_session_registration mine")));
    assert_eq!(writes("member"), member);
    for (target, readers) in [
        ("own", "public partner member reader"),
        ("others", "public partner member reader"),
        ("own internal", "partner member"),
        ("members", "partner member reader"),
        ("internal", ""),
        ("deleted", ""),
    ] {
        let other = |line: &Line| {
            ["_member", "_import", "_topic", "_matches", "_webhook"]
                .iter()
                .any(|it| line.operation.contains(it))
                || of_the_account(&line.operation)
        };
        for line in lines.iter().filter(|line| line.reads && line.target == target && !other(line)) {
            let seen: Vec<_> = COLUMNS[..4].iter().copied().filter(|column| line.may(column)).collect();
            assert_eq!(seen.join(" "), readers, "{} is read by", who(line));
        }
    }
    for (operation, target, readers) in [
        ("list_members", "-", "partner member reader"),
        ("get_member", "own", "partner member reader"),
        ("get_member", "others", "partner member reader"),
        ("get_member", "paused", "member reader"),
        ("get_member", "internal", ""),
        ("list_imports", "-", ""),
        ("get_import", "others", ""),
        ("list_webhooks", "-", ""),
        ("get_webhook", "others", ""),
        ("list_webhook_deliveries", "others", ""),
        ("get_member_contact", "own", "member"),
        ("get_member_contact", "others", "member"),
        ("get_member_contact", "silent", ""),
        ("list_member_contacts", "own", "member"),
        ("list_topics", "-", "member reader"),
        ("get_topic", "own", "member reader"),
        ("get_topic", "others", "member reader"),
        ("get_topic", "internal", ""),
        ("list_member_contacts", "internal", ""),
        ("list_session_registrations", "upcoming", "member"),
        ("list_all_member_contacts", "-", "member"),
        ("list_all_session_registrations", "-", "member"),
        ("get_session_registration", "mine", "member"),
        ("get_session_registration", "theirs", ""),
        ("get_session", "draft", ""),
        ("get_session_guest", "draft", ""),
        ("get_session_minutes", "held", ""),
    ] {
        let line = lines.iter().find(|line| line.operation == operation && line.target == target).unwrap();
        let seen: Vec<_> = COLUMNS[..4].iter().copied().filter(|column| line.may(column)).collect();
        assert_eq!(seen.join(" "), readers, "{} is read by", who(line));
    }
}
