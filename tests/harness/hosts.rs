//! The addresses of hosts, as the test says.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use vku_http::kernel::outbound::{Resolver, TargetPolicy};

/// A resolver. Every name has a public address, but those that the test has set.
#[derive(Default)]
pub(crate) struct Hosts {
    /// The addresses of each name, one list for each lookup; the last one stays.
    names: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
}

impl Hosts {
    /// The policy that resolves by these hosts.
    pub(crate) fn policy(self: &Arc<Self>, allows_private: bool) -> TargetPolicy {
        TargetPolicy { allows_private, resolver: self.clone() }
    }

    /// Sets what the next lookups of a name return.
    pub(crate) fn set(&self, name: &str, lookups: &[&[&str]]) {
        let addresses = |lookup: &&[&str]| lookup.iter().map(|address| address.parse().unwrap()).collect();
        self.names.lock().unwrap().insert(name.into(), lookups.iter().map(addresses).collect());
    }
}

impl Resolver for Hosts {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let mut names = self.names.lock().unwrap();
        let found = match names.get_mut(host) {
            Some(lookups) if lookups.len() > 1 => lookups.remove(0),
            Some(lookups) => lookups.last().cloned().unwrap_or_default(),
            None => vec![IpAddr::from([8, 8, 8, 8])],
        };
        std::future::ready(Ok(found.into_iter().map(|address| SocketAddr::new(address, port)).collect()))
            .boxed()
    }
}
