//! Rows that change existing resources: they follow the rules of requests, each resource at most once.

use serde_json::{Value, json};

use super::{CSV, commit, counts, faults, import, still};
use crate::api::fixtures::{ORGANISATIONS, PARTNERSHIPS, UTILITIES, create, location};
use crate::api::partnership_status::TRANSITIONS;
use crate::api::sessions::published;
use crate::harness::{Caller, ask, on_both};

/// The `detail` of the fault in this row.
fn detail(done: &Value, row: u64) -> &str {
    let faults = done["report"]["faults"].as_array().unwrap();
    faults.iter().find(|fault| fault["row"] == row).unwrap()["detail"].as_str().unwrap()
}

async fn upsert(caller: &Caller, collection: &str, file: &str) -> Value {
    import(caller, &format!("resource={collection}&mode=upsert&on_error=skip"), CSV, file).await
}

on_both! {
    async fn rows_follow_the_transitions_of_a_status(app: TestApp) {
        let caller = app.coordinator();
        let pairs = || TRANSITIONS.iter().flat_map(|(from, next)| TRANSITIONS.iter().map(move |(to, _)| (*from, *next, *to)));
        let parties = "lead:utility:hamburg-wasser;partner:utility:lvivvodokanal";
        let made = pairs().map(|(from, _, to)| format!("zxq-{from}-{to},Zxq,{parties},water,{from},2020,2030\n"));
        let file = "slug,title,participants,sectors,status,start,end\n".to_owned() + &made.collect::<String>();
        let done = import(&caller, "resource=partnerships", CSV, file).await;
        assert_eq!((counts(&done), &done["report"]["statuses"]["idea"]), ([36, 0, 0, 0, 0], &json!(6)), "{done:#}");

        let led = pairs().map(|(from, _, to)| format!("zxq-{from}-{to},{to}\n"));
        let done = upsert(&caller, "partnerships", &("slug,status\n".to_owned() + &led.collect::<String>())).await;
        let forbidden = pairs().zip(2..).filter(|((from, next, to), _)| from != to && !next.contains(to));
        let mut wanted: Vec<_> =
            forbidden.map(|(_, row)| format!("{row} status transition_not_allowed")).collect();
        let reopened = pairs().zip(2..).find(|((from, _, to), _)| (*from, *to) == ("completed", "active")).unwrap().1;
        wanted.push(format!("{reopened} status transition_needs"));
        wanted.sort();
        let mut found = faults(&done);
        found.sort();
        assert_eq!((found, counts(&done)[..3].to_vec()), (wanted, vec![0, 10, 6]));
        for (row, (from, next, to)) in (2..).zip(pairs()) {
            let at = format!("{PARTNERSHIPS}/zxq-{from}-{to}");
            let went = from == to || next.contains(&to) && row != reopened;
            assert_eq!(caller.get(&at).await.ok().json()["status"], if went { to } else { from });
            if from != to && went {
                let history = caller.get(&format!("{at}/transitions")).await.ok().json()["history"].clone();
                assert_eq!((&history[0]["from"], &history[0]["to"]), (&json!(from), &json!(to)));
            }
            if !next.contains(&to) && from != to {
                assert!(next.iter().all(|next| detail(&done, row).contains(&format!("`{next}`"))), "{done:#}");
            }
        }
    }

    /// The row may set what its new status requires. An empty cell does not reset a known status.
    async fn rows_have_to_meet_the_requirements_of_a_status(app: TestApp) {
        let caller = app.coordinator();
        let parties = "lead:utility:hamburg-wasser;partner:utility:lvivvodokanal";
        let file = format!(
            "slug,title,participants,sectors,status\nzxq-1,Zxq,{parties},water,preparation\nzxq-2,Zxq,{parties},water,preparation\n"
        );
        import(&caller, "resource=partnerships", CSV, file).await;
        let done = upsert(&caller, "partnerships", "slug,status\nzxq-1,active\nhamburg-ethekwini,suspended\nzxq-2,\n").await;
        assert_eq!(faults(&done), ["2 start required", "4 status transition_not_allowed"]);
        assert_eq!(counts(&done), [0, 1, 0, 2, 2]);
        let done = upsert(&caller, "partnerships", "slug,status,start\nzxq-1,active,2024\n").await;
        assert_eq!(counts(&done), [0, 1, 0, 0, 0]);
        // The same holds for members and sessions.
        let done = upsert(&caller, "members", "utility,status\nstadtentwaesserung-dresden,interested\n").await;
        assert_eq!(faults(&done), ["2 status transition_not_allowed"]);
        let session = published(&app, json!({"slug": "zxq"})).await;
        let done = upsert(&caller, "sessions", "slug,status\nzxq,draft\n").await;
        assert_eq!(faults(&done), ["2 status transition_not_allowed"]);
        assert_eq!(caller.get(&session).await.ok().json()["status"], "published");
    }

    async fn a_file_may_name_each_resource_only_once(app: TestApp) {
        let caller = app.coordinator();
        let file = "slug,name,kind\nzxq,Zxq,ngo\nbmz,Zxq,ministry\nzxq,Zxq two,ngo\nbmz,Zxq two,ministry\n";
        let done = upsert(&caller, "organisations", file).await;
        assert_eq!((faults(&done), counts(&done)), (vec!["4 slug duplicate".into(), "5 slug duplicate".into()], [1, 1, 0, 2, 2]));
        assert!(detail(&done, 4).contains("Row 2") && detail(&done, 5).contains("Row 3"), "{done:#}");
        assert_eq!(caller.get(&format!("{ORGANISATIONS}/zxq")).await.ok().json()["name"], "Zxq");
        // The same resource by a former slug and by its id, and a file with more rows than one batch.
        caller.patch(&format!("{ORGANISATIONS}/zxq"), "*", &json!({"slug": "zxq-new"})).await.ok();
        let id = caller.get(&format!("{ORGANISATIONS}/zxq")).await.ok().json()["id"].clone();
        let rows = json!([{ "slug": "zxq-new", "name": "One" }, { "slug": "zxq", "name": "Two" }, { "id": id, "name": "Three" }]);
        let query = "resource=organisations&mode=upsert&on_error=skip";
        let done = import(&caller, query, "application/json", rows.to_string()).await;
        assert_eq!((faults(&done), counts(&done)[1]), (vec!["2 /slug duplicate".into(), "3 /slug duplicate".into()], 1));
        let many = (0..450).map(|number| format!("many-{number},Many,ngo\n")).collect::<String>();
        let done = upsert(&caller, "organisations", &format!("slug,name,kind\n{many}many-7,Again,ngo\n")).await;
        assert_eq!((faults(&done), counts(&done)[0]), (vec!["452 slug duplicate".into()], 450));
        assert!(detail(&done, 452).contains("Row 9"), "{done:#}");
        // A row with a fault counts too.
        let done = upsert(&caller, "organisations", "slug,name,kind\nzxq-2,Zxq,beer\nzxq-2,Zxq,ngo\n").await;
        assert_eq!(faults(&done), ["2 kind unknown_value", "3 slug duplicate"]);
        // Contacts are identified by their address. Funding phases may be equal.
        let twice = "member,email,given_name,family_name,language\n\
            hamburg-wasser,zxq@zxq.example,A,B,de\nhamburg-wasser,ZXQ@zxq.example,C,D,de\n";
        let done = upsert(&caller, "member-contacts", twice).await;
        assert_eq!((faults(&done), counts(&done)[0]), (vec!["3 - duplicate".into()], 1));
    }

    /// Rows are compared with the sub-resources that were there, and with those of earlier batches of the same file.
    async fn sub_resources_are_found_in_files_with_several_batches(app: TestApp) {
        let caller = app.coordinator();
        let contact = |number: usize| format!("hamburg-wasser,zxq-{number}@zxq.example,A,B,de\n");
        let head = "member,email,given_name,family_name,language\n";
        let many = head.to_owned() + &(0..450).map(contact).collect::<String>();
        // The same member by another key, and the same address in capital letters.
        let member = caller.get("/api/v1/members/hamburg-wasser").await.ok().json()["id"].clone();
        let again = format!("{many}{},ZXQ-7@zxq.example,C,D,de\n", member.as_str().unwrap());
        let done = upsert(&caller, "member-contacts", &again).await;
        assert_eq!((faults(&done), counts(&done)[0]), (vec!["452 - duplicate".into()], 450));
        let done = upsert(&caller, "member-contacts", &many).await;
        assert_eq!(counts(&done), [0, 0, 450, 0, 0], "{done:#}");
        let changed = many.replace("zxq-449@zxq.example,A", "zxq-449@zxq.example,New");
        let done = upsert(&caller, "member-contacts", &changed).await;
        assert_eq!(counts(&done), [0, 1, 449, 0, 0], "{done:#}");
    }

    /// A slug is a key. Only a row with an `id` can change the slug.
    async fn a_former_slug_does_not_rename_the_resource(app: TestApp) {
        let caller = app.coordinator();
        let made = create(&caller, ORGANISATIONS, &json!({"slug": "zxq-old", "name": "Zxq", "kind": "ngo"})).await.json();
        let path = format!("{ORGANISATIONS}/{}", made["id"].as_str().unwrap());
        caller.patch(&path, "*", &json!({"slug": "zxq-new"})).await.ok();
        let done = upsert(&caller, "organisations", "slug,name\nzxq-old,Zxq two\n").await;
        assert_eq!((counts(&done), &done["report"]["changes"][0]["slug"]), ([0, 1, 0, 0, 0], &json!("zxq-new")), "{done:#}");
        let read = caller.get(&path).await.ok().json();
        assert_eq!((&read["slug"], &read["name"]), (&json!("zxq-new"), &json!("Zxq two")));
        let rows = json!([{ "id": made["id"], "slug": "zxq-newest" }]).to_string();
        let query = "resource=organisations&mode=upsert";
        let done = import(&caller, query, "application/json", rows).await;
        assert_eq!(counts(&done), [0, 1, 0, 0, 0], "{done:#}");
        assert_eq!(caller.get(&path).await.ok().json()["slug"], "zxq-newest");
    }

    async fn conflicts_are_reported_with_their_column(app: TestApp) {
        let caller = app.coordinator();
        let done = upsert(&caller, "utilities", "slug,visibility\nhamburg-wasser,internal\n").await;
        assert_eq!(faults(&done), ["2 visibility conflicts_with_dependents"]);
        assert!(detail(&done, 2).contains("partnership `hamburg-"), "{done:#}");
        let done = upsert(&caller, "utilities", "slug,kind,country\nlvivvodokanal,municipal,DE\n").await;
        assert_eq!(faults(&done), ["2 kind conflicts_with_dependents"], "{done:#}");
        let session = published(&app, json!({"slug": "zxq", "capacity": 3})).await;
        let person = |name: &str| json!({
            "member": "hamburg-wasser", "name": name, "email": format!("{name}@zxq.example"), "attendance": "online"
        });
        for name in ["a", "b"] {
            location(&create(&caller, &format!("{session}/registrations"), &person(name)).await);
        }
        let done = upsert(&caller, "sessions", "slug,capacity\nzxq,1\n").await;
        assert_eq!(faults(&done), ["2 capacity seats_taken"]);
        assert!(detail(&done, 2).contains("2 seats"), "{done:#}");
        let head = "session,member,name,email,attendance\n";
        let row = |name: &str| format!("zxq,hamburg-wasser,{name},{name}@zxq.example,online\n");
        let query = "resource=session-registrations&on_error=skip";
        let done = import(&caller, query, CSV, format!("{head}{}{}", row("a"), row("c"))).await;
        assert_eq!((faults(&done), counts(&done)[0]), (vec!["2 email already_registered".into()], 1));
        caller.patch(&session, "*", &json!({"waiting_list": false})).await.ok();
        let done = import(&caller, query, CSV, format!("{head}{}", row("d"))).await;
        assert_eq!(faults(&done), ["2 session session_full"]);
        let done = upsert(&caller, "member-contacts", "member,email,given_name,family_name,language,is_primary\n\
            berliner-wasserbetriebe,a@zxq.example,A,B,de,true\nberliner-wasserbetriebe,b@zxq.example,A,B,de,true\n").await;
        assert_eq!(faults(&done), ["3 is_primary primary_exists"]);
        // A row with a fault changes nothing.
        assert_eq!(caller.get(&format!("{UTILITIES}/hamburg-wasser")).await.ok().json()["visibility"], "public");
    }

    async fn a_row_that_moves_a_session_is_mailed_once_to_everybody_who_is_registered(app: TestApp) {
        let caller = app.coordinator();
        let session = published(&app, json!({"slug": "zxq", "capacity": 2})).await;
        let other = published(&app, json!({"slug": "zxq-other"})).await;
        let person = |name: &str| json!({
            "member": "hamburg-wasser", "name": name, "email": format!("{name}@zxq.example"), "attendance": "online"
        });
        let mut paths = Vec::new();
        for (session, name) in [(&session, "gone"), (&session, "anna"), (&session, "bert"), (&session, "carl"), (&other, "dora")] {
            paths.push(location(&create(&caller, &format!("{session}/registrations"), &person(name)).await));
        }
        caller.post(&format!("{}/transitions", paths[0]), &json!({"to": "cancelled"})).await.ok();
        let mails = async || {
            let mails = ask(&app, "SELECT \"to\" || ' ' || subject FROM mail ORDER BY \"to\", id").await;
            ask(&app, "DELETE FROM mail RETURNING subject").await;
            mails
        };
        mails().await;
        // The second row changes nothing that is mailed.
        let file = "slug,starts_on,title\nzxq,2040-06-13,Zxq\nzxq-other,2040-06-12,Zxq too\n";
        let query = "resource=sessions&mode=upsert&dry_run=true";
        let plan = import(&caller, query, CSV, file).await;
        assert_eq!((counts(&plan), mails().await), ([0, 2, 0, 0, 0], Vec::new()), "{plan:#}");
        commit(&caller, &plan).await.ok();
        let moved = ["anna", "bert", "carl"].map(|name| format!("{name}@zxq.example Geändert: Zxq"));
        assert_eq!(mails().await, moved);
        // The same file again changes nothing.
        assert_eq!(counts(&upsert(&caller, "sessions", file).await), [0, 0, 2, 0, 0]);
        assert!(mails().await.is_empty());
    }

    /// A dry run assigns the same seats as the commit.
    async fn the_dry_run_reports_who_gets_a_seat(app: TestApp) {
        let caller = app.coordinator();
        let session = published(&app, json!({"slug": "zxq", "capacity": 1})).await;
        let people = |status: &str| {
            let row = |number| format!("zxq,hamburg-wasser,P{number},p{number}@zxq.example,online,{status}\n");
            "session,member,name,email,attendance,status\n".to_owned() + &(0..5).map(row).collect::<String>()
        };
        let named = "resource=session-registrations&dry_run=true&on_error=skip";
        let plan = still(&app, async || import(&caller, named, CSV, people("registered")).await).await;
        let expected: Vec<_> = (3..7).map(|row| format!("{row} status session_full")).collect();
        assert_eq!((faults(&plan), &plan["report"]["statuses"]), (expected, &json!({"registered": 1})));
        let query = "resource=session-registrations&dry_run=true";
        let plan = still(&app, async || import(&caller, query, CSV, people("")).await).await;
        assert_eq!((counts(&plan), &plan["report"]["statuses"]), ([5, 0, 0, 0, 0], &json!({"registered": 1, "waitlisted": 4})));
        let committed = commit(&caller, &plan).await.ok().json();
        assert_eq!(committed["report"], plan["report"]);
        let counted = caller.get(&session).await.ok().json()["counts"].clone();
        assert_eq!(counted, json!({"registered": 1, "waitlisted": 4, "attended": 0}));
        // A row cannot move a registration from the waiting list to a seat.
        let waits = "session,member,name,email,attendance,status\nzxq,hamburg-wasser,P1,p1@zxq.example,online,registered\n";
        let done = upsert(&caller, "session-registrations", waits).await;
        assert_eq!(faults(&done), ["2 status transition_not_allowed"]);
    }
}
