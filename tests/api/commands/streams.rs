//! The server is asked to shut down while streams of changes are open: it ends them at once, and cleanly.

use std::io::Read;
use std::time::Duration;

use super::Home;
use super::server::Server;
use crate::harness::Backend;

#[test]
fn open_streams_end_with_the_server() {
    Home::run_test(Backend::Sqlite, |home| {
        let server = Server::start(&home, &["--demo"]);
        let mut streams: Vec<_> = (0..3).map(|_| server.send("GET /api/v1/events", "")).collect();
        for stream in &mut streams {
            let mut head = Vec::new();
            while !String::from_utf8_lossy(&head).contains("retry: 3000") {
                let mut bytes = [0; 1024];
                let read = stream.read(&mut bytes).unwrap();
                assert!(read > 0, "{}", String::from_utf8_lossy(&head));
                head.extend_from_slice(&bytes[..read]);
            }
        }
        server.signal("-TERM");
        for stream in &mut streams {
            let mut rest = String::new();
            stream.read_to_string(&mut rest).unwrap();
            assert!(rest.ends_with("0\r\n\r\n"), "it was cut off: {rest}");
        }
        let (code, took, log) = server.ended(Duration::from_secs(30));
        assert_eq!(code, Some(0), "{log}");
        assert!(took < Duration::from_secs(10), "it took {took:?}");
        assert!(!log.contains("panicked") && !log.contains(r#""level":"ERROR""#), "{log}");
    });
}
