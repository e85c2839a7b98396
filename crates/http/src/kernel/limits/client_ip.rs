//! The IP address of the client: that of the peer, or, behind trusted proxies, the one in `X-Forwarded-For`.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The IP address of the client.
pub fn address(request: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    request.peer_addr().map(|peer| resolve_forwarded_for(peer.ip(), request.headers(), trusted))
}

/// Warns once of a proxy that is not configured as trusted: all clients behind it count as one.
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

/// Returns the last address in `X-Forwarded-For` that is not a trusted proxy. Each proxy appends the address of its
/// peer, so this is the client's; entries before it may be forged.
fn resolve_forwarded_for(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut address = peer.to_canonical();
    if !is_trusted(&address) {
        return address;
    }
    let lines: Vec<&str> =
        headers.get_all(FORWARDED_FOR).map(|value| value.to_str().unwrap_or_default()).collect();
    for entry in lines.join(",").rsplit(',') {
        if !is_trusted(&address) {
            break;
        }
        let Some(before) = parse(entry.trim()) else { break };
        address = before.to_canonical();
    }
    address
}

/// Parses an address; some proxies add the port.
fn parse(entry: &str) -> Option<IpAddr> {
    let socket = || entry.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    entry.parse().ok().or_else(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    #[test]
    fn the_client_is_the_last_address_that_is_not_a_trusted_proxy() {
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
