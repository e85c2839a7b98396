//! The entity tags of exports. A file is not made to compute its tag: the tag has the token of the change feed from which
//! changes follow the file, and the client has the current one if the feed has no changes for this caller since. So a
//! tag tells nobody that something hidden has been written; two tags differ although nothing has changed.

use actix_web::http::header::IF_NONE_MATCH;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::ETag;
use vku_persistence::any_table::{AnyQuery, BUILD};
use vku_transfer::format::Format;

use super::conditional::list;
use crate::kernel::request::context::Context;

/// What the tags of an export have in common for a caller on a day.
pub(crate) struct ExportTag(String);

impl ExportTag {
    /// Makes the tag; `None` if an export can change without an entry in the feed.
    pub(crate) fn of(context: &Context, query: &AnyQuery, format: Format) -> Option<Self> {
        let target = context.request.uri().path_and_query().map_or("", |target| target.as_str());
        let scopes = context.actor.scopes.as_ref().map(ToString::to_string);
        let (day, reporter) = (context.actor.today(), &context.shared.site.reporter);
        let facts = format!("{BUILD} {day} {format:?} {scopes:?} {reporter:?} {target}");
        let digest = ETag::of_bytes(facts.as_bytes());
        query.is_followed().then(|| Self(format!("{}.", digest.as_str().trim_matches('"'))))
    }

    /// Returns the tag of a file that is read after the token.
    pub(crate) fn with_token(&self, token: &str) -> ETag {
        ETag::weak(&format!("{}{token}", self.0))
    }

    /// Returns the tag of the client's file if that is current.
    ///
    /// Errors: 503 if the database is unavailable.
    pub(crate) async fn current(&self, context: &Context) -> Result<Option<ETag>, Error> {
        let Some(header) = list(context.request.headers(), IF_NONE_MATCH) else { return Ok(None) };
        // One is enough: each takes a query.
        let mut known = ETag::uncoded_tags(&header).into_iter();
        let Some((tag, token)) = known.find_map(|tag| Some((tag, tag.strip_prefix(&self.0)?))) else {
            return Ok(None);
        };
        let is_current = context.shared.store.is_unchanged_since(&context.actor, token).await?;
        Ok(is_current.then(|| ETag::weak(tag)))
    }
}
