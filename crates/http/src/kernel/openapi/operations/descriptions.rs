//! The ids, summaries and descriptions of operations.

use vku_domain::kernel::access::actor::{Action, Grant, Role};
use vku_domain::kernel::bilingual::format_thousands;
use vku_domain::kernel::resource::lifecycle::State;
use vku_domain::kernel::resource::projection::MemberTree;
use vku_persistence::kernel::table::Parent;
use vku_persistence::kernel::write::dependents::may_have_dependents;
use vku_transfer::export::XlsxLimits;

use crate::kernel::resource::ResourceApi;
use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::operation::Operation::{
    Create, Delete, Get, History, List, Restore, Transition, Transitions, Update,
};

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
            Update => format!("Update {one}"),
            Delete => format!("Delete {one}"),
            Restore => format!("Restore {one}"),
            History => format!("Get the history of {one}"),
            Transitions => format!("Get the transitions of {one}"),
            Transition => format!("Change the status of {one}"),
        }
    }

    pub(super) fn description<T: ResourceApi>(self) -> String {
        let noun = T::noun();
        let general = match self {
            List => format!(
                "Returns one page of {many}; follow `next` for the next page. {FIELDS} Repeat a filter to match any of \
                 several values; different filters must all match. Resources that you may not see are left out. In any `format` \
                 other than `json` (or with the corresponding `Accept`), the response is a file with all matching rows, read at one \
                 instant. XLSX files have a row limit ({rows} by default); above the limit the response is 400.",
                many = T::PLURAL,
                rows = format_thousands(XlsxLimits::ROWS),
            ),
            Create => {
                let references = if refers::<T>() { REFERENCES } else { "" };
                format!(
                    "Returns the created {noun} with the `ETag`, and the path in `Location`.{references} \
                     With `dry_run=true`, the request is checked and answered as usual, but nothing is written."
                )
            }
            Get => {
                let key = match (has_slug::<T>(), T::IMMUTABLE_FIELDS.contains(&"slug")) {
                    (true, false) => "id or slug; a former slug also works",
                    (true, true) => "id or slug",
                    (false, _) => "id",
                };
                format!(
                    "Returns the {noun} with this {key}. {FIELDS} The `ETag` of any representation of the {noun} is valid in \
                     `If-Match`. Send the `ETag` in `If-None-Match` to get 304 if nothing has changed."
                )
            }
            Update => format!(
                "Changes the {noun} with a JSON Merge Patch (RFC 7396): send only the fields that change, and `null` to \
                 clear one. `If-Match` takes the `ETag` of the version that the change is based on; `*` overwrites any \
                 version. You may also send back everything that you have read: fields that cannot be written are accepted \
                 if they are unchanged."
            ),
            Delete => {
                let (office, conflict) =
                    (restorers::<T>(), if may_have_dependents::<T>() { DEPENDENTS } else { "" });
                format!(
                    "Deletes the {noun}. Only {office} can still read and restore deleted resources.{conflict}"
                )
            }
            Restore => format!(
                "Restores the deleted {noun} with the last content. Returns 409 if there is nothing to restore, or if a referenced \
                 resource is missing."
            ),
            History => format!(
                "Returns the changes to the {noun}, newest first, one page at a time: what was done and which fields changed. \
                 Only what you could see at that time is included, without data that you may not see now."
            ),
            Transitions => format!(
                "Returns the statuses that you may set for the {noun} now, and the history of the status, oldest first."
            ),
            Transition => format!(
                "Changes the status of the {noun}. `PATCH` cannot change the status. Returns 409 for a transition that the \
                 state machine does not allow, with the allowed statuses in `allowed`."
            ),
        };
        let ways = if self == Transition { ways::<T>() } else { String::new() };
        let paragraphs = [&*general, T::extra_description(self), &ways];
        paragraphs.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n\n")
    }
}

/// The effect of `fields`.
const FIELDS: &str = "`fields` selects the fields to return, and may leave out required ones; a JSON response \
                      then has the media type `application/vnd.vku.sparse+json`.";

/// How a request body refers to other resources.
const REFERENCES: &str =
    " Other resources are referred to by id or slug, or by the reference object that `GET` returns.";

/// What a deletion returns if other resources refer to the resource.
const DEPENDENTS: &str = " Returns 409 with a list of dependents if other resources refer to this one.";

/// Whether paths accept a slug: that of the resource, or of the resource that it is named after.
pub(super) fn has_slug<T: ResourceApi>() -> bool {
    T::SLUG.is_some() || T::DERIVED.contains(&"slug")
}

/// Whether a request body can refer to other resources.
fn refers<T: ResourceApi>() -> bool {
    let parent = <T::Parent as Parent>::NAME;
    MemberTree::of::<T>()
        .expansions
        .iter()
        .any(|it| parent != Some(it.member()) && !T::DERIVED.contains(&it.member()))
}

/// Who can read and restore deleted resources.
pub(super) fn restorers<T: ResourceApi>() -> &'static str {
    match T::POLICY.grant(Role::Coordinator, Action::Restore) {
        Grant::Never => "administrators",
        Grant::Own | Grant::All => "the coordination office",
    }
}

/// The transitions that the state machine allows.
fn ways<T: ResourceApi>() -> String {
    let way = |from: &T::Status| {
        let words: Vec<_> = from.next().iter().map(|state| format!("`{}`", state.word())).collect();
        match words.is_empty() {
            true => format!("- `{}` is final", from.word()),
            false => format!("- `{}` → {}", from.word(), words.join(", ")),
        }
    };
    let ways: Vec<_> = T::Status::STATES.iter().map(way).collect();
    format!("Allowed transitions:\n\n{}", ways.join("\n"))
}

/// The names in operation ids, singular and plural.
pub(super) fn names<T: ResourceApi>() -> (String, String) {
    let plural = T::PATH.replace('-', "_");
    match <T::Parent as Parent>::NAME {
        Some(parent) => (format!("{parent}_{}", T::NAME), format!("{parent}_{plural}")),
        None => (T::NAME.to_owned(), plural),
    }
}
