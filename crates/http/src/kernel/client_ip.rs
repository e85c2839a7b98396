//! Where a request comes from: the peer, or, behind trusted proxies, what they say of it.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of the client.
pub fn address(request: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    request.peer_addr().map(|peer| resolve_forwarded_for(peer.ip(), request.headers(), trusted))
}

/// Tells once that a proxy in front is not known as one: all who come by it count as one then.
pub fn warn_untrusted_proxy(headers: &HeaderMap, peer: Option<IpAddr>, trusted: &[IpNet]) {
    static HAS_WARNED: AtomicBool = AtomicBool::new(false);
    let forwarded = headers.contains_key(FORWARDED_FOR);
    let is_known = |peer: IpAddr| trusted.iter().any(|net| net.contains(&peer.to_canonical()));
    if forwarded && !peer.is_some_and(is_known) && !HAS_WARNED.swap(true, Relaxed) {
        tracing::warn!(
            "a request with X-Forwarded-For came from an address that is not in VKU_TRUSTED_PROXIES; the \
             header is ignored, so all clients behind that proxy share one quota"
        );
    }
}

/// Each proxy adds to the end of `X-Forwarded-For` whom it was asked by; so the last address that is none of ours is
/// the client's. What stands before it may be made up.
fn resolve_forwarded_for(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let ours = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut address = peer.to_canonical();
    if !ours(&address) {
        return address;
    }
    let given: Vec<&str> =
        headers.get_all(FORWARDED_FOR).map(|value| value.to_str().unwrap_or_default()).collect();
    for entry in given.join(",").rsplit(',') {
        if !ours(&address) {
            break;
        }
        let Some(before) = parse(entry.trim()) else { break };
        address = before.to_canonical();
    }
    address
}

/// Some proxies add the port.
fn parse(entry: &str) -> Option<IpAddr> {
    let socket = || entry.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    entry.parse().ok().or_else(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    #[test]
    fn the_last_address_that_is_none_of_ours() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for (peer, headers, client) in [
            ("203.0.113.9", &[][..], "203.0.113.9"),
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1, 10.0.0.7"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4", "198.51.100.1 , 10.0.0.7"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4, nonsense, 10.0.0.7"], "10.0.0.7"),
            ("10.0.0.1", &["nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.9, 10.0.0.8"], "10.0.0.9"),
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("fd00::1", &["::ffff:198.51.100.1"], "198.51.100.1"),
        ] {
            let mut map = HeaderMap::new();
            for header in headers {
                map.append(HeaderName::from_static(FORWARDED_FOR), HeaderValue::from_static(header));
            }
            let found = resolve_forwarded_for(peer.parse().unwrap(), &map, &trusted);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer} {headers:?}");
        }
    }
}
