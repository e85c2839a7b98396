//! Parties: members that refer either to a utility or to an organisation.

use std::borrow::Cow;

use deserr::{Deserr, IntoValue, Map, Value, ValuePointerRef};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, RefBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::bilingual;
use crate::kernel::resource::reference::{Ref, ReferenceSummary, UnresolvedReference};
use crate::kernel::value::Visibility;
use crate::kernel::violation::{Violations, escape, pointer, unknown_member};
use crate::organisation::OrganisationRef;
use crate::utility::UtilityRef;

/// A utility or an organisation: `{"utility": …}` or `{"organisation": …}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// A utility.
    Utility(UtilityRef),
    /// An organisation.
    Organisation(OrganisationRef),
}

impl Party {
    /// Returns the resource; `None` until the store has resolved the reference.
    pub fn summary(&self) -> Option<&ReferenceSummary> {
        match self {
            Self::Utility(utility) => utility.summary(),
            Self::Organisation(organisation) => organisation.summary(),
        }
    }

    /// Returns the id of the utility, if the party is one and is resolved.
    pub fn utility(&self) -> Option<Uuid> {
        match self {
            Self::Utility(utility) => utility.id(),
            Self::Organisation(_) => None,
        }
    }

    /// Returns the id of the organisation, if the party is one and is resolved.
    pub fn organisation(&self) -> Option<Uuid> {
        match self {
            Self::Utility(_) => None,
            Self::Organisation(organisation) => organisation.id(),
        }
    }

    /// Passes the reference to the visitor, so that the store can resolve it.
    pub fn visit<'a>(&'a mut self, at: &str, visit: &mut dyn FnMut(UnresolvedReference<'a>)) {
        match self {
            Self::Utility(utility) => utility.visit(format!("{at}/utility"), visit),
            Self::Organisation(organisation) => organisation.visit(format!("{at}/organisation"), visit),
        }
    }
}

/// Written by hand, as one object with exactly one of two members: client generators cannot distinguish the schemas of
/// a `oneOf` without a discriminator.
impl PartialSchema for Party {
    fn schema() -> RefOr<Schema> {
        let to = |name: &str, about: &str| {
            RefBuilder::new()
                .ref_location(format!("#/components/schemas/{name}"))
                .description(Some(about))
                .build()
        };
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("A utility or an organisation: `{\"utility\": …}` or `{\"organisation\": …}`."))
            .property("utility", to(&UtilityRef::name(), "A utility."))
            .property("organisation", to(&OrganisationRef::name(), "An organisation."))
            .min_properties(Some(1))
            .max_properties(Some(1))
            .into()
    }
}

impl ToSchema for Party {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Party")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((UtilityRef::name().into_owned(), UtilityRef::schema()));
        UtilityRef::schemas(schemas);
        schemas.push((OrganisationRef::name().into_owned(), OrganisationRef::schema()));
        OrganisationRef::schemas(schemas);
    }
}

/// Checks that a resource is not more widely visible than a party that it names. Otherwise, callers who may not see the
/// party would learn its name.
pub fn not_narrower(party: &Party, shown_to: Visibility, at: &str, violations: &mut Violations) {
    if let Some(summary) = party.summary().filter(|summary| shown_to.is_wider_than(summary.visibility)) {
        let (label, seen_by) = (&summary.label.1, summary.visibility);
        let detail = bilingual!(
            "The visibility of {label} is `{seen_by}`, but that of this resource is `{shown_to}`.",
            "{label} ist nur für `{seen_by}` sichtbar, dies hier für `{shown_to}`."
        );
        violations.member(at, "wider_than_party", detail);
    }
}

/// Written by hand, because a derived enum would need a tag.
impl Deserr<Violations> for Party {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Violations> {
        let mut violations = Violations::default();
        let here = pointer(at);
        let Value::Map(map) = value else {
            let detail = bilingual!(
                r#"Expected {{"utility": …}} or {{"organisation": …}}."#,
                r#"Erwartet: {{"utility": …}} oder {{"organisation": …}}."#
            );
            violations.member(here, "wrong_type", detail);
            return Err(violations);
        };
        let mut found = Vec::new();
        for (name, value) in map.into_iter() {
            let at = at.push_key(&name);
            let party = match name.as_str() {
                "utility" => Ref::deserialize_from_value(value.into_value(), at).map(Self::Utility),
                "organisation" => Ref::deserialize_from_value(value.into_value(), at).map(Self::Organisation),
                _ => {
                    let detail = unknown_member(&name, &["utility", "organisation"]);
                    violations.member(format!("{here}/{}", escape(&name)), "unknown_member", detail);
                    continue;
                }
            };
            match party {
                Ok(party) => found.push(party),
                Err(faults) => violations.append(faults),
            }
        }
        match (found.pop(), found.is_empty(), violations.is_empty()) {
            (Some(party), true, true) => Ok(party),
            (_, _, true) => {
                let detail = bilingual!(
                    "Exactly one of `utility` and `organisation` is required.",
                    "Genau eines von `utility` und `organisation` ist erforderlich."
                );
                violations.member(here, "one_of", detail);
                Err(violations)
            }
            _ => Err(violations),
        }
    }
}
