//! The key of a request that is executed at most once.

use sha2::{Digest, Sha256};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;

pub(super) type Hash = [u8; 32];

/// A request that is executed at most once: the account, the key, and the content of the request.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    pub(super) account: Uuid,
    pub(super) key: Hash,
    pub(super) request: Hash,
}

impl IdempotencyKey {
    /// Hashes the key and the request. `request` consists of all parts that distinguish the request from
    /// others. The rights of the actor are included: a stored response must not be sent to an API key that
    /// may see less of it, or to an account whose rights have changed.
    ///
    /// Requests without an account do not share keys: their key is hashed together with the request, so that
    /// nobody is refused because of the key of a stranger.
    pub fn new(actor: &Actor, key: &str, request: &[&[u8]]) -> Self {
        let account = actor.account.unwrap_or_default();
        let role = actor.role.map(|role| role.to_string()).unwrap_or_default();
        let utilities: Vec<u8> = actor.utilities.iter().flat_map(|id| *id.as_bytes()).collect();
        let scopes = actor.scopes.as_ref().map(|scopes| format!("only {scopes}")).unwrap_or_default();
        let rights = [role.as_bytes(), &utilities, scopes.as_bytes()];
        let request = hash(rights.into_iter().chain(request.iter().copied()));
        let unauthenticated = actor.account.is_none().then_some(request.as_slice());
        let key = hash([account.as_bytes().as_slice(), key.as_bytes()].into_iter().chain(unauthenticated));
        Self { account, key, request }
    }

    /// The key of PostgreSQL's two-number advisory locks, which are separate from those with one number.
    pub(super) fn lock(&self) -> [i32; 2] {
        let [a, b, c, d, e, f, g, h, ..] = self.key;
        [i32::from_be_bytes([a, b, c, d]), i32::from_be_bytes([e, f, g, h])]
    }
}

/// Hashes parts, each prefixed with its length, so that moving a byte from one part to the next changes the
/// hash.
fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Hash {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
