//! HTTP as the RFCs and the conventions have it: representations, conditions, every path with every method.

mod condition;
mod language;
mod path;
mod representation;
mod security_txt;

use crate::harness::Answer;

/// The words of all `Vary` headers, in lower case.
fn vary(answer: &Answer) -> Vec<String> {
    let values =
        answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap().to_ascii_lowercase());
    values.flat_map(|value| value.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>()).collect()
}
