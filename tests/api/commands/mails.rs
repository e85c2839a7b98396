//! The server is killed after committing an e-mail and before sending it, or before recording that the e-mail was
//! accepted.

use super::server::Server;
use super::{Home, TIMEOUT, on_empty};
use crate::api::interests::interest;
use crate::harness::smtp::{Sink, SinkBehavior};

fn start(home: &Home, sink: &Sink) -> Server {
    Server::start(home, &["--smtp-url", &sink.url(), "--mail-from", "Office <office@example.org>"])
}

/// Registers an interest, which queues an e-mail.
fn register(server: &Server, name: &str) {
    let answer = server.write("POST /api/v1/interest-registrations", "", &interest(name));
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}

on_empty! {
    fn a_committed_mail_is_sent_once_after_a_kill(home: Home) {
        let (silent, sink) = (Sink::start(SinkBehavior::NoGreeting), Sink::start(SinkBehavior::Accept));
        let server = start(&home, &silent);
        register(&server, "Neustadt");
        // The server is sending the e-mail, and has claimed it.
        silent.called(1);
        server.kill();
        let server = start(&home, &sink);
        assert_eq!(sink.mails(1)[0].to, ["neustadt@zxq.example"]);
        // A shutdown waits until the e-mail that is being sent is recorded.
        server.signal("-TERM");
        assert_eq!(server.ended(TIMEOUT).0, Some(0));
        // Were the first mail still queued, it would be sent before this one.
        let server = start(&home, &sink);
        register(&server, "Altstadt");
        let sent = sink.mails(2);
        assert_eq!((sent.len(), sent[1].to.as_slice()), (2, &["altstadt@zxq.example".to_owned()][..]));
    }

    /// Whether the reply was on its way cannot be known, so the e-mail is sent again with the same `Message-ID`.
    fn a_mail_accepted_without_record_is_sent_again_with_the_same_message_id(home: Home) {
        let sink = Sink::start(SinkBehavior::AcceptWithoutReply);
        let server = start(&home, &sink);
        register(&server, "Neustadt");
        sink.mails(1);
        server.kill();
        sink.set_behavior(SinkBehavior::Accept);
        let _server = start(&home, &sink);
        let twice = sink.mails(2);
        assert_eq!(twice[0].header("Message-ID"), twice[1].header("Message-ID"));
        assert_eq!(twice[0].data, twice[1].data);
    }

    /// Without a mail server e-mails wait, and are sent when one is configured.
    fn mails_are_sent_once_a_mail_server_is_configured(home: Home) {
        let server = Server::start(&home, &[]);
        register(&server, "Neustadt");
        server.kill();
        let sink = Sink::start(SinkBehavior::Accept);
        let _server = start(&home, &sink);
        assert_eq!(sink.mails(1)[0].to, ["neustadt@zxq.example"]);
    }
}
