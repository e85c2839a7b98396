//! The URL of a webhook.

use url::{Host, Url};

use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

/// The maximum length in characters.
const MAX_LENGTH: usize = 2_000;

string_newtype! {
    /// The URL of a webhook: `https` with a host, without a user name or password, at most 2,000 characters. It is
    /// stored as the URL Standard writes it, without a fragment: the host in lower case, an international name in
    /// Punycode, an IPv4 address as four decimal numbers.
    WebhookUrl {
        pattern: "^[Hh][Tt][Tt][Pp][Ss]?://[^\\s\"<>\\\\`@]+$",
        format: "iri",
        example: "https://intranet.example.org/hooks/partnerships",
        parse: |text| {
            let text = text.trim();
            let length = text.chars().count();
            if length > MAX_LENGTH {
                return Err(FieldError::too_long(MAX_LENGTH, length));
            }
            let fault = || {
                FieldError::format(bilingual!(
                    "Expected a complete URL, such as `https://intranet.example.org/hooks`.",
                    "Erwartet: vollständige URL, etwa `https://intranet.example.org/hooks`."
                ))
            };
            // The URL Standard drops tabs and line breaks, and takes `\` for `/`.
            if text.contains(|letter: char| letter.is_control() || letter.is_whitespace() || letter == '\\') {
                return Err(fault());
            }
            let mut url = Url::parse(text).map_err(|_| fault())?;
            if !["http", "https"].contains(&url.scheme()) || !url.has_host() {
                return Err(fault());
            }
            if !url.username().is_empty() || url.password().is_some() {
                return Err(FieldError::new("credentials", bilingual!(
                    "The URL must not contain a user name or a password: receivers verify the signature instead.",
                    "Lassen Sie Benutzernamen und Passwort aus der URL weg: Empfänger prüfen stattdessen die Signatur."
                )));
            }
            if url.port() == Some(0) {
                return Err(fault());
            }
            url.set_fragment(None);
            let url = String::from(url);
            if url.len() > MAX_LENGTH {
                return Err(FieldError::too_long(MAX_LENGTH, url.len()));
            }
            Ok(url)
        },
    }
}

/// The parts of a URL that a connection needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether the connection is encrypted.
    pub is_https: bool,
    /// The host: a name in ASCII, or an address.
    pub host: Host,
    /// The port.
    pub port: u16,
    /// The value of the header `Host`.
    pub authority: String,
    /// The path and the query.
    pub path: String,
}

impl WebhookUrl {
    /// Returns the parts; `None` never happens, because the text has been parsed.
    pub fn target(&self) -> Option<Target> {
        let url = Url::parse(self.as_str()).ok()?;
        let host = url.host()?.to_owned();
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let port = url.port_or_known_default()?;
        Some(Target { is_https: url.scheme() == "https", host, port, authority, path })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Result<String, &'static str> {
        text.parse::<WebhookUrl>().map(|url| url.to_string()).map_err(|fault| fault.code)
    }

    #[test]
    fn a_url_is_stored_as_the_standard_writes_it() {
        for (text, stored) in [
            ("https://example.org", "https://example.org/"),
            ("HTTPS://Example.ORG:443/a?b=c#d", "https://example.org/a?b=c"),
            ("https://müller.example:8443/ü", "https://xn--mller-kva.example:8443/%C3%BC"),
            ("https://0x7f.1/", "https://127.0.0.1/"),
            ("https://2130706433/", "https://127.0.0.1/"),
            ("https://0177.0.0.01/", "https://127.0.0.1/"),
            ("https://[::FFFF:127.0.0.1]/", "https://[::ffff:7f00:1]/"),
            ("https://１２７.0.0.1/", "https://127.0.0.1/"),
            ("http://localhost:3000/hook", "http://localhost:3000/hook"),
        ] {
            assert_eq!(parsed(text), Ok(stored.to_owned()), "{text}");
            assert_eq!(parsed(stored), Ok(stored.to_owned()));
        }
    }

    #[test]
    fn other_urls_are_refused() {
        for text in [
            "",
            "example.org",
            "//example.org",
            "ftp://example.org",
            "https://",
            "https://a b.de",
            "https://a\\b.de",
            "file:///etc/passwd",
            "https://example.org:0/",
            "https://[::1",
            "https://256.1.1.1",
        ] {
            assert_eq!(parsed(text), Err("invalid_format"), "{text}");
        }
        for text in ["https://user@example.org", "https://user:word@example.org", "https://:word@example.org"]
        {
            assert_eq!(parsed(text), Err("credentials"), "{text}");
        }
        assert_eq!(parsed(&format!("https://a.de/{}", "a".repeat(2_000))), Err("too_long"));
        assert_eq!(
            parsed(&format!("https://a.de/{}", "ü".repeat(1_000))),
            Err("too_long"),
            "as it is stored"
        );
    }

    #[test]
    fn the_target_is_what_a_connection_needs() {
        let target = "https://Example.org:8443/a?b".parse::<WebhookUrl>().unwrap().target().unwrap();
        assert_eq!((target.is_https, target.port), (true, 8443));
        assert_eq!((target.authority.as_str(), target.path.as_str()), ("example.org:8443", "/a?b"));
        let target = "http://[::1]".parse::<WebhookUrl>().unwrap().target().unwrap();
        assert_eq!((target.port, target.authority.as_str(), target.path.as_str()), (80, "[::1]", "/"));
    }

    proptest! {
        #[test]
        fn a_stored_url_has_a_target(rest in any::<String>()) {
            if let Ok(url) = format!("https://{rest}").parse::<WebhookUrl>() {
                prop_assert_eq!(url.as_str().parse::<WebhookUrl>(), Ok(url.clone()));
                prop_assert!(url.target().is_some_and(|target| target.path.starts_with('/')));
            }
        }
    }
}
