//! Imports that are refused before a row is read: for the caller, the media type or the size.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::Method;
use serde_json::{Value, json};

use super::{CSV, IMPORTS, commit, faults, import, send};
use crate::api::fixtures::assert_nothing_written;
use crate::harness::{Caller, on_both};

const FILE: &str = "name,kind\nZxq,ngo\n";

/// A client with a new API key of the owner, with these scopes.
async fn script(owner: &Caller, scopes: &[&str]) -> Caller {
    let made = owner.post("/api/v1/api-keys", &json!({ "name": "Zxq", "scopes": scopes })).await.expect(201);
    owner.with_token(made.json()["key"].as_str().unwrap())
}

on_both! {
    async fn invalid_import_parameters_are_refused(app: TestApp) {
        let caller = app.coordinator();
        for (query, wanted) in [
            ("", &["resource required"][..]),
            ("resource=utilites", &["resource unknown_value"]),
            (
                "resource=utilities&mode=replace&on_error=no&dry_run=1&format=ods&x=1",
                &["dry_run unknown_value", "format unknown_value", "mode unknown_value", "on_error unknown_value",
                  "x unknown_parameter"],
            ),
        ] {
            let refused = send(&caller, query, CSV, FILE).await;
            assert_eq!(refused.faults(400, "invalid_parameters"), wanted, "{query}");
        }
    }

    async fn an_unknown_media_type_is_refused(app: TestApp) {
        let caller = app.coordinator();
        let query = "resource=organisations&dry_run=true";
        for media in ["text/plain", "application/octet-stream", "image/png", "application/vnd.ms-excel", ""] {
            let refused = send(&caller, query, media, FILE).await.problem(415, "unsupported_media_type");
            assert!(refused["allowed"].as_array().unwrap().contains(&"text/csv".into()), "{refused:#}");
        }
        for media in ["application/octet-stream", "text/csv; charset=utf-8; header=present"] {
            send(&caller, &format!("{query}&format=csv"), media, FILE).await.expect(202);
        }
        send(&caller, &format!("{query}&format=csv"), "text/plain", FILE).await.problem(415, "unsupported_media_type");
        let refused = send(&caller, query, CSV, "").await;
        assert_eq!(refused.faults(422, "validation_failed"), [" required"]);
    }

    async fn files_over_64_mib_are_refused(app: TestApp) {
        let caller = app.coordinator();
        let query = "resource=organisations&dry_run=true";
        // More than the limit of one mebibyte for other bodies.
        let large = format!("name,kind\n{},ngo\n", "x".repeat(2 << 20));
        let done = import(&caller, query, CSV, large).await;
        assert_eq!(faults(&done), ["2 name too_long"]);
        assert_nothing_written(&app, async || {
            let row = "Zxq,ngo\n".repeat(1 << 20);
            let larger = "name,kind\n".to_owned() + &row.repeat(8) + &row;
            send(&caller, query, CSV, larger.clone()).await.problem(413, "payload_too_large");
            // The same without a `Content-Length`.
            let mut stream = TcpStream::connect(app.address).unwrap();
            let token = caller.request(Method::GET, "/").build().unwrap().headers()["authorization"].clone();
            let (token, path) = (token.to_str().unwrap(), format!("{IMPORTS}?{query}"));
            write!(
                stream,
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\nContent-Type: {CSV}\r\n\
                 Transfer-Encoding: chunked\r\n\r\n"
            )
            .unwrap();
            for piece in larger.as_bytes().chunks(1 << 20) {
                // The server may close the connection early.
                let sent = write!(stream, "{:x}\r\n", piece.len())
                    .and_then(|()| stream.write_all(piece))
                    .and_then(|()| stream.write_all(b"\r\n"));
                if sent.is_err() {
                    break;
                }
            }
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(std::str::from_utf8(&answer).unwrap(), "HTTP/1.1 413");
        })
        .await;
    }

    async fn too_many_rows_are_refused(app: TestApp) {
        let caller = app.coordinator();
        let file = "name,kind\n".to_owned() + &"Zxq,beer\n".repeat(100_001);
        let done = import(&caller, "resource=organisations&on_error=skip", CSV, file).await;
        let report = &done["report"];
        assert_eq!((&done["status"], &report["faults_total"]), (&json!("failed"), &json!(100_001)));
        assert_eq!(report["faults"].as_array().unwrap().len(), 1_000);
    }

    /// Only administrators manage users, so only they see imports of users.
    async fn imports_that_a_caller_may_not_make_are_not_found(app: TestApp) {
        let (admin, office) = (app.admin(), app.coordinator());
        let file = json!([{ "email": "zxq@zxq.example", "name": "Zxq", "role": "reader" }]).to_string();
        let query = "resource=users&dry_run=true";
        send(&office, query, "application/json", file.clone()).await.problem(403, "forbidden");
        let plan = import(&admin, query, "application/json", file).await;
        let path = format!("{IMPORTS}/{}", plan["id"].as_str().unwrap());
        admin.get(&path).await.ok();
        office.get(&path).await.problem(404, "not_found");
        commit(&office, &plan).await.problem(404, "not_found");
        let listed = async |caller: &Caller| caller.get(IMPORTS).await.ok().json()["items"].as_array().unwrap().len();
        assert_eq!((listed(&admin).await, listed(&office).await), (1, 0));
        assert_eq!(commit(&admin, &plan).await.ok().json()["status"], "committed");
    }

    async fn an_api_key_needs_the_scope_of_the_imported_resource(app: TestApp) {
        let owner = app.coordinator();
        let narrow = script(&owner, &["organisations:read", "utilities:write"]).await;
        let refused = send(&narrow, "resource=organisations", CSV, FILE).await.problem(403, "insufficient_scope");
        assert_eq!(refused["allowed"], json!(["organisations:write"]));
        let members = script(&owner, &["members:write"]).await;
        let refused = send(&members, "resource=member-contacts", CSV, FILE).await.problem(403, "insufficient_scope");
        assert_eq!(refused["allowed"], json!(["personal_data:read"]));
        let writer = script(&owner, &["organisations:write"]).await;
        let plan = import(&writer, "resource=organisations&dry_run=true", CSV, FILE).await;
        commit(&narrow, &plan).await.problem(403, "insufficient_scope");
        assert_eq!(narrow.get(IMPORTS).await.ok().json()["items"], Value::Array(Vec::new()));
        assert_eq!(commit(&writer, &plan).await.ok().json()["status"], "committed");
    }
}
