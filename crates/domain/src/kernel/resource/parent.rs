//! The parents of sub-resources.

use super::Resource;
use crate::kernel::parameters::FilterParameters;
use crate::kernel::parameters::filter::FilterDescription;

/// A type that can be the parent of a resource.
pub trait ParentKind: Send + Sync + 'static {
    /// The name of the type, which is also the name of the member in the sub-resource; `None` for `()`.
    const OWNER: Option<&'static str>;
    /// The segment of the type in paths; `None` for `()`.
    const SEGMENT: Option<&'static str>;

    /// Returns the documentation of the filters of its list; none for `()`.
    fn describe_filters() -> Vec<FilterDescription> {
        Vec::new()
    }
}

impl ParentKind for () {
    const OWNER: Option<&'static str> = None;
    const SEGMENT: Option<&'static str> = None;
}

impl<T: Resource> ParentKind for T {
    const OWNER: Option<&'static str> = Some(T::NAME);
    const SEGMENT: Option<&'static str> = Some(T::PATH);

    fn describe_filters() -> Vec<FilterDescription> {
        T::Filter::describe()
    }
}
