//! An API key needs exactly the scopes that `security` names.

use std::collections::HashMap;

use serde_json::json;

use super::Walk;
use crate::harness::{Caller, on_both};

/// Clients with API keys of the administrator, by scopes. An account has at most a hundred keys, so they are reused.
#[derive(Default)]
struct Scripts(HashMap<Vec<String>, Caller>);

impl Scripts {
    async fn with(&mut self, walk: &Walk<'_>, scopes: &[&str]) -> &Caller {
        let names: Vec<_> = scopes.iter().map(ToString::to_string).collect();
        if !self.0.contains_key(&names) {
            let key = json!({"name": "Script", "scopes": scopes});
            let key = walk.admin().post("/api/v1/api-keys", &key).await.expect(201).json();
            self.0.insert(names.clone(), walk.app.anonymous().with_token(key["key"].as_str().unwrap()));
        }
        &self.0[&names]
    }
}

on_both! {
    async fn an_api_key_needs_exactly_the_declared_scopes(app: TestApp) {
        let walk = Walk::of(&app);
        let known = vku_persistence::scopes();
        let (mut checked, mut faults, mut scripts) = (0, Vec::new(), Scripts::default());
        for it in walk.operations {
            let needed = it.scopes();
            if needed.is_empty() {
                continue;
            }
            let ask = async |caller: &Caller| {
                let path = walk.filled(it).await;
                walk.ask(it, caller, walk.request(it, caller, &path)).await
            };
            for scope in &needed {
                assert!(known.iter().any(|it| it == scope), "{}: {scope}", it.id);
                let others: Vec<_> = known.iter().map(String::as_str).filter(|other| other != scope).collect();
                let refused = ask(scripts.with(&walk, &others).await).await;
                let challenge = refused.headers.get("www-authenticate").and_then(|it| it.to_str().ok()).unwrap_or_default();
                if refused.status != 403 || !challenge.contains(&format!("scope=\"{scope}\"")) {
                    faults.push(format!("{} needs no {scope}: {}", it.id, refused.text()));
                }
            }
            let answer = ask(scripts.with(&walk, &needed).await).await;
            if answer.status == 403 {
                faults.push(format!("{} needs more than {needed:?}: {}", it.id, answer.text()));
            }
            checked += 1;
        }
        assert!(faults.is_empty(), "{faults:#?}");
        assert!(checked > 100, "{checked}");
    }
}

#[test]
fn descriptions_name_the_scopes_that_an_api_key_needs() {
    for it in &crate::harness::contract::Contract::served().operations {
        let text = it.definition["description"].as_str().unwrap();
        for scope in it.scopes() {
            assert!(text.contains(&format!("`{scope}`")), "{}: {scope}", it.id);
        }
        let named_elsewhere =
            it.scopes().is_empty() && it.takes_credentials() && text.contains("An API key needs the scope `");
        assert!(!named_elsewhere, "{} names a scope in words only", it.id);
    }
}
