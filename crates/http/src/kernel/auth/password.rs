//! Passwords: Argon2id (RFC 9106) with the parameters of the OWASP password storage cheat sheet (19 MiB, 2 passes,
//! 1 lane), stored as PHC strings (`$argon2id$v=19$m=19456,t=2,p=1$salt$hash`).
//!
//! No type here stores a password, and no error quotes one.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use unicode_normalization::UnicodeNormalization;
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::value::{Email, SingleLine};
use vku_domain::user::User;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The allowed length of a password, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=200;

/// The hash that is verified for an unknown account: it has our own parameters, so that it takes as long as for a
/// known one. The salt and the hash are invented; nobody can find a password with this hash, and it would not be
/// accepted anyway.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCEhIQ$\
    bm9ib2R5J3MgaGFzaCwgbm90IGEgcmVhbCBvbmUhISE";

/// Limits concurrent hashing to the number of cores: a flood of logins waits here instead of using up all memory and
/// all blocking threads.
static PERMITS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get)));

/// A password could not be hashed or verified. A wrong password is not an error.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The parameters, random bytes or memory, or a stored hash that is malformed.
    #[error("hashing a password failed: {0}")]
    Hash(#[from] HashError),
    /// The server is shutting down, or the hashing thread panicked.
    #[error("hashing a password was interrupted")]
    Interrupted,
}

/// Hashes a new password, off the async threads.
///
/// # Errors
/// [`PasswordError`].
pub async fn hash(password: String) -> Result<String, PasswordError> {
    off_thread(move || hash_now(&password)).await
}

/// Whether the password matches the stored hash; computed off the async threads. `None` (no such account, or one
/// without a password) takes as long, and returns `false`.
///
/// # Errors
/// [`PasswordError`], also if the stored text is not a PHC string.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, PasswordError> {
    off_thread(move || verify_now(&password, hash.as_deref())).await
}

/// Hashes a new password on this thread (tens of milliseconds), for the command line.
///
/// # Errors
/// [`PasswordError::Hash`].
pub fn hash_now(password: &str) -> Result<String, PasswordError> {
    Ok(argon2()?.hash_password(canonical(password).as_bytes())?.to_string())
}

/// Checks that a new password is strong enough: 12 to 200 characters, not one repeated character, and more than the
/// name or the e-mail address of the person. Length is what counts (NIST SP 800-63B-3, section 5.1.1.2): there are no
/// rules about kinds of characters.
///
/// # Errors
/// What is wrong, as the end of a sentence that begins with "The password".
pub fn check_strength(password: &str, person: Option<(&Email, &SingleLine)>) -> Result<(), Bilingual> {
    let length = password.chars().count();
    if length < *LENGTH.start() {
        return Err(bilingual!("must have at least 12 characters", "muss mindestens 12 Zeichen haben"));
    }
    if length > *LENGTH.end() {
        return Err(bilingual!("must have at most 200 characters", "darf höchstens 200 Zeichen haben"));
    }
    let mut characters = password.chars();
    let first = characters.next();
    if characters.all(|character| Some(character) == first) {
        return Err(bilingual!(
            "must not repeat a single character",
            "darf nicht aus einem einzigen wiederholten Zeichen bestehen"
        ));
    }
    if person.is_some_and(|(email, name)| is_of_person(password, email, name)) {
        return Err(bilingual!(
            "must not just consist of the e-mail address or the name of the account",
            "muss mehr sein als E-Mail-Adresse oder Name des Kontos"
        ));
    }
    Ok(())
}

/// Whether little of the password remains without the words of the person's name and e-mail address.
fn is_of_person(password: &str, email: &Email, name: &SingleLine) -> bool {
    /// Shorter words may occur in any password.
    const WORD: usize = 3;
    /// The number of letters and digits that have to remain.
    const REST: usize = 6;
    let plain = |text: &str| text.nfkc().flat_map(char::to_lowercase).collect::<String>();
    let (password, email, name) = (plain(password), plain(email.as_str()), plain(name.as_str()));
    let local = email.split('@').next().unwrap_or_default();
    let is_between = |letter: char| !letter.is_alphanumeric();
    let mut words = vec![email.as_str(), local, name.as_str()];
    words.extend([&email, &name].into_iter().flat_map(|text| text.split(is_between)));
    words.retain(|word| word.chars().count() >= WORD);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let rest = words.iter().fold(password.clone(), |rest, word| rest.replace(word, ""));
    rest != password && rest.chars().filter(|letter| letter.is_alphanumeric()).count() < REST
}

/// Rejects a new password that is too weak, for this user if the user is known.
///
/// # Errors
/// 422 `weak_password` at the pointer, with what is wrong.
pub fn accept(password: &str, pointer: &str, user: Option<&User>) -> Result<(), Error> {
    check_strength(password, user.map(|user| (&user.email, &user.name)))
        .map_err(|why| Error::invalid_at(pointer, "weak_password", why))
}

fn verify_now(password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
    let stored = PasswordHash::new(hash.unwrap_or(DUMMY)).map_err(HashError::from)?;
    // The parameters of the stored hash are used, so raising ours locks nobody out.
    match argon2()?.verify_password(canonical(password).as_bytes(), &stored) {
        Ok(()) => Ok(hash.is_some()),
        Err(HashError::PasswordInvalid) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(HashError::from)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Normalizes a password to NFC: `ї` or `ü` may be typed as one character or as two, depending on the operating
/// system, and both are the same password (RFC 8265, section 4.2.2, rule 4).
fn canonical(password: &str) -> String {
    password.nfc().collect()
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    let permit = PERMITS.acquire().await.map_err(|_| PasswordError::Interrupted)?;
    // The thread keeps the permit: a caller that disconnects frees neither the thread nor the memory.
    spawn_blocking(move || {
        let _permit = permit;
        work()
    })
    .await
    .map_err(|_| PasswordError::Interrupted)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let stored = hash("correct horse battery".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify("correct horse battery".into(), Some(stored.clone())).await.unwrap());
        assert!(!verify("correct horse batterz".into(), Some(stored.clone())).await.unwrap());
        assert!(!verify(String::new(), Some(stored.clone())).await.unwrap());
        assert_ne!(stored, hash_now("correct horse battery").unwrap(), "every hash has its own salt");
    }

    #[tokio::test]
    async fn an_unknown_account_never_verifies_and_takes_the_same_work() {
        assert!(!verify("correct horse battery".into(), None).await.unwrap());
        let dummy = PasswordHash::new(DUMMY).unwrap();
        let real = PasswordHash::new(&hash_now("correct horse battery").unwrap()).unwrap();
        assert_eq!((dummy.algorithm, dummy.version), (real.algorithm, real.version));
        assert_eq!(dummy.params, real.params);
        assert_eq!(dummy.salt.unwrap().len(), real.salt.unwrap().len());
        assert_eq!(dummy.hash.unwrap().len(), real.hash.unwrap().len());
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_still_verifies() {
        let weaker = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        let stored = weaker.hash_password(b"correct horse battery").unwrap().to_string();
        assert!(verify("correct horse battery".into(), Some(stored)).await.unwrap());
    }

    #[tokio::test]
    async fn composed_and_decomposed_characters_are_the_same_password() {
        let composed = "Ки\u{457}в-\u{fc}ber-alles-gut";
        let decomposed = "Ки\u{456}\u{308}в-u\u{308}ber-alles-gut";
        assert_ne!(composed, decomposed);
        assert!(verify(decomposed.into(), Some(hash_now(composed).unwrap())).await.unwrap());
    }

    #[tokio::test]
    async fn a_malformed_hash_never_verifies_and_errors_do_not_quote_the_password() {
        for broken in
            ["", "plain", "$argon2id$v=19$m=19456,t=2,p=1", "$scrypt$ln=16,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"]
        {
            match verify("hunter2hunter2".into(), Some(broken.into())).await {
                Ok(answer) => assert!(!answer, "{broken}"),
                Err(error) => assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}"),
            }
        }
    }

    #[tokio::test]
    async fn more_callers_than_permits_are_all_served() {
        let callers: Vec<_> = (0..8).map(|_| tokio::spawn(verify("some password".into(), None))).collect();
        for caller in callers {
            assert!(!caller.await.unwrap().unwrap());
        }
    }

    #[test]
    fn strength_depends_on_length_and_repetition() {
        for good in ["demo-partnerships", "aaaaaaaaaaab", "дванадцять д", &"ab".repeat(100)] {
            assert_eq!(check_strength(good, None), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", "at least 12"),
            ("elevenchars", "at least 12"),
            ("їїїїїї", "at least 12"),
            ("aaaaaaaaaaaaaaaa", "repeat"),
            (&"ab".repeat(101), "at most 200"),
        ] {
            assert!(check_strength(bad, None).unwrap_err().en.contains(why), "{bad}");
        }
    }
}
