//! The query parameters of the feed.

use std::str::FromStr;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use vku_domain::bilingual;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::BoolParam;
use vku_domain::kernel::violation::FieldError;

use super::{FeedQuery, Since};
use crate::audit::ResourceName;
use crate::kernel::store::Store;

/// The word for the first change ever.
const BEGINNING: &str = "beginning";
/// The default and the maximum number of entries.
const LIMITS: (u64, u64) = (100, 1_000);

/// Where to begin: a token, which is read later, or `beginning`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinceParam(String);

impl FromStr for SinceParam {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        Ok(Self(text.to_owned()))
    }
}

impl utoipa::PartialSchema for SinceParam {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A token of the change feed, or `beginning` for the first change ever."))
            .max_length(Some(200))
            .examples([serde_json::json!(BEGINNING)])
            .into()
    }
}

impl utoipa::ToSchema for SinceParam {
    fn name() -> std::borrow::Cow<'static, str> {
        "ChangesSince".into()
    }
}

/// The maximum number of entries of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedLimit(u64);

impl FromStr for FeedLimit {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let most = LIMITS.1;
        text.parse().ok().filter(|limit| (1..=most).contains(limit)).map(Self).ok_or_else(|| {
            let detail = bilingual!(
                "Expected a whole number from 1 to {most}.",
                "Erwartet: ganze Zahl von 1 bis {most}."
            );
            FieldError::new("out_of_range", detail)
        })
    }
}

impl utoipa::PartialSchema for FeedLimit {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .description(Some("The maximum number of entries."))
            .minimum(Some(1))
            .maximum(Some(LIMITS.1))
            .default(Some(LIMITS.0.into()))
            .into()
    }
}

impl utoipa::ToSchema for FeedLimit {
    fn name() -> std::borrow::Cow<'static, str> {
        "ChangesLimit".into()
    }
}

vku_domain::filter! {
    /// The parameters of the change feed.
    ChangesQuery {
        /// Only changes after this token: the `since` of an earlier response, or the `Change-Token` of a list.
        /// `beginning` starts at the first change ever; without it, the response has no entries and the token of now.
        since: Option<SinceParam>,
        /// Only entries of this kind of resource.
        resource: Vec<ResourceName>,
        /// Whether entries have the representation in `state`; `true` by default.
        state: Option<BoolParam>,
        /// The maximum number of entries; 100 by default.
        limit: Option<FeedLimit>,
    }
}

vku_domain::filter! {
    /// The parameters of the stream of changes.
    EventsQuery {
        /// Only changes after this token: the `id` of an earlier event, or the `Change-Token` of a list. `Last-Event-ID`
        /// takes precedence. `beginning` starts at the first change ever; without it, the stream starts now.
        since: Option<SinceParam>,
        /// Only events of this kind of resource.
        resource: Vec<ResourceName>,
        /// Whether events have the representation in `state`; `true` by default.
        state: Option<BoolParam>,
        /// A ticket of `POST /api/v1/events/tickets`, in the place of `Authorization`.
        ticket: Option<TicketParam>,
    }
}

/// A ticket, which is checked later.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketParam(pub String);

impl std::fmt::Debug for TicketParam {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TicketParam(..)")
    }
}

impl FromStr for TicketParam {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        Ok(Self(text.to_owned()))
    }
}

impl utoipa::PartialSchema for TicketParam {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A ticket: it can be used once, within 30 seconds."))
            .max_length(Some(200))
            .into()
    }
}

impl utoipa::ToSchema for TicketParam {
    fn name() -> std::borrow::Cow<'static, str> {
        "EventTicketParameter".into()
    }
}

impl SinceParam {
    /// Reads the parameter.
    ///
    /// Errors: 400 if it is no token.
    pub fn read(&self, store: &Store) -> Result<Since, Error> {
        if self.0 == BEGINNING {
            return Ok(Since::Beginning);
        }
        let cursor = store.open_change_token(&self.0).map(Since::Cursor);
        cursor.ok_or_else(|| {
            let detail = bilingual!(
                "This is not a token of this service, or it was changed: send the last `since` of `GET /api/v1/changes`, \
                 a `Change-Token` of a list, or `beginning`.",
                "Das ist kein Token von uns, oder es wurde verändert: Senden Sie das letzte `since` von \
                 `GET /api/v1/changes`, das `Change-Token` einer Liste oder `beginning`."
            );
            Error::invalid_parameter("since", "invalid_token", detail)
        })
    }
}

impl ChangesQuery {
    /// Reads the query.
    ///
    /// Errors: 400 if the token is none.
    pub fn read(&self, store: &Store) -> Result<FeedQuery, Error> {
        let since = self.since.as_ref().map(|since| since.read(store)).transpose()?;
        let FeedLimit(limit) = self.limit.unwrap_or(FeedLimit(LIMITS.0));
        Ok(FeedQuery {
            since: since.unwrap_or(Since::Now),
            resources: self.resource.clone(),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            with_state: self.state.is_none_or(|BoolParam(state)| state),
        })
    }
}
