//! The server is killed between sending an event and recording that it arrived, and between two events.

use serde_json::{Value, json};

use super::on_empty;
use super::server::Server;
use crate::harness::receiver::{Reaction, Receiver};

const OPTIONS: &[&str] = &["--demo", "--webhook-allow-private", "true"];

/// The header of a signed-in coordinator.
fn office(server: &Server) -> String {
    let sign_in = json!({"email": "coordinator@demo.example", "password": "demo-partnerships"});
    let answer = server.write("POST /api/v1/auth/token", "", &sign_in);
    format!("Authorization: Bearer {}\r\n", body(&answer)["access_token"].as_str().unwrap())
}

fn body(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 20"), "{answer}");
    serde_json::from_str(body).unwrap()
}

/// Creates a webhook, and returns its secret.
fn webhook(server: &Server, office: &str, receiver: &Receiver) -> String {
    let webhook = json!({"name": "Zxq", "url": receiver.url(), "resources": ["organisation"]});
    let made = body(&server.write("POST /api/v1/webhooks", office, &webhook));
    let reveal = format!("POST /api/v1/webhooks/{}/reveal-secret", made["id"].as_str().unwrap());
    body(&server.write(&reveal, office, &json!({})))["secret"].as_str().unwrap().to_owned()
}

fn organisation(server: &Server, office: &str, name: &str) -> Value {
    let organisation = json!({"name": format!("Zxq {name}"), "kind": "ngo"});
    body(&server.write("POST /api/v1/organisations", office, &organisation))["id"].clone()
}

on_empty! {
    fn an_event_whose_arrival_is_not_recorded_is_sent_again(home: Home) {
        let receiver = Receiver::start();
        receiver.react(&[Reaction::Hang]);
        let server = Server::start(&home, OPTIONS);
        let staff = office(&server);
        let secret = webhook(&server, &staff, &receiver);
        let mut ids = vec![organisation(&server, &staff, "first")];
        receiver.wait(1);
        ids.push(organisation(&server, &staff, "second"));
        server.kill();
        let server = Server::start(&home, OPTIONS);
        let received = receiver.wait(3);
        assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
        let told = |requests: &[crate::harness::receiver::Received]| -> Vec<Value> {
            requests.iter().map(|request| request.json()["data"]["resource_id"].clone()).collect()
        };
        assert_eq!(told(&received[1..]), ids);
        assert!(received.iter().all(|request| request.is_signed_with(&secret)));
        // Were one of them still due, it would be sent before this one.
        let last = organisation(&server, &office(&server), "third");
        assert_eq!(told(&receiver.wait(4)[3..]), [last]);
    }

    /// Many events are due when the server is killed, again and again.
    fn kills_lose_no_event(home: Home) {
        let receiver = Receiver::start();
        let server = Server::start(&home, OPTIONS);
        let staff = office(&server);
        webhook(&server, &staff, &receiver);
        let ids: Vec<_> = (0..30).map(|number| organisation(&server, &staff, &number.to_string())).collect();
        let mut server = server;
        for count in [1, 8, 16] {
            receiver.wait(count);
            server.kill();
            server = Server::start(&home, OPTIONS);
        }
        let mut told: Vec<Value> = Vec::new();
        let mut count = ids.len();
        while told.len() < ids.len() {
            let received = receiver.wait(count);
            told = received.iter().map(|request| request.json()["data"]["resource_id"].clone()).collect();
            // Only what was being sent may arrive twice, and nothing out of order.
            told.dedup();
            count += 1;
        }
        assert_eq!(told, ids);
        assert!(receiver.all().len() <= ids.len() + 3);
    }
}
