//! The schemas of the types of a resource, for the OpenAPI document.

use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// A schema, and the named schemas to which it refers.
pub type NamedSchemas = (RefOr<Schema>, Vec<(String, RefOr<Schema>)>);

/// Returns the schema of a type, and the named schemas to which it refers.
pub fn schema_of<S: ToSchema>() -> NamedSchemas {
    let mut named = Vec::new();
    S::schemas(&mut named);
    (S::schema(), named)
}
