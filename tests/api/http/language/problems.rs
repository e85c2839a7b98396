//! Every problem is available in both languages, with the same codes and pointers.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{in_language, no_english};
use crate::api::fixtures::{
    DRESDEN, FUNDING, PARTNERSHIPS, UTILITIES, assert_nothing_written, merged, municipal, participant,
    partnership,
};
use crate::api::http::vary;
use crate::harness::{Caller, TestApp, on_both};

/// The parts of a problem that do not depend on the language.
fn same(problem: &Value) -> Value {
    let mut same = merged(problem, &json!({"title": null, "detail": null, "request_id": null}));
    if let Some(faults) = same.get_mut("errors").and_then(Value::as_array_mut) {
        faults.iter_mut().for_each(|fault| *fault = merged(fault, &json!({"detail": null})));
    }
    same
}

/// All texts of a problem.
fn sentences(problem: &Value) -> Vec<String> {
    let faults = problem["errors"].as_array().into_iter().flatten().map(|fault| &fault["detail"]);
    [&problem["title"], &problem["detail"]]
        .into_iter()
        .chain(faults)
        .map(|it| it.as_str().unwrap().into())
        .collect()
}

/// Asserts that the problem is available in both languages. The German one has to contain these texts.
async fn assert_bilingual(caller: &Caller, request: RequestBuilder, status: u16, code: &str, texts: &[&str]) {
    let mut problems = Vec::new();
    for (languages, locale) in [("de", "de"), ("en", "en"), ("fr", "en")] {
        let answer = in_language(caller, &request, languages).await;
        assert_eq!(answer.header("content-language"), locale, "{code}");
        assert!(vary(&answer).contains(&"accept-language".into()), "{code}");
        problems.push(answer.problem(status, code));
    }
    let [german, english, usual] = problems.try_into().unwrap();
    assert_eq!(same(&german), same(&english));
    assert_eq!(sentences(&usual), sentences(&english));
    let (german, english) = (sentences(&german), sentences(&english));
    for (de, en) in german.iter().zip(&english) {
        assert_ne!(de, en);
        no_english(de);
    }
    for text in texts {
        assert!(german.iter().any(|it| it.contains(text)), "{text}: {german:#?}");
    }
}

/// Requests that are refused, with the expected problem and some of its German texts.
fn refused(app: &TestApp) -> Vec<(RequestBuilder, u16, &'static str, &'static [&'static str])> {
    let (anyone, staff) = (app.anonymous(), app.coordinator());
    let get = |caller: &Caller, path: &str| caller.request(Method::GET, path);
    let post = |path: &str, body: Value| staff.request(Method::POST, path).json(&body);
    let patch = |caller: &Caller, path: &str, tag: &str, body: Value| {
        caller.request(Method::PATCH, path).header("If-Match", tag).json(&body)
    };
    let raw = |media: &str, body: String| {
        staff.request(Method::POST, UTILITIES).header("Content-Type", media).body(body)
    };
    let login = json!({"email": "nobody@demo.example", "password": "demo-partnerships"});
    let transitions = format!("{DRESDEN}/transitions");
    let (dresden, lviv) = ("/api/v1/utilities/stadtentwaesserung-dresden", "/api/v1/utilities/lvivvodokanal");
    vec![
        (
            get(&anyone, "/api/v1/partnerships?sektor=water&limit=0&count=yes&start_from=2023-13"),
            400,
            "invalid_parameters",
            &["Meinten Sie `sector`? Erlaubt: ", "ganze Zahl von 1 bis 200", "`2023-13` gibt es nicht"],
        ),
        (
            get(&anyone, "/api/v1/partnerships?cursor=x&sort=title,title&format=json&format=csv"),
            400,
            "invalid_parameters",
            &["`title` ist doppelt genannt.", "darf nur einmal angegeben werden."],
        ),
        (get(&anyone, "/api/v1/partnerships?format=pdf"), 400, "invalid_parameters", &["Ein solches Format"]),
        (
            get(&anyone, "/api/v1/partnerships?cursor=x"),
            400,
            "invalid_parameters",
            &["Der Cursor wurde verändert"],
        ),
        (get(&anyone, "/?lang=fr"), 400, "invalid_parameters", &["`fr` ist nicht bekannt."]),
        (raw("application/json", "{\"name\": ".into()), 400, "malformed_json", &["in Zeile 1, Spalte"]),
        (
            patch(&staff, DRESDEN, "3", json!({})),
            400,
            "bad_request",
            &["`*` oder eine Liste von Entity-Tags"],
        ),
        (get(&anyone, "/api/v1/me"), 401, "unauthenticated", &["Das verlangt ein Konto."]),
        (
            get(&anyone.with_token("x"), "/api/v1/me"),
            401,
            "invalid_token",
            &["Holen Sie ein neues Access-Token."],
        ),
        (
            post("/api/v1/auth/token", login),
            401,
            "invalid_credentials",
            &["E-Mail-Adresse oder Passwort ist falsch."],
        ),
        (
            app.reader().request(Method::POST, UTILITIES).json(&municipal("X")),
            403,
            "forbidden",
            &["Die Rolle `reader` darf das hier nicht."],
        ),
        (
            patch(&app.member(), dresden, "*", json!({"kind": "partner", "slug": "x"})),
            403,
            "forbidden",
            &["dürfen Sie nicht schreiben", "`kind` wird von der Rolle `member` nicht geschrieben."],
        ),
        (get(&anyone, "/nowhere"), 404, "not_found", &["Nicht gefunden", "Hier ist nichts"]),
        (staff.request(Method::PUT, DRESDEN), 405, "method_not_allowed", &["`PUT` gibt es hier nicht"]),
        (
            get(&anyone, PARTNERSHIPS).header("Accept", "image/png"),
            406,
            "not_acceptable",
            &["In `allowed` steht"],
        ),
        (
            post(UTILITIES, merged(&municipal("X"), &json!({"slug": "oowv"}))),
            409,
            "slug_taken",
            &["Der Slug `oowv` ist vergeben."],
        ),
        (
            staff.request(Method::DELETE, lviv).header("If-Match", "*"),
            409,
            "has_dependents",
            &["Anderes verweist darauf"],
        ),
        (
            patch(&staff, lviv, "*", json!({"visibility": "internal"})),
            409,
            "conflicts_with_dependents",
            &["Woran es beteiligt ist"],
        ),
        (
            post(&transitions, json!({"to": "idea"})),
            409,
            "transition_not_allowed",
            &["Von `active` führt kein Weg"],
        ),
        (
            patch(&staff, DRESDEN, "*", json!({"status": "idea"})),
            409,
            "status_by_transition",
            &["Verwenden Sie `POST"],
        ),
        (
            staff.request(Method::POST, &format!("{DRESDEN}/restore")),
            409,
            "not_deleted",
            &["Es ist nicht gelöscht."],
        ),
        (
            patch(&staff, DRESDEN, "\"999-x\"", json!({})),
            412,
            "precondition_failed",
            &["Das Tag gehört zu etwas anderem"],
        ),
        (
            raw("application/json", " ".repeat((1 << 20) + 1)),
            413,
            "payload_too_large",
            &["Der Body ist zu groß"],
        ),
        (
            raw("text/plain", "{}".into()),
            415,
            "unsupported_media_type",
            &["Senden Sie den Body mit `Content-Type: "],
        ),
        (staff.request(Method::DELETE, DRESDEN), 428, "precondition_required", &["Senden Sie `If-Match`"]),
    ]
}

on_both! {
    async fn problems_of_every_kind_are_bilingual(app: TestApp) {
        let anyone = app.anonymous();
        assert_nothing_written(&app, async || {
            for (request, status, code, texts) in refused(&app) {
                assert_bilingual(&anyone, request, status, code, texts).await;
            }
        })
        .await;
    }

    async fn validation_errors_are_bilingual(app: TestApp) {
        let staff = app.coordinator();
        let figure = json!({"value": -1, "as_of": "2023-13", "source_url": "example.org", "unit": "people"});
        let utility = json!({
            "name": "", "kind": "municipl", "country": "XX", "sectors": "water", "languages": ["xx", 5],
            "location": {"latitude": 91}, "population_served": figure, "employees": {"value": true},
            "description": {"de": "\u{7}"}, "website": "https://a:b@example.org", "slug": "Ä", "city": null,
            "legal_form": "x".repeat(301), "id": "x", "colour": "red", "climate_zone": "cfb", "region": {}
        });
        let partnership = merged(&partnership("X"), &json!({
            "participants": [
                participant("lead", "hamburg-wasser"), participant("lead", "oowv"), participant("partner", "oowv"),
                participant("partner", "nobody"), {"role": "lead", "party": {"utility": {}}}, {"party": {"person": "x"}}
            ],
            "sectors": ["water", "water"], "start": "2024", "end": "2023", "sdg_targets": ["6.99"],
            "summary": {}, "source_url": "x".repeat(2001)
        }));
        let amount = |amount: Value, currency: &str| {
            json!({"kind": "grant", "programme": 5, "amount": {"amount": amount, "currency": currency}})
        };
        assert_nothing_written(&app, async || {
            for (path, body, texts) in [
                (UTILITIES, utility, vec![
                    "Darf nicht leer sein.", "`municipl` ist nicht bekannt. Meinten Sie `municipal`?",
                    "`XX` ist kein Ländercode", "Erwartet: Liste, gefunden: Text.", "`xx` ist kein Sprachcode",
                    "Erwartet: Text, gefunden: ganze Zahl.", "Muss zwischen -90 und 90 Grad liegen, gefunden: 91.",
                    "`longitude` ist erforderlich.", "liegen, gefunden: -1.", "Ein Datum `2023-13` gibt es nicht.",
                    "vollständige Web-Adresse", "Ein Feld `unit` gibt es nicht. Erlaubt: `value`, `as_of`",
                    "gefunden: Wahrheitswert.", "Keine Steuerzeichen", "Lassen Sie Benutzernamen und Passwort",
                    "Kleinbuchstaben", "Höchstens 300 Zeichen, gefunden: 301.", "Ein Feld `colour` gibt es nicht.",
                    "`id` wird nicht von Aufrufenden geschrieben.", "Meinten Sie `Cfb`?", "gefunden: Objekt.",
                ]),
                (UTILITIES, json!({}), vec!["`name` ist erforderlich."]),
                (UTILITIES, json!([]), vec!["Erwartet: Objekt."]),
                (UTILITIES, merged(&municipal("X"), &json!({"country": "UA", "sectors": []})), vec![
                    "Ein kommunales Unternehmen (`municipal`)", "Mindestens ein Eintrag ist erforderlich.",
                ]),
                (PARTNERSHIPS, partnership, vec![
                    "Das ist doppelt genannt.", "`2023` liegt vor dem Beginn, `2024`.", "ist kein Unterziel",
                    "mindestens einer Sprache", "Höchstens 2000 Zeichen", "`nobody` gibt es nicht",
                    "`id` oder `slug` ist erforderlich.", "Ein Feld `person` gibt es nicht.", "zwei Federführende",
                    "Ein deutsches Unternehmen ist kein Partnerunternehmen",
                ]),
                (FUNDING, amount(json!("1.000,00"), "EURO"), vec![
                    "keine Tausendertrennzeichen", "`EURO` ist kein Währungscode",
                    "Erwartet: ID, Slug oder Referenzobjekt, gefunden: etwas anderes.",
                ]),
                (FUNDING, amount(json!(5), "EUR"), vec!["Zahlen in JSON"]),
                (FUNDING, amount(json!("-5"), "EUR"), vec!["darf nicht negativ sein"]),
                (FUNDING, amount(json!("0.001"), "EUR"), vec!["Beträge in EUR haben höchstens 2 Nachkommastellen."]),
            ] {
                let request = staff.request(Method::POST, path).json(&body);
                assert_bilingual(&staff, request, 422, "validation_failed", &texts).await;
            }
        })
        .await;
    }
}
