//! Ed25519 keys (RFC 8032) that sign access tokens.

use std::fmt;

use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;

use super::{TokenError, ed25519};

/// An Ed25519 key pair and its `kid`. `Debug` shows only the `kid`.
#[derive(Clone)]
pub struct SigningKey {
    pub(super) kid: String,
    pub(super) private: EncodingKey,
    pub(super) public: DecodingKey,
    pub(super) jwk: Jwk,
}

impl SigningKey {
    /// Generates a key pair. Returns its `kid` and its PKCS#8 DER bytes (RFC 8410), which the caller seals and
    /// stores.
    ///
    /// # Errors
    /// [`TokenError::Random`] or [`TokenError::Key`].
    pub fn generate() -> Result<(String, Vec<u8>), TokenError> {
        let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| TokenError::Random)?;
        let der = pair.as_ref().to_vec();
        Ok((Self::from_der(&der)?.kid, der))
    }

    /// Reads PKCS#8 DER, as [`SigningKey::generate`] returns it.
    ///
    /// # Errors
    /// [`TokenError::Key`].
    pub fn from_der(der: &[u8]) -> Result<Self, TokenError> {
        // Here, because nobody can sign or verify without a key.
        ed25519::install();
        let pair = ed25519::key_pair(der).map_err(|_| TokenError::Key)?;
        let public = DecodingKey::from_ed_der(pair.public_key().as_ref());
        let mut jwk = Jwk::from_decoding_key(&public, Some(Algorithm::EdDSA)).map_err(|_| TokenError::Key)?;
        // RFC 7638: the `kid` is derived from the key, so instances that share a key agree on it without a table.
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| TokenError::Key)?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { kid, private: EncodingKey::from_ed_der(der), public, jwk })
    }

    /// Reads PKCS#8 PEM, as `openssl genpkey -algorithm ed25519` writes it (`VKU_JWT_KEY_FILE`).
    ///
    /// # Errors
    /// [`TokenError::Key`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, TokenError> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| TokenError::Key)?;
        Self::from_der(key.secret_pkcs8_der())
    }

    /// The RFC 7638 thumbprint (SHA-256) of the public key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}
