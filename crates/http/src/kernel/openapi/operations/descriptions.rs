//! What an operation is called and what is said of it.

use vku_domain::kernel::lifecycle::State;
use vku_persistence::kernel::table::Parent;

use super::Operation::{self, Create, Delete, Get, History, List, Restore, Transition, Transitions, Update};
use crate::kernel::resource::ResourceApi;

impl Operation {
    pub(super) fn id<T: ResourceApi>(self) -> String {
        let (one, many) = names::<T>();
        match self {
            List => format!("list_{many}"),
            Create => format!("create_{one}"),
            Get => format!("get_{one}"),
            Update => format!("update_{one}"),
            Delete => format!("delete_{one}"),
            Restore => format!("restore_{one}"),
            History => format!("get_{one}_history"),
            Transitions => format!("get_{one}_transitions"),
            Transition => format!("transition_{one}"),
        }
    }

    pub(super) fn summary<T: ResourceApi>(self) -> String {
        let (one, many) = (T::SINGULAR, T::PLURAL);
        match self {
            List => format!("List {many}"),
            Create => format!("Create {one}"),
            Get => format!("Get {one}"),
            Update => format!("Change {one}"),
            Delete => format!("Delete {one}"),
            Restore => format!("Restore {one}"),
            History => format!("Get the history of {one}"),
            Transitions => format!("Get the transitions of {one}"),
            Transition => format!("Lead {one} into another status"),
        }
    }

    pub(super) fn description<T: ResourceApi>(self) -> String {
        let general = match self {
            List => {
                "A page at a time: follow `next`. `fields` leaves members out, also such as are always there \
                 otherwise; the answer is of another media type then. Repeat a filter for *any of*; different filters mean *all of*. \
                 What you may not see is not there. In any other `format` than `json` (or by `Accept`) you get all rows \
                 of one instant at once, as a file; a sheet (`xlsx`) has a largest number of rows, above which it is 400."
            }
            Create => {
                "Answers with what was made, its `ETag` and where it is. Relations are given by id or slug. With \
                 `dry_run=true` everything is checked, nothing is written, and the answer is what would be."
            }
            Get => {
                "By id or slug; a former slug still leads to it. `fields` leaves members out, also such as are \
                 always there otherwise; the answer is of another media type then. The `ETag` of any view of it does for `If-Match`. Send `If-None-Match` with the `ETag` for a 304."
            }
            Update => {
                "A JSON Merge Patch (RFC 7396): send only what changes, `null` to clear a member. `If-Match` takes \
                 the `ETag` that the change is based on; `*` overwrites whatever is there. What you read may be sent \
                 back whole."
            }
            Delete => {
                "It is gone for everybody but the coordination office, which can restore it. As long as others \
                 refer to it, it stays: 409 names them."
            }
            Restore => "Brings a deleted one back as it was. What it refers to has to be there.",
            History => {
                "What became of it, newest first, a page at a time: what was done, and what that changed, member by \
                 member. It shows what you could see then, without what you may not see now."
            }
            Transitions => "Where it stands, where you may lead it now, and the ways that it has taken.",
            Transition => {
                "A status is changed in no other way. What the state machine forbids is 409 and names what it allows."
            }
        };
        let ways = if self == Transition { ways::<T>() } else { String::new() };
        let paragraphs = [general, T::extra_description(self), &ways];
        paragraphs.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n\n")
    }
}

/// What the state machine allows.
fn ways<T: ResourceApi>() -> String {
    let words = |states: &[T::Status]| {
        let words: Vec<_> = states.iter().map(|state| format!("`{}`", state.word())).collect();
        if words.is_empty() { "nowhere".to_owned() } else { words.join(", ") }
    };
    let ways = T::Status::STATES.iter().map(|from| format!("- `{}` to {}", from.word(), words(from.next())));
    ways.collect::<Vec<_>>().join("\n")
}

/// The names that operation ids are made of, in the singular and in the plural.
pub(super) fn names<T: ResourceApi>() -> (String, String) {
    let plural = T::PATH.replace('-', "_");
    match <T::Parent as Parent>::NAME {
        Some(parent) => (format!("{parent}_{}", T::NAME), format!("{parent}_{plural}")),
        None => (T::NAME.to_owned(), plural),
    }
}
