//! A resource in the document, as a value: what follows from it is compiled once, and not once for each resource.

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use vku_domain::kernel::access::policy::Policy;
use vku_domain::kernel::parameters::FilterParameters;
use vku_domain::kernel::parameters::filter::FilterDescription;
use vku_domain::kernel::parameters::sort::{Direction, SortKey};
use vku_domain::kernel::resource::ParentKind;
use vku_domain::kernel::resource::any::ResourceInfo;
use vku_domain::kernel::resource::lifecycle::State;
use vku_domain::kernel::resource::naming::pascal;
use vku_domain::kernel::resource::projection::FieldTree;
use vku_persistence::any_table::AnyTable;

use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, UnnestedApi};

/// Everything that the document takes from a resource.
pub struct ResourceDocument {
    /// The resource.
    pub(super) table: &'static AnyTable,
    /// Names, and what kind of resource it is.
    pub(super) info: &'static ResourceInfo,
    /// The name of its schema, and the beginning of the names of its other schemas.
    pub(super) schema_name: String,
    /// The path of the collection.
    pub(super) collection: String,
    /// The path of the list of all parents, for a sub-resource.
    pub(super) collection_of_all_parents: Option<String>,
    /// See [`ResourceApi::UNNESTED`].
    pub(super) unnested: &'static [UnnestedApi],
    /// The segment of the parents in paths, for a sub-resource.
    pub(super) parents: Option<&'static str>,
    /// The filters of the list of the parents.
    pub(super) parent_filters: Vec<FilterDescription>,
    /// The parameter of paths with the id or slug of the parent.
    pub(super) parent_id: Option<String>,
    /// See [`ResourceApi::SINGULAR`].
    pub(super) singular: &'static str,
    /// See [`ResourceApi::PLURAL`].
    pub(super) plural: &'static str,
    /// See [`ResourceApi::DESCRIPTION`].
    pub(super) description: &'static str,
    /// See [`ResourceApi::extra_description`].
    pub(super) extra_description: fn(Operation) -> &'static str,
    /// See [`ResourceApi::example`].
    pub(super) example: Value,
    /// Whether `POST` on the collection is a single endpoint: [`ResourceApi::CUSTOM_CREATE`].
    pub(super) has_custom_create: bool,
    /// Whether a deletion can be rejected with 409 even if nothing refers to the resource.
    pub(super) delete_may_conflict: bool,
    /// Whether an update can conflict with the current data.
    pub(super) update_may_conflict: bool,
    /// The collection whose scopes an API key needs.
    pub(super) scope: &'static str,
    /// Which role may do what.
    pub(super) policy: Policy,
    /// Whether callers without an account may read the public resources.
    pub(super) is_public: bool,
    /// Whether the resource contains personal data.
    pub(super) is_personal: bool,
    /// Whether the list can be searched with `q`.
    pub(super) is_searched: bool,
    /// Whether the resource has a slug of its own.
    pub(super) has_own_slug: bool,
    /// The field that names the resource; empty if there is none.
    pub(super) name_field: &'static str,
    /// The fields that references show in addition to id, slug and name.
    pub(super) summary_fields: &'static [&'static str],
    /// The derived fields.
    pub(super) derived: &'static [&'static str],
    /// The fields that cannot be changed after creation.
    pub(super) immutable_fields: &'static [&'static str],
    /// The statuses, each with those that may follow it.
    pub(super) statuses: Vec<(&'static str, Vec<&'static str>)>,
    /// The fields, and the references that can be expanded.
    pub(super) members: &'static FieldTree,
    /// The schema of the data.
    pub(super) data_schema: RefOr<Schema>,
    /// The schema of the derived fields.
    pub(super) derived_schema: RefOr<Schema>,
    /// The named schemas to which both refer.
    pub(super) named_schemas: Vec<(String, RefOr<Schema>)>,
    /// The filters of the list.
    pub(super) filters: Vec<FilterDescription>,
    /// The schema of the sort keys.
    pub(super) sort_schema: RefOr<Schema>,
    /// The default order, as it is written in `sort`.
    pub(super) default_sort: String,
}

impl ResourceDocument {
    /// Describes the resource `T`, which is that of the table.
    pub fn of<T: ResourceApi>(table: &'static AnyTable) -> Self {
        let mut named_schemas = Vec::new();
        T::schemas(&mut named_schemas);
        <T::Derived as ToSchema>::schemas(&mut named_schemas);
        let following = |state: &T::Status| (state.word(), state.next().iter().map(|it| it.word()).collect());
        let default_order = T::Sort::default_order().into_iter().map(|(key, way)| (key.word(), way));
        Self {
            table,
            info: table.info(),
            schema_name: pascal(T::NAME),
            collection: T::path(),
            collection_of_all_parents: T::path_of_all_parents(),
            unnested: T::UNNESTED,
            parents: <T::Parent as ParentKind>::SEGMENT,
            parent_filters: <T::Parent as ParentKind>::describe_filters(),
            parent_id: T::INFO.parent.map(|name| format!("{name}_id")),
            singular: T::SINGULAR,
            plural: T::PLURAL,
            description: T::DESCRIPTION,
            extra_description: T::extra_description,
            example: T::example(),
            has_custom_create: T::CUSTOM_CREATE.is_some(),
            delete_may_conflict: T::DELETE_MAY_CONFLICT,
            // By its slug, by a unique value, by the status or by the visibility.
            update_may_conflict: (T::SLUG.is_some() && !T::IMMUTABLE_FIELDS.contains(&"slug"))
                || !T::UNIQUE.is_empty()
                || !T::Status::STATES.is_empty()
                || T::VISIBILITY.is_some(),
            scope: T::SCOPE,
            policy: T::POLICY,
            is_public: T::PUBLIC,
            is_personal: T::PERSONAL,
            is_searched: T::SEARCHED,
            has_own_slug: T::SLUG.is_some(),
            name_field: T::NAME_FIELD,
            summary_fields: T::SUMMARY_FIELDS,
            derived: T::DERIVED,
            immutable_fields: T::IMMUTABLE_FIELDS,
            statuses: T::Status::STATES.iter().map(following).collect(),
            members: FieldTree::of(T::INFO),
            data_schema: T::schema(),
            derived_schema: T::Derived::schema(),
            named_schemas,
            filters: T::Filter::describe(),
            sort_schema: T::Sort::schema(),
            default_sort: sort_text(default_order.collect()),
        }
    }

    /// The name without an article, as in "Returns the utility".
    pub(super) fn noun(&self) -> &'static str {
        let name = self.singular;
        name.strip_prefix("an ").or_else(|| name.strip_prefix("a ")).unwrap_or(name)
    }

    /// Whether paths accept a slug: that of the resource, or of the resource that it is named after.
    pub(super) fn has_slug(&self) -> bool {
        self.has_own_slug || self.derived.contains(&"slug")
    }
}

/// The order as it is written in `sort`.
fn sort_text(order: Vec<(&'static str, Direction)>) -> String {
    let word = |(key, direction): &(&str, Direction)| match direction {
        Direction::Ascending => (*key).to_owned(),
        Direction::Descending => format!("-{key}"),
    };
    order.iter().map(word).collect::<Vec<_>>().join(",")
}
