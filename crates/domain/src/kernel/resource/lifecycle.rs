//! State machines: the statuses of a resource and the allowed transitions.

use std::str::FromStr;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::bilingual;
use crate::kernel::violation::FieldError;

/// The statuses of a resource and the allowed transitions.
pub trait State: Copy + Eq + Send + Sync + FromStr<Err = FieldError> + 'static {
    /// All statuses. A new resource starts in the first one.
    const STATES: &'static [Self];

    /// Returns the status as it is written in JSON.
    fn word(self) -> &'static str;

    /// Returns the statuses to which a transition from this one is allowed.
    fn next(self) -> &'static [Self];
}

/// Returns the statuses to which a transition is allowed; all of them if the current status is unknown.
pub fn allowed<S: State>(from: Option<S>) -> &'static [S] {
    from.map_or(S::STATES, State::next)
}

/// The status of resources without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoStatus {}

impl FromStr for NoStatus {
    type Err = FieldError;

    fn from_str(_: &str) -> Result<Self, FieldError> {
        let detail = bilingual!("This resource has no status.", "Diese Ressource hat keinen Status.");
        Err(FieldError::new("unknown_value", detail))
    }
}

impl State for NoStatus {
    const STATES: &'static [Self] = &[];

    fn word(self) -> &'static str {
        match self {}
    }

    fn next(self) -> &'static [Self] {
        match self {}
    }
}

/// A status in a filter; `unknown` finds resources without a known status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusFilter<S>(pub Option<S>);

/// The word that finds resources without a known status.
pub const UNKNOWN: &str = "unknown";

impl<S: State> StatusFilter<S> {
    fn words() -> Vec<&'static str> {
        S::STATES.iter().map(|state| state.word()).chain([UNKNOWN]).collect()
    }
}

impl<S: State> FromStr for StatusFilter<S> {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        match text {
            UNKNOWN => Ok(Self(None)),
            word => word
                .parse()
                .map(|state| Self(Some(state)))
                .map_err(|_: FieldError| FieldError::unknown_value(word, &Self::words())),
        }
    }
}

impl<S: State> utoipa::PartialSchema for StatusFilter<S> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A status; `unknown` finds resources without a known status."))
            .enum_values(Some(Self::words()))
            .into()
    }
}

impl<S: State + utoipa::ToSchema> utoipa::ToSchema for StatusFilter<S> {
    fn name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Owned(format!("{}OrUnknown", S::name()))
    }
}

/// Implements [`State`] for a string enum: each status with the statuses that may follow it.
#[macro_export]
macro_rules! states {
    ($name:ident { $( $from:ident => [$($to:ident),*] ),+ $(,)? }) => {
        impl $crate::kernel::resource::lifecycle::State for $name {
            const STATES: &'static [Self] = Self::ALL;

            fn word(self) -> &'static str {
                self.as_str()
            }

            fn next(self) -> &'static [Self] {
                match self { $(Self::$from => &[$(Self::$to),*]),+ }
            }
        }
    };
}
