//! Tokens: opaque positions in the change log, which all callers can use.

use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;

use super::permissions::Permissions;
use crate::kernel::crypto::signed_token::TokenKey;
use crate::kernel::id::new_id;

/// What the tokens are sealed for.
const CONTEXT: &[u8] = b"changes";

/// The order of the entries of a group: the last log row that affects the resource, the resource type, and the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct EntryKey {
    pub(super) position: i64,
    pub(super) kind: u8,
    pub(super) id: Uuid,
}

/// How far a follower has read, and with which permissions. All callers can use it, whatever they may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FeedCursor {
    pub(super) progress: Progress,
    pub(super) permissions: Permissions,
}

impl FeedCursor {
    /// Whether the actor has the permissions that it was made with.
    pub fn is_of(&self, actor: &Actor) -> bool {
        self.permissions == Permissions::of(actor)
    }

    /// Returns the token, another one each time.
    pub(super) fn seal(&self, key: &TokenKey) -> Result<String, Error> {
        let Self { progress: Progress { position, within }, permissions } = *self;
        let none = EntryKey { position: 0, kind: u8::MAX, id: Uuid::nil() };
        let (end, last) = within.unwrap_or((position, none));
        // Always of the same length, so that a token does not show how far it is.
        let mut payload = Vec::with_capacity(57);
        for number in [position, end, last.position] {
            payload.extend(number.to_be_bytes());
        }
        payload.push(last.kind);
        payload.extend(last.id.as_bytes());
        payload.extend(permissions.0);
        payload.extend(new_id().as_u64_pair().1.to_be_bytes());
        key.seal(CONTEXT, &payload).ok_or_else(|| Error::internal("a token that is too long"))
    }

    /// Reads a token; `None` if it was changed, or is no token of a change feed.
    pub(super) fn open(key: &TokenKey, token: &str) -> Option<Self> {
        key.unseal(CONTEXT, token).and_then(|payload| Self::read(&payload))
    }

    fn read(mut payload: &[u8]) -> Option<Self> {
        let mut number = || {
            let (bytes, rest) = payload.split_first_chunk::<8>()?;
            payload = rest;
            Some(i64::from_be_bytes(*bytes))
        };
        let (position, end, last) = (number()?, number()?, number()?);
        let (kind, rest) = payload.split_first()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let id = Uuid::from_bytes(*id);
        let within = (*kind != u8::MAX).then_some((end, EntryKey { position: last, kind: *kind, id }));
        let permissions = Permissions(*rest.first_chunk()?);
        Some(Self { progress: Progress { position, within }, permissions })
    }
}

/// How far a follower has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Progress {
    /// The position up to which the log is read.
    pub(super) position: i64,
    /// The group of rows that is being read, if it is read in part: its last position, and the last entry.
    pub(super) within: Option<(i64, EntryKey)>,
}

impl Progress {
    /// Everything up to a position is read.
    pub(super) fn at(position: i64) -> Self {
        Self { position, within: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_to_what_it_was_made_of() {
        let key = TokenKey::from_bytes([3; 32]);
        let last = EntryKey { position: 9, kind: 2, id: new_id() };
        for progress in
            [Progress::at(0), Progress::at(i64::MAX), Progress { position: 7, within: Some((12, last)) }]
        {
            let cursor = FeedCursor { progress, permissions: Permissions([7; 8]) };
            let token = cursor.seal(&key).unwrap();
            assert_eq!(FeedCursor::open(&key, &token), Some(cursor));
            assert_ne!(token, cursor.seal(&key).unwrap(), "tokens of one position can be compared");
            let start = FeedCursor { progress: Progress::at(1), permissions: Permissions::default() };
            assert_eq!(token.len(), start.seal(&key).unwrap().len());
            assert_eq!(FeedCursor::open(&TokenKey::from_bytes([4; 32]), &token), None);
        }
        for bad in ["", "beginning", "AAAA", "!"] {
            assert_eq!(FeedCursor::open(&key, bad), None, "{bad}");
        }
    }
}
