//! The operations of a resource.

/// An operation of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `GET` on the collection.
    List,
    /// `GET` on the list of the sub-resources of all parents.
    ListAll,
    /// `POST` on the collection.
    Create,
    /// `GET` on a resource.
    Get,
    /// `PATCH` on a resource.
    Update,
    /// `DELETE` on a resource.
    Delete,
    /// `POST` on `restore`.
    Restore,
    /// `GET` on `history`.
    History,
    /// `GET` on `transitions`.
    Transitions,
    /// `POST` on `transitions`.
    Transition,
}

use Operation::{Create, Delete, Get, History, List, ListAll, Restore, Transition, Transitions, Update};

impl Operation {
    /// The HTTP method, in lower case.
    pub(crate) fn method(self) -> &'static str {
        match self {
            List | ListAll | Get | History | Transitions => "get",
            Create | Restore | Transition => "post",
            Update => "patch",
            Delete => "delete",
        }
    }

    /// Whether the operation only reads.
    pub(crate) fn reads(self) -> bool {
        self.method() == "get"
    }

    /// The statuses of the problems that the operation can return, except 404 for the list below a parent resource.
    pub(crate) fn problems(self) -> &'static [u16] {
        match self {
            List | ListAll => &[400, 401, 403, 406, 500, 503],
            Get | History => &[400, 401, 403, 404, 406, 500, 503],
            Create => &[400, 401, 403, 404, 409, 413, 415, 422, 500, 503],
            Update => &[400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 500, 503],
            Delete => &[400, 401, 403, 404, 409, 412, 428, 500, 503],
            Restore => &[400, 401, 403, 404, 409, 412, 422, 500, 503],
            Transitions => &[400, 401, 403, 404, 406, 500, 503],
            Transition => &[400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503],
        }
    }
}
