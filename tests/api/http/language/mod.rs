//! English and German, by `Accept-Language`: problems, their documentation, and the front page.

mod problems;

use std::collections::BTreeSet;

use reqwest::{Method, RequestBuilder};
use vku_domain::kernel::error::Code;

use super::vary;
use crate::harness::{Caller, Response, on_both};

/// Words that occur in no German sentence.
const ENGLISH: &str = "the is are of see and must expected found there allowed needs send no this that not or at most \
    least with without which here be it its to by on has have than such as between did you mean required lies written \
    may would cannot only once twice";

/// The words of a text, in lower case. Names in backticks are skipped, because they are the same in both languages.
fn words(text: &str) -> BTreeSet<String> {
    let spoken = text.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    spoken.split(|letter: char| !letter.is_alphabetic()).map(str::to_lowercase).collect()
}

fn no_english(text: &str) {
    let words = words(text);
    let english = ENGLISH.split_whitespace().find(|word| words.contains(*word));
    assert_eq!(english, None, "{text}");
}

async fn in_language(caller: &Caller, request: &RequestBuilder, languages: &str) -> Response {
    caller.send(request.try_clone().unwrap().header("Accept-Language", languages)).await
}

on_both! {
    async fn the_preferred_language_is_used(app: TestApp) {
        let anyone = app.anonymous();
        let request = anyone.request(Method::GET, "/nowhere");
        for (languages, locale) in [
            ("de-CH, fr;q=0.9", "de"),
            ("en;q=0.8, de;q=0.9", "de"),
            ("en-GB, de", "en"),
            ("de;q=0", "en"),
            ("*", "en"),
            ("uk, de;q=0.1", "de"),
            ("nonsense;;q", "en"),
        ] {
            let answer = in_language(&anyone, &request, languages).await;
            assert_eq!(answer.header("content-language"), locale, "{languages}");
            let title = if locale == "de" { "Nicht gefunden" } else { "Not found" };
            assert_eq!(answer.problem(404, "not_found")["title"], title);
        }
        assert_eq!(anyone.get("/nowhere").await.problem(404, "not_found")["title"], "Not found");
    }

    async fn every_problem_is_documented_in_both_languages(app: TestApp) {
        let anyone = app.anonymous();
        for code in Code::ALL {
            let request = anyone.request(Method::GET, &format!("/problems/{}", code.as_str()));
            let [german, english] = [
                in_language(&anyone, &request, "de").await.ok(),
                in_language(&anyone, &request, "en").await.ok(),
            ];
            for (answer, locale) in [(&german, "de"), (&english, "en")] {
                assert_eq!(answer.header("content-language"), locale);
                assert!(vary(answer).contains(&"accept-language".into()));
            }
            let (german, english) = (german.json(), english.json());
            assert_eq!((&german["code"], &german["status"]), (&english["code"], &english["status"]));
            for member in ["title", "description"] {
                assert_ne!(german[member], english[member]);
                no_english(german[member].as_str().unwrap());
            }
        }
    }

    async fn the_front_page_is_available_in_both_languages(app: TestApp) {
        let anyone = app.anonymous();
        for (path, languages, locale, text) in [
            ("/", "de, en;q=0.5", "de", "Wer mit wem arbeitet"),
            ("/", "en, de;q=0.5", "en", "Available data"),
            ("/", "fr", "en", "Available data"),
            ("/?lang=de", "en", "de", "Wer mit wem arbeitet"),
            ("/?lang=en", "de", "en", "Available data"),
        ] {
            let request = anyone.request(Method::GET, path).header("Accept", "text/html");
            let page = in_language(&anyone, &request, languages).await.ok();
            assert_eq!(page.header("content-language"), locale, "{path} {languages}");
            let vary = vary(&page);
            assert!(vary.contains(&"accept".into()) && vary.contains(&"accept-language".into()), "{vary:?}");
            assert!(page.header("content-security-policy").contains("default-src 'none'"));
            let other = if locale == "de" { "en" } else { "de" };
            for part in [format!("<html lang=\"{locale}\">"), format!("href=\"/?lang={other}\""), text.to_owned()] {
                assert!(page.text().contains(&part), "{part}");
            }
            assert!(page.text().contains(":focus-visible") && !page.text().contains("{style}"));
            if locale == "de" {
                let text = page.text();
                let body = text.split("<body>").nth(1).unwrap();
                // Titles of sessions stay in the language in which they were written.
                let (above, list) = body.split_once("<ul class=\"sessions\">").unwrap();
                let body = format!("{above}{}", list.split_once("</ul>").unwrap().1);
                let spoken = body.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text);
                no_english(&spoken.filter(|text| !text.contains('/')).collect::<Vec<_>>().join(" "));
            }
        }
        // The JSON index is the same in both languages.
        let request = anyone.request(Method::GET, "/");
        let [german, english] = ["de", "en"].map(|locale| in_language(&anyone, &request, locale));
        assert_eq!(german.await.ok().json(), english.await.ok().json());
    }
}
