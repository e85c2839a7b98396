//! Tokens that a client keeps for us (list cursors, change tokens, refresh tokens) and cannot forge or
//! change: base64url without padding (RFC 4648, section 5) of payload ‖ HMAC-SHA256 (RFC 2104) truncated to
//! 16 bytes.
//!
//! The payload of a signed token is readable; only its origin is protected. The cursor of a list contains
//! values of a row, possibly the name of a person, and is part of a URL, so it is sealed (XChaCha20-Poly1305)
//! and unreadable. The context (resource, filter, sort) is authenticated but not part of the token, so the
//! cursor of one list does not open in another.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// 128 bits: RFC 2104, section 5 recommends at least half of the hash, and every byte makes each `next` link
/// longer.
const TAG_BYTES: usize = 16;
const NONCE_BYTES: usize = 24;

/// Signs and opens tokens; all instances share the key. `Debug` shows none of its bytes.
#[derive(Clone)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// Makes the key from 32 random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns a token that carries `payload` and opens only with the same `context`.
    #[must_use]
    pub fn sign(&self, context: &[u8], payload: &[u8]) -> String {
        let tag = self.mac(context, payload).finalize().into_bytes();
        let mut token = Vec::with_capacity(payload.len() + TAG_BYTES);
        token.extend_from_slice(payload);
        token.extend(tag.iter().take(TAG_BYTES));
        URL_SAFE_NO_PAD.encode(token)
    }

    /// Returns the payload of a token that [`TokenKey::sign`] made with this key and `context`; `None` for
    /// anything else. Compares in constant time.
    #[must_use]
    pub fn open(&self, context: &[u8], token: &str) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (payload, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
        self.mac(context, payload).verify_truncated_left(tag).ok()?;
        bytes.truncate(payload.len());
        Some(bytes)
    }

    /// Returns a token that carries `payload` encrypted and opens only with the same `context`; `None` if the
    /// payload is too long for the cipher (256 GiB). The nonce is derived from context and payload, so that
    /// the same query has the same URL, and no two payloads share a nonce.
    #[must_use]
    pub fn seal(&self, context: &[u8], payload: &[u8]) -> Option<String> {
        let nonce: [u8; NONCE_BYTES] =
            self.mac(context, payload).finalize().into_bytes().first_chunk().copied()?;
        let sealed = Payload { msg: payload, aad: context };
        let text = self.cipher().encrypt(&XNonce::from(nonce), sealed).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), text.as_slice()].concat()))
    }

    /// Returns the payload of a token that [`TokenKey::seal`] made with this key and `context`; `None` for
    /// anything else.
    #[must_use]
    pub fn unseal(&self, context: &[u8], token: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        self.cipher().decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: context }).ok()
    }

    /// Encrypts with a separate key, derived from this one.
    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.mac(b"cipher", b"").finalize().into_bytes())
    }

    fn mac(&self, context: &[u8], payload: &[u8]) -> Hmac<Sha256> {
        // HMAC pads a short key with zeros to the block size of the hash (RFC 2104, section 2). Padding it
        // here gives the key the exact size of the type, and so a constructor that cannot fail.
        let mut block = [0; 64];
        block.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        // The length prefix keeps a byte from moving between context and payload under the same tag.
        Hmac::<Sha256>::new(&block.into())
            .chain_update((context.len() as u64).to_be_bytes())
            .chain_update(context)
            .chain_update(payload)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: &[u8] = b"utilities?sort=name";

    #[test]
    fn a_signed_token_opens() {
        let key = TokenKey::from_bytes([3; 32]);
        for payload in [b"".as_slice(), b"x", b"{\"name\":\"Lviv\"}", &[0xff; 300]] {
            let token = key.sign(CONTEXT, payload);
            assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{token}");
            assert_eq!(key.open(CONTEXT, &token).as_deref(), Some(payload));
            assert_eq!(token, key.sign(CONTEXT, payload), "the same question has the same address");
        }
        assert_eq!(format!("{key:?}"), "TokenKey(..)");
    }

    #[test]
    fn a_sealed_token_is_unreadable_and_opens_only_unchanged_with_key_and_context() {
        let key = TokenKey::from_bytes([3; 32]);
        for payload in [b"".as_slice(), b"x", b"[\"mustermann\"]", &[0xff; 300]] {
            let token = key.seal(CONTEXT, payload).unwrap();
            assert_eq!(key.unseal(CONTEXT, &token).as_deref(), Some(payload));
            assert_eq!(
                Some(&token),
                key.seal(CONTEXT, payload).as_ref(),
                "the same question has the same address"
            );
            let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
            assert!(payload.len() < 2 || !bytes.windows(payload.len()).any(|window| window == payload));
            assert_eq!(key.unseal(b"members?sort=name", &token), None);
            assert_eq!(TokenKey::from_bytes([4; 32]).unseal(CONTEXT, &token), None);
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 0x80;
                assert_eq!(key.unseal(CONTEXT, &URL_SAFE_NO_PAD.encode(changed)), None, "byte {at}");
                assert_eq!(key.unseal(CONTEXT, &URL_SAFE_NO_PAD.encode(&bytes[..at])), None, "cut at {at}");
            }
        }
    }

    #[test]
    fn a_token_that_was_changed_or_has_another_context_or_key_does_not_open() {
        let key = TokenKey::from_bytes([3; 32]);
        let token = key.sign(CONTEXT, b"payload");
        assert_eq!(key.open(b"members?sort=name", &token), None);
        assert_eq!(TokenKey::from_bytes([4; 32]).open(CONTEXT, &token), None);
        for bad in [
            "",
            "A",
            "!!",
            "AAAA",
            "\u{fc}",
            "AAAAAAAAAAAAAAAAAAAAAA",
            &format!("{token}="),
            &format!(" {token}"),
        ] {
            assert_eq!(key.open(CONTEXT, bad), None, "{bad}");
        }
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x80;
            assert_eq!(key.open(CONTEXT, &URL_SAFE_NO_PAD.encode(changed)), None, "byte {at}");
            assert_eq!(key.open(CONTEXT, &URL_SAFE_NO_PAD.encode(&bytes[..at])), None, "cut at {at}");
        }
    }

    #[test]
    fn moving_a_byte_between_context_and_payload_changes_the_tag() {
        let key = TokenKey::from_bytes([3; 32]);
        let tag = |context: &[u8], payload: &[u8]| key.mac(context, payload).finalize().into_bytes();
        assert_ne!(tag(b"ab", b"c"), tag(b"a", b"bc"));
    }

    /// The zero-padded block is the same key as the short one, according to the library.
    #[test]
    fn the_tag_is_hmac_sha256_of_the_short_key() {
        let key = TokenKey::from_bytes([3; 32]);
        let mut plain = Hmac::<Sha256>::new_from_slice(&[3; 32]).unwrap();
        plain.update(&[0, 0, 0, 0, 0, 0, 0, 1, b'c', b'p']);
        assert_eq!(key.mac(b"c", b"p").finalize().into_bytes(), plain.finalize().into_bytes());
    }
}
