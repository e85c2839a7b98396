//! `health`: checks whether the server on this machine is ready; a container may have no other HTTP client.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::config::Config;
use crate::{CliError, print_line};

/// The timeout of each step.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Requests `/health/ready` from the configured address.
pub(crate) fn ask(config: &Config) -> Result<(), CliError> {
    let address = reachable(config.bind);
    let status = status(address)
        .map_err(|error| CliError::new(format!("no server is running on {address}: {error}")))?;
    match status.as_str() {
        "200" => print_line("The server is ready."),
        _ => Err(CliError::new(format!("the server on {address} is not ready (status {status})"))),
    }
}

/// A server that listens on all addresses is reached on the loopback address.
fn reachable(mut bind: SocketAddr) -> SocketAddr {
    if bind.ip().is_unspecified() {
        bind.set_ip(match bind {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    bind
}

fn status(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut head = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    head.strip_prefix("HTTP/1.1 ")
        .map(str::to_owned)
        .ok_or_else(|| std::io::Error::other("the response is not HTTP"))
}
