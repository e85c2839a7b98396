//! Uses the API with a client that `progenitor` generates from `/openapi-3.0.json`: signs in, lists, reads, changes,
//! and reads a problem. Takes the URL of a server with demo data.

// From the document in `target`: `vku-partnerships openapi --v3.0 > target/openapi-3.0.json`.
mod api {
    #![allow(clippy::all)]
    progenitor::generate_api!(spec = "../../../target/openapi-3.0.json", interface = Builder, tags = Merged);
}

use api::types::{Credentials, PartnershipPatch, PartnershipStatusOrUnknown, Problem};
use api::{Client, Error};
use futures::TryStreamExt;
use progenitor_client::ByteStream;
use reqwest::header::{AUTHORIZATION, ETAG, HeaderMap};

/// A partnership of the demo data.
const LUKANGA: &str = "gelsenwasser-lukanga";

type Failure = Box<dyn std::error::Error>;

/// The generated client returns a problem as a stream of bytes, because its media type is not plain JSON.
async fn problem(error: Error<ByteStream>) -> Result<Problem, Failure> {
    let Error::ErrorResponse(response) = error else { return Err(format!("no problem: {error:?}").into()) };
    let parts: Vec<_> = response.into_inner_stream().try_collect().await?;
    Ok(serde_json::from_slice(&parts.concat())?)
}

async fn signed_in(base: &str) -> Result<Client, Failure> {
    let credentials = Credentials::builder().email("coordinator@demo.example").password("demo-partnerships");
    let tokens = Client::new(base).create_access_token().body(credentials).send().await?;
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, format!("Bearer {}", tokens.access_token).parse()?);
    let client = reqwest::Client::builder().default_headers(headers).build()?;
    Ok(Client::new_with_client(base, client))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let base = std::env::args().nth(1).ok_or("usage: vku-client-example <URL>")?;
    let anonymous = Client::new(&base);

    let country = vec!["ZM".parse::<api::types::Country>()?];
    let status = vec![PartnershipStatusOrUnknown::Active, PartnershipStatusOrUnknown::Unknown];
    let page = anonymous.list_partnerships().country(country).status(status).count(true).send().await?;
    println!("partnerships with Zambia: {:?}", page.total);
    for partnership in &page.items {
        println!("  {}: {}", *partnership.slug, *partnership.title);
    }
    assert!(
        !page.items.is_empty() && page.items.iter().all(|it| it.countries.iter().any(|it| **it == *"ZM"))
    );

    let client = signed_in(&base).await?;
    let one = client.get_partnership().id(LUKANGA.to_owned()).send().await?;
    let tag = one.headers().get(ETAG).ok_or("no ETag")?.to_str()?.to_owned();
    println!("{} since {:?}, version {}", *one.title, one.start.as_deref(), one.version);

    let end: api::types::PartialDate = "2031".parse()?;
    let patch = |end| PartnershipPatch::builder().end(end);
    let changed = client.update_partnership().id(LUKANGA.to_owned()).if_match(tag.as_str()).body(patch(Some(end)));
    let changed = changed.send().await?;
    println!("ends {:?}, version {}", changed.end.as_deref(), changed.version);
    assert_eq!(
        (changed.end.as_deref().map(String::as_str), changed.version.get()),
        (Some("2031"), one.version.get() + 1)
    );

    let stale = client.update_partnership().id(LUKANGA.to_owned()).if_match(tag.as_str()).body(patch(None));
    let problem = problem(stale.send().await.err().ok_or("the old tag was taken")?).await?;
    println!("{} {}: {}", problem.status, problem.code, problem.detail);
    assert_eq!((problem.status, problem.code.as_str()), (412, "precondition_failed"));
    Ok(())
}
