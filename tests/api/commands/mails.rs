//! The server is killed between the commit and the sending of a mail, or between the mail server's answer and its note.

use super::serving::Server;
use super::{Home, PATIENCE, on_empty};
use crate::api::interests::interest;
use crate::harness::smtp::{Sink, SinkBehavior};

fn start(home: &Home, sink: &Sink) -> Server {
    Server::start(home, &["--smtp-url", &sink.url(), "--mail-from", "Office <office@example.org>"])
}

/// Somebody registers, which writes a mail.
fn register(server: &Server, name: &str) {
    let answer = server.write("POST /api/v1/interest-registrations", "", &interest(name));
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}

on_empty! {
    fn what_was_committed_is_sent_once(home: Home) {
        let (silent, sink) = (Sink::start(SinkBehavior::NoGreeting), Sink::start(SinkBehavior::Accept));
        let server = start(&home, &silent);
        register(&server, "Neustadt");
        // It is being sent, and holds the mail.
        silent.called(1);
        server.kill();
        let server = start(&home, &sink);
        assert_eq!(sink.mails(1)[0].to, ["neustadt@zxq.example"]);
        // What is under way is finished.
        server.signal("-TERM");
        assert_eq!(server.ended(PATIENCE).0, Some(0));
        // Another one is sent after whatever is left of the first.
        let server = start(&home, &sink);
        register(&server, "Altstadt");
        let sent = sink.mails(2);
        assert_eq!((sent.len(), sent[1].to.as_slice()), (2, &["altstadt@zxq.example".to_owned()][..]));
    }

    /// Nobody can know whether the mail server's answer was on its way: at least once, and recognisable.
    fn what_was_taken_and_not_noted_comes_again_under_its_name(home: Home) {
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

    /// Without a mail server the mails wait, and go out when there is one.
    fn what_waited_for_a_mail_server_is_sent_when_there_is_one(home: Home) {
        let server = Server::start(&home, &[]);
        register(&server, "Neustadt");
        server.kill();
        let sink = Sink::start(SinkBehavior::Accept);
        let _server = start(&home, &sink);
        assert_eq!(sink.mails(1)[0].to, ["neustadt@zxq.example"]);
    }
}
