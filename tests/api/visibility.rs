//! What a caller may not see does not exist for that caller: no list, count, filter, order, page, export, entity tag,
//! name, message or status reveals it.

pub(crate) mod hidden;
mod keys;
mod lists;
mod own_scope;
mod references;

use crate::harness::{Response, on_both};
use hidden::{Restriction, text};

/// A response as text, without the parts that differ for each request.
fn plain(answer: &Response) -> String {
    let mut headers: Vec<_> =
        answer.headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap())).collect();
    let mut body = answer.text();
    let is_problem = answer.header("content-type") == "application/problem+json";
    if is_problem && !body.is_empty() {
        let mut problem = answer.json();
        for member in ["request_id", "instance"] {
            problem.as_object_mut().unwrap().shift_remove(member).unwrap();
        }
        body = problem.to_string();
    }
    // Each token is another one, also in the weak tag of an export. The length of a problem depends on its path. `Connection` depends on how fast the body arrives.
    let length = if is_problem { "content-length:" } else { "date:" };
    let chance =
        ["date:", "x-request-id:", "server-timing:", "connection:", "change-token:", "etag: W/", length];
    headers.retain(|line| !chance.iter().any(|name| line.starts_with(name)));
    headers.sort();
    format!("{}\n{}\n{body}", answer.status, headers.concat())
}

on_both! {
    /// The counterpart: callers who may see the resources do so, by every key, with their sub-resources.
    async fn callers_with_access_see_hidden_resources(app: TestApp) {
        let members = Restriction::Members.create(&app).await;
        let internal = Restriction::Internal.create(&app).await;
        for (role, caller) in app.everybody() {
            for it in [&members, &internal] {
                let hidden = it.restriction.hidden_from().contains(&role);
                for key in ["id", "slug"] {
                    let path = format!("/api/v1/partnerships/{}", text(it.partnership(), key));
                    let phase = format!("{path}/funding/{}", text(it.funding(), "id"));
                    for path in [&path, &format!("{path}/funding"), &phase] {
                        caller.get(path).await.expect(if hidden { 404 } else { 200 });
                    }
                }
                let found = caller.all(&format!("/api/v1/partnerships?lead={}-werk", it.restriction.word())).await;
                assert_eq!(found.len(), usize::from(!hidden), "{role} {:?}", it.restriction);
                let found = caller.all("/api/v1/utilities?climate_zone=Dwc&visibility=internal").await;
                assert_eq!(found.is_empty(), !["coordinator", "admin"].contains(&role));
            }
        }
    }
}
