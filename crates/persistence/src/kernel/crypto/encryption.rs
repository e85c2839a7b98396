//! The secret of `VKU_SECRET_FILE`, and encryption with it: signing, cursor and webhook keys are stored in
//! the database only as XChaCha20-Poly1305 ciphertext (draft-irtf-cfrg-xchacha), so a stolen backup is
//! worthless.
//!
//! Sealed form: 24 random nonce bytes ‖ ciphertext ‖ 16 tag bytes. The name of the value is authenticated
//! with it, so that nobody with write access to the database can swap one sealed value for another.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, Generate, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

const SECRET_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Errors of the secret file or of a sealed value. No message contains key bytes.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The file system reports an error.
    #[error("the secret file {path} cannot be read or created: {source}")]
    File {
        /// The file of `VKU_SECRET_FILE`.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
    /// Users other than the owner have access to the file.
    #[error("other users can access the secret file {path} (mode {mode:04o}): run `chmod 600 {path}`")]
    Exposed {
        /// The file of `VKU_SECRET_FILE`.
        path: PathBuf,
        /// The permission bits.
        mode: u32,
    },
    /// The file does not have the length of a secret.
    #[error("the secret file {path} must contain exactly {SECRET_BYTES} bytes")]
    Length {
        /// The file of `VKU_SECRET_FILE`.
        path: PathBuf,
    },
    /// The operating system provided no random bytes.
    #[error("the operating system provides no random bytes")]
    Random,
    /// The value is too long for the cipher (256 GiB).
    #[error("the value `{name}` is too long to encrypt")]
    TooLong {
        /// The name under which the value was to be sealed.
        name: String,
    },
    /// Another secret, another name, or changed bytes: the cipher cannot and must not tell which.
    #[error(
        "the stored value `{name}` cannot be decrypted with this secret file: the value is damaged, or encrypted \
         with a different secret"
    )]
    Unopened {
        /// The name under which the value was to be opened.
        name: String,
    },
}

/// Thirty-two random bytes that are never stored in the database. `Debug` shows none of them.
#[derive(Clone)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// Reads the secret, or creates it (mode 0600) if there is no file. Processes that start at the same time
    /// agree on one secret: the file is created atomically, and the second process reads the one of the
    /// first.
    ///
    /// # Errors
    /// [`SealError::File`], [`SealError::Exposed`], [`SealError::Length`] or [`SealError::Random`]; each is
    /// one sentence for the person who starts the server.
    pub fn open_or_create(path: &Path) -> Result<Self, SealError> {
        let file = |source| SealError::File { path: path.to_owned(), source };
        match File::open(path) {
            Ok(found) => return Self::read(path, found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(file(error)),
        }
        let bytes = <[u8; SECRET_BYTES]>::try_generate().map_err(|_| SealError::Random)?;
        if create(path, &bytes).map_err(file)? {
            return Ok(Self(bytes));
        }
        Self::read(path, File::open(path).map_err(file)?)
    }

    /// Makes a secret from known bytes, for tests.
    #[must_use]
    pub fn from_bytes(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(bytes)
    }

    /// Encrypts `plain` under `name`; every call returns different bytes.
    ///
    /// # Errors
    /// [`SealError::Random`] or [`SealError::TooLong`].
    pub fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        // 192 random bits do not repeat within any realistic number of seals, so no counter is needed.
        let nonce = XNonce::try_generate().map_err(|_| SealError::Random)?;
        let text = self
            .cipher()
            .encrypt(&nonce, Payload { msg: plain, aad: name.as_bytes() })
            .map_err(|_| SealError::TooLong { name: name.to_owned() })?;
        Ok([nonce.as_slice(), text.as_slice()].concat())
    }

    /// Decrypts the result of [`Secret::seal`] under the same `name`.
    ///
    /// # Errors
    /// [`SealError::Unopened`].
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let unopened = || SealError::Unopened { name: name.to_owned() };
        let (nonce, text) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(unopened)?;
        self.cipher()
            .decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: name.as_bytes() })
            .map_err(|_| unopened())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }

    fn read(path: &Path, file: File) -> Result<Self, SealError> {
        let failed = |source| SealError::File { path: path.to_owned(), source };
        // Check the permissions of the open file, not of the path: the checked file is the one that is read.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
            if mode & 0o077 != 0 {
                return Err(SealError::Exposed { path: path.to_owned(), mode });
            }
        }
        let mut bytes = Vec::with_capacity(SECRET_BYTES + 1);
        // One byte more than needed shows that a file is too long, without reading all of it.
        file.take(SECRET_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        bytes.try_into().map(Self).map_err(|_| SealError::Length { path: path.to_owned() })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Atomically creates a file with `bytes` at `path`; returns false if the file exists.
fn create(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    // The parent of a bare file name is the empty path.
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A named temporary file is created with mode 0600, and removed if a later step fails.
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(path) {
        Ok(_) => {}
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(refused) => return Err(refused.error),
    }
    // Keys are sealed with these bytes right away, so the directory entry must survive a power cut too.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_values_sealed_with_the_same_secret_and_name() {
        let secret = Secret::from_bytes([7; 32]);
        let sealed = secret.seal("cursor", b"plain").unwrap();
        assert_eq!(sealed.len(), 24 + 5 + 16);
        assert_eq!(secret.open("cursor", &sealed).unwrap(), b"plain");
        assert_ne!(sealed, secret.seal("cursor", b"plain").unwrap());

        assert!(matches!(secret.open("webhook", &sealed), Err(SealError::Unopened { .. })));
        assert!(Secret::from_bytes([8; 32]).open("cursor", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(secret.open("cursor", &changed).is_err(), "byte {at}");
            assert!(secret.open("cursor", &sealed[..at]).is_err(), "cut at {at}");
        }
        assert_eq!(secret.open("empty", &secret.seal("empty", b"").unwrap()).unwrap(), b"");
    }

    /// Test vector of draft-irtf-cfrg-xchacha-03, appendix A.3.1: the cipher is XChaCha20-Poly1305.
    #[test]
    fn the_cipher_is_xchacha20_poly1305() {
        let key: [u8; 32] = std::array::from_fn(|i| 0x80 + u8::try_from(i).unwrap());
        let nonce: [u8; 24] = std::array::from_fn(|i| 0x40 + u8::try_from(i).unwrap());
        let aad = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let plain =
            b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
            sunscreen would be it.";
        let text = Secret::from_bytes(key)
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad })
            .unwrap();
        assert_eq!(text[..8], [0xbd, 0x6d, 0x17, 0x9d, 0x3e, 0x83, 0xd4, 0x3b]);
        assert_eq!(text[text.len() - 16..text.len() - 8], [0xc0, 0x87, 0x59, 0x24, 0xc1, 0xc7, 0x98, 0x79]);
    }

    #[test]
    fn the_file_is_created_once_and_then_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let first = Secret::open_or_create(&path).unwrap();
        assert_eq!(first.0, Secret::open_or_create(&path).unwrap().0);
        assert_eq!(std::fs::read(&path).unwrap(), first.0);
        assert_ne!(first.0, Secret::open_or_create(&folder.path().join("other")).unwrap().0);
        assert_eq!(format!("{first:?}"), "Secret(..)");
    }

    #[test]
    fn processes_that_start_at_the_same_time_get_the_same_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let starts = std::sync::Barrier::new(16);
        let secrets: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..16)
                .map(|_| {
                    scope.spawn(|| {
                        starts.wait();
                        Secret::open_or_create(&path).unwrap().0
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn an_existing_file_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert!(create(&path, &[1; 32]).unwrap());
        assert!(!create(&path, &[2; 32]).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), [1; 32]);
    }

    #[cfg(unix)]
    #[test]
    fn refuses_a_wrong_length_open_permissions_and_a_missing_folder() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();

        Secret::open_or_create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        for open in [0o640, 0o604, 0o666, 0o610] {
            mode(open);
            let error = Secret::open_or_create(&path).unwrap_err();
            assert!(matches!(error, SealError::Exposed { mode, .. } if mode == open), "{error}");
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
        mode(0o400);
        assert!(Secret::open_or_create(&path).is_ok());

        mode(0o600);
        for length in [0, 31, 33, 5000] {
            std::fs::write(&path, vec![1; length]).unwrap();
            assert!(matches!(Secret::open_or_create(&path), Err(SealError::Length { .. })), "{length}");
        }
        let error = Secret::open_or_create(&folder.path().join("missing/secret")).unwrap_err();
        assert!(matches!(error, SealError::File { .. }), "{error}");
    }
}
