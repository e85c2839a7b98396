//! The ids, summaries and descriptions of operations.

use vku_domain::kernel::access::actor::{Action, Grant, Role};
use vku_domain::kernel::bilingual::format_thousands;
use vku_persistence::kernel::write::dependents::may_have_dependents;
use vku_transfer::export::XlsxLimits;

use crate::kernel::openapi::resource_document::ResourceDocument;
use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::operation::Operation::{
    Create, Delete, Get, History, List, ListAll, Restore, Transition, Transitions, Update,
};

impl Operation {
    pub(super) fn id(self, resource: &ResourceDocument) -> String {
        let (one, many) = names(resource);
        match self {
            List => format!("list_{many}"),
            ListAll => format!("list_all_{many}"),
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

    pub(super) fn summary(self, resource: &ResourceDocument) -> String {
        let (one, many) = (resource.singular, resource.plural);
        match self {
            List => format!("List {many}"),
            ListAll => format!("List {many} of all {}", parents(resource)),
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

    pub(super) fn description(self, resource: &ResourceDocument) -> String {
        let noun = resource.noun();
        let general = match self {
            List => format!("Returns one page of {}; {}", resource.plural, list()),
            ListAll => format!(
                "A table for analyses: the {many} of all {parents}, each with its {parent}. It contains exactly the rows that \
                 you can see in the lists below the {parents}; make changes there. Filters that begin with `{parent}.` are \
                 those of the list of {parents}: `{parent}.updated_since` selects by the {parent}. The response is one page; \
                 {list}",
                many = resource.plural,
                parent = resource.info.parent.unwrap_or_default(),
                parents = parents(resource),
                list = list(),
            ),
            Create => {
                let references = if has_references(resource) { REFERENCES } else { "" };
                format!(
                    "Returns the created {noun}, its `ETag`, and its path in `Location`.{references} \
                     With `dry_run=true`, the request is checked and answered as usual, but nothing is written."
                )
            }
            Get => {
                let key = match (resource.has_slug(), resource.immutable_fields.contains(&"slug")) {
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
                "Changes the {noun} with a JSON Merge Patch (RFC 7396): send only the fields that change, and \
                 `null` to clear one. `If-Match` takes the `ETag` of the version that the change is based on; `*` \
                 overwrites any version. You can also send back everything that you have read: fields that cannot \
                 be written are accepted if they are unchanged."
            ),
            Delete => {
                let office = restorers(resource);
                let conflict = if may_have_dependents(resource.info.name) { DEPENDENTS } else { "" };
                format!(
                    "Deletes the {noun}. Only {office} can still read and restore deleted resources.{conflict}"
                )
            }
            Restore => format!(
                "Restores the deleted {noun} with the content from before the deletion. Returns 409 if there is \
                 nothing to restore, or if a referenced resource is missing."
            ),
            History => format!(
                "Returns the changes to the {noun}, newest first, one page at a time: what was done and which fields changed. \
                 Anything that you could not see at the time is omitted, as is anything that you can no longer see."
            ),
            Transitions => format!(
                "Returns the statuses that you may set for the {noun} now, and the status history, oldest first."
            ),
            Transition => format!(
                "Changes the status of the {noun}. `PATCH` cannot change the status. Returns 409 for a transition that the \
                 state machine does not allow, with the allowed statuses in `allowed`."
            ),
        };
        let transition_list = if self == Transition { transition_list(resource) } else { String::new() };
        // What one list has, all have.
        let of_list = if self == ListAll { List } else { self };
        let paragraphs = [&*general, (resource.extra_description)(of_list), &transition_list];
        paragraphs.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n\n")
    }
}

/// What all lists have in common.
fn list() -> String {
    format!(
        "follow `next` for the next page. {FIELDS} {FILTERS} Resources that you may not see are left out. {}",
        files()
    )
}

/// How filters are combined.
const FILTERS: &str = "Repeat a filter to match any of several values; different filters must all match.";

/// The formats besides JSON.
fn files() -> String {
    format!(
        "With any `format` other than `json` (or the equivalent `Accept` header), the response is a file that contains all \
         matching rows as of a single point in time. XLSX files have a row limit ({rows} by default); above the limit the \
         response is 400.",
        rows = format_thousands(XlsxLimits::ROWS),
    )
}

/// The description of a table of entries.
pub(super) fn of_rows(resource: &ResourceDocument, plural: &str) -> String {
    let (name, noun) = (resource.info.name, resource.noun());
    format!(
        "A table for analyses: {plural}, each with its {noun}. It contains exactly what you can see of the {many}; make \
         changes there. Filters that begin with `{name}.` are those of the list of {many}. The rows are in the order of \
         the {many}, which `sort` changes. The response is one page; follow `next` for the next page. {FILTERS} {files}",
        many = resource.plural,
        files = files(),
    )
}

/// The plural name of the parents of a sub-resource.
fn parents(resource: &ResourceDocument) -> String {
    resource.parents.unwrap_or_default().replace('-', " ")
}

/// The effect of `fields`.
const FIELDS: &str = "`fields` selects the fields to return, and may leave out required ones; a JSON response \
                      then has the media type `application/vnd.vku.sparse+json`.";

/// How a request body refers to other resources.
const REFERENCES: &str =
    " Other resources are referred to by id or slug, or by the reference object that `GET` returns.";

/// What a deletion returns if other resources refer to the resource.
const DEPENDENTS: &str = " Returns 409 with a list of dependents if other resources refer to this one.";

/// Whether a request body can refer to other resources.
fn has_references(resource: &ResourceDocument) -> bool {
    let is_written = |member| resource.info.parent != Some(member) && !resource.derived.contains(&member);
    resource.members.expansions.iter().any(|it| is_written(it.member()))
}

/// Who can read and restore deleted resources.
pub(super) fn restorers(resource: &ResourceDocument) -> &'static str {
    match resource.policy.grant(Role::Coordinator, Action::Restore) {
        Grant::Never => "administrators",
        Grant::Own | Grant::All => "the coordination office",
    }
}

/// The transitions that the state machine allows.
fn transition_list(resource: &ResourceDocument) -> String {
    let way = |(from, next): &(&str, Vec<&str>)| {
        let words: Vec<_> = next.iter().map(|word| format!("`{word}`")).collect();
        match words.is_empty() {
            true => format!("- `{from}` is final"),
            false => format!("- `{from}` → {}", words.join(", ")),
        }
    };
    let transition_list: Vec<_> = resource.statuses.iter().map(way).collect();
    format!("Allowed transitions:\n\n{}", transition_list.join("\n"))
}

/// The names in operation ids, singular and plural.
pub(super) fn names(resource: &ResourceDocument) -> (String, String) {
    let (name, plural) = (resource.info.name, resource.info.path.replace('-', "_"));
    match resource.info.parent {
        Some(parent) => (format!("{parent}_{name}"), format!("{parent}_{plural}")),
        None => (name.to_owned(), plural),
    }
}
