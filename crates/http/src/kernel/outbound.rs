//! Where webhooks may be sent to: by `https` to hosts of the public Internet, unless the operator allows others. Without
//! this, whoever may create a webhook could have the service send requests into the network of its operator (SSRF).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::timeout;
use url::Host;
use vku_domain::bilingual;
use vku_domain::kernel::violation::FieldError;
use vku_domain::webhook::Target;
use vku_domain::webhook::address::is_public;

/// How long the resolver may take.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Looks up the addresses of a host.
pub trait Resolver: Send + Sync {
    /// Returns the addresses with the port.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// The resolver of the operating system.
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) }.boxed()
    }
}

/// Why nothing is sent to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetFault {
    /// The URL is not `https`.
    NotHttps,
    /// The host has no address, or the lookup has taken too long.
    Unresolvable,
    /// An address of the host is not public.
    ForbiddenAddress,
}

impl TargetFault {
    /// The error of the URL.
    pub(crate) fn as_field_error(self) -> FieldError {
        match self {
            Self::NotHttps => FieldError::new(
                "not_https",
                bilingual!("The URL must begin with `https://`.", "Die URL muss mit `https://` beginnen."),
            ),
            Self::Unresolvable => FieldError::new(
                "unresolvable",
                bilingual!(
                    "The host has no address. Check its name.",
                    "Der Host hat keine Adresse. Prüfen Sie seinen Namen."
                ),
            ),
            Self::ForbiddenAddress => FieldError::new(
                "forbidden_address",
                bilingual!(
                    "The host must have public addresses only: no private, local or reserved ones.",
                    "Der Host muss lauter öffentliche Adressen haben: keine privaten, lokalen oder reservierten."
                ),
            ),
        }
    }
}

/// Where webhooks may be sent to.
#[derive(Clone)]
pub struct TargetPolicy {
    /// Whether `http`, and addresses that are not public, are allowed: for an intranet.
    pub allows_private: bool,
    /// What looks up the addresses.
    pub resolver: Arc<dyn Resolver>,
}

impl Default for TargetPolicy {
    fn default() -> Self {
        Self::new(false)
    }
}

impl TargetPolicy {
    /// The policy with the resolver of the operating system.
    #[must_use]
    pub fn new(allows_private: bool) -> Self {
        Self { allows_private, resolver: Arc::new(SystemResolver) }
    }

    /// Returns the addresses to connect to. Connect to one of these, and do not look the name up again: it might have
    /// other addresses by then.
    ///
    /// Errors: the target is not allowed, or has no address.
    pub async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, TargetFault> {
        if !target.is_https && !self.allows_private {
            return Err(TargetFault::NotHttps);
        }
        let addresses = match &target.host {
            Host::Ipv4(address) => vec![SocketAddr::from((*address, target.port))],
            Host::Ipv6(address) => vec![SocketAddr::from((*address, target.port))],
            Host::Domain(name) => {
                let found = timeout(RESOLVE_TIMEOUT, self.resolver.resolve(name, target.port)).await;
                found.ok().and_then(Result::ok).unwrap_or_default()
            }
        };
        if addresses.is_empty() {
            return Err(TargetFault::Unresolvable);
        }
        match self.allows_private || addresses.iter().all(|address| is_public(address.ip())) {
            true => Ok(addresses),
            false => Err(TargetFault::ForbiddenAddress),
        }
    }
}

#[cfg(test)]
mod tests {
    use vku_domain::webhook::WebhookUrl;

    use super::*;

    struct Fixed(Vec<&'static str>);

    impl Resolver for Fixed {
        fn resolve<'a>(&'a self, _host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
            let found = self.0.iter().map(|address| SocketAddr::new(address.parse().unwrap(), port));
            std::future::ready(Ok(found.collect())).boxed()
        }
    }

    async fn ask(allows_private: bool, url: &str, found: &[&'static str]) -> Result<usize, TargetFault> {
        let policy = TargetPolicy { allows_private, resolver: Arc::new(Fixed(found.to_vec())) };
        let target = url.parse::<WebhookUrl>().unwrap().target().unwrap();
        policy.addresses(&target).await.map(|addresses| addresses.len())
    }

    #[tokio::test]
    async fn all_addresses_of_a_name_have_to_be_public() {
        let url = "https://example.org/";
        assert_eq!(ask(false, url, &["1.1.1.1", "2606:4700::1"]).await, Ok(2));
        assert_eq!(ask(false, url, &["1.1.1.1", "10.0.0.1"]).await, Err(TargetFault::ForbiddenAddress));
        assert_eq!(ask(false, url, &[]).await, Err(TargetFault::Unresolvable));
        assert_eq!(ask(true, url, &["10.0.0.1"]).await, Ok(1));
        assert_eq!(ask(false, "https://127.1/", &["1.1.1.1"]).await, Err(TargetFault::ForbiddenAddress));
        assert_eq!(ask(false, "http://example.org/", &["1.1.1.1"]).await, Err(TargetFault::NotHttps));
        assert_eq!(ask(true, "http://[::1]/", &[]).await, Ok(1));
    }
}
