//! The change feed: what has changed for a caller since a position of the change log.
//!
//! A row of the log says what was written; an entry of the feed says what a caller gets now. The rows are read in
//! groups. `effects` finds the resources that a group may have changed for the caller, `page` reads each of them as the
//! caller sees it now, and `past` tells which of those that are hidden now it saw before: these are reported as gone. So a
//! follower that applies all entries to an older copy has what it would get by reading everything again.

mod bounds;
mod candidates;
mod current;
mod effects;
mod group;
mod links;
mod member_effects;
mod page;
pub mod parameters;
mod past;
mod permissions;
mod place;
mod registrations;
mod seats;
mod state;
mod tickets;
mod token;

use chrono::{DateTime, Utc};
use uuid::Uuid;
pub use vku_domain::feed::FeedAction;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Code;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::webhook::Webhook;

use self::permissions::Permissions;
pub use self::token::FeedCursor;
use self::token::Progress;
use crate::audit::ResourceName;
use crate::kernel::store::Store;
use crate::kernel::table::any::AnyTable;

/// What has become of a resource for the caller.
#[derive(Clone, Debug)]
pub struct FeedEntry {
    /// The time of the last change that affects the resource.
    pub at: DateTime<Utc>,
    /// The type of the resource.
    pub resource: &'static str,
    /// The id.
    pub resource_id: Uuid,
    /// The id of the parent.
    pub parent_id: Option<Uuid>,
    /// The slug, if the resource has one.
    pub slug: Option<String>,
    /// What has happened.
    pub action: FeedAction,
    /// The current version; of a removed resource, the last one that the caller saw.
    pub version: i64,
    /// The representation as JSON in UTF-8; absent for a removed resource, or if it was not asked for.
    pub state: Option<Vec<u8>>,
}

/// Where to begin to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Now: there are no entries yet.
    Now,
    /// The first change ever.
    Beginning,
    /// After what was read before.
    Cursor(FeedCursor),
}

/// What to read of the feed.
#[derive(Clone, Debug)]
pub struct FeedQuery {
    /// Where to begin.
    pub since: Since,
    /// Only these types of resources; all if it is empty.
    pub resources: Vec<ResourceName>,
    /// The maximum number of entries.
    pub limit: usize,
    /// Whether entries have the representation.
    pub with_state: bool,
}

/// A page of the feed.
#[derive(Clone, Debug)]
pub struct FeedPage {
    /// The entries in the order of the log, each with the cursor after it.
    pub items: Vec<(FeedEntry, FeedCursor)>,
    /// The cursor after the page.
    pub since: FeedCursor,
    /// Whether more can be read at once.
    pub has_more: bool,
}

/// Whether the feed has an entry for whatever changes a representation of such resources on the same day. The time has
/// none, nor have the deliveries of webhooks.
pub(crate) fn follows(table: &AnyTable) -> bool {
    !table.resource.is_time_dependent && table.name() != Webhook::NAME
}

impl Store {
    /// Whether the actor gets the same as after this token: the feed has no changes for it since. `false` if that is
    /// unknown, for example because the token is of other permissions, or too old.
    ///
    /// Errors: 503 if the database is unavailable.
    pub async fn is_unchanged_since(&self, actor: &Actor, token: &str) -> Result<bool, Error> {
        let Some(cursor) = self.open_change_token(token).filter(|cursor| cursor.is_of(actor)) else {
            return Ok(false);
        };
        let since = Since::Cursor(cursor);
        let query = FeedQuery { since, resources: Vec::new(), limit: 1, with_state: false };
        match self.feed(actor, &query).await {
            Ok(page) => Ok(page.items.is_empty() && !page.has_more),
            Err(error) if error.code == Code::ChangesGone => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads a token; `None` if it was changed, or is no token of a change feed.
    pub fn open_change_token(&self, token: &str) -> Option<FeedCursor> {
        FeedCursor::open(self.cursor_key(), token)
    }

    /// Returns the token of a cursor. Two tokens of one cursor differ: nobody can tell by them whether something hidden
    /// has happened in between.
    ///
    /// Errors: none in practice.
    pub fn seal_change_token(&self, cursor: FeedCursor) -> Result<String, Error> {
        cursor.seal(self.cursor_key())
    }

    /// Returns the token from which the actor can go on after reading from a snapshot that begins now.
    ///
    /// Errors: the database is unavailable.
    pub async fn change_token(&self, actor: &Actor) -> Result<String, Error> {
        let progress = Progress::at(self.log_position().await?);
        FeedCursor { progress, permissions: Permissions::of(actor) }.seal(self.cursor_key())
    }
}
