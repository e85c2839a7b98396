//! Query parameters: typed, repeatable and documented. All errors are returned at once.

mod bool_param;
pub(crate) mod bounded_number;
pub mod entry_filter;
pub mod filter;
pub mod from_parameter;
mod id_param;
mod instant_param;
pub mod sort;
mod suggestion;

pub use self::bool_param::BoolParam;
pub(crate) use self::bounded_number::bounded_number;
pub use self::filter::FilterParameters;
pub use self::id_param::IdParam;
pub use self::instant_param::InstantParam;

use std::borrow::Cow;

use self::from_parameter::{FromParameter, single};
use self::suggestion::suggestion;
use super::bilingual::{Bilingual, typed};
use super::violation::{FieldError, Violations, hint};
use crate::bilingual;

/// The query parameters of a request. Handlers take them one by one; those that nobody takes are unknown.
pub struct Parameters {
    given: Vec<(String, String)>,
    known: Vec<Cow<'static, str>>,
    violations: Violations,
}

impl Parameters {
    /// Starts with the decoded name–value pairs of the query string. Values are trimmed.
    pub fn new(mut given: Vec<(String, String)>) -> Self {
        for (_, value) in &mut given {
            if typed(value).len() < value.len() {
                *value = typed(value).to_owned();
            }
        }
        Self { given, known: Vec::new(), violations: Violations::default() }
    }

    /// Takes all values of a parameter.
    pub fn take(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name.into());
        self.given.extract_if(.., |(given, _)| given == name).map(|(_, value)| value).collect()
    }

    /// Takes the parameters of another resource, whose names begin with its name and a dot: `partnership.status`.
    /// Returns `None` if none is given.
    pub fn take_of<R>(&mut self, resource: &str, take: impl FnOnce(&mut Self) -> R) -> Option<R> {
        let prefix = format!("{resource}.");
        let of_resource = self.given.extract_if(.., |(given, _)| given.starts_with(&prefix));
        let stripped = of_resource.map(|(mut name, value)| (name.split_off(prefix.len()), value));
        let mut inner =
            Self { given: stripped.collect(), known: Vec::new(), violations: Violations::default() };
        let is_given = !inner.given.is_empty();
        let taken = take(&mut inner);
        let prefixed = |name: &str| format!("{prefix}{name}");
        self.given.extend(inner.given.into_iter().map(|(name, value)| (prefixed(&name), value)));
        self.known.extend(inner.known.iter().map(|name| Cow::from(prefixed(name))));
        inner.violations.prefix_parameters(&prefix);
        self.violations.append(inner.violations);
        is_given.then_some(taken)
    }

    /// Takes a parameter and parses it as `T`. Only a `Vec<_>` may be repeated.
    pub fn get<T: FromParameter>(&mut self, name: &'static str) -> T {
        let values = self.take(name);
        T::read(name, values, &mut self.violations)
    }

    /// Takes a parameter that can be given only once.
    pub fn once(&mut self, name: &'static str) -> Option<String> {
        let values = self.take(name);
        single(name, values, &mut self.violations)
    }

    /// Takes a parameter that has to be given, once. Records an error and returns `None` if it is absent or invalid.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> Option<T> {
        let value = self.once(name);
        let missing = || FieldError::new("required", bilingual!("Required.", "Erforderlich."));
        match value.ok_or_else(missing).and_then(|value| parse(&value)) {
            Ok(value) => Some(value),
            Err(fault) => self.fault(name, fault),
        }
    }

    /// Records an error of a parameter. The returned default is never used.
    pub fn fault<T: Default>(&mut self, name: &'static str, fault: FieldError) -> T {
        self.violations.parameter(name, fault.code, fault.detail);
        T::default()
    }

    /// Refuses a parameter that other lists have, with the reason why this list has not.
    pub fn refuse(&mut self, name: &'static str, detail: impl Fn() -> Bilingual) {
        if self.given.extract_if(.., |(given, _)| given == name).count() > 0 {
            self.violations.parameter(name, "unknown_parameter", detail());
        }
    }

    /// Returns all parameters except `without` as one text, sorted by name and value.
    pub fn fingerprint(&self, without: &[&str]) -> String {
        let mut pairs: Vec<_> =
            self.given.iter().filter(|(name, _)| !without.contains(&name.as_str())).collect();
        pairs.sort_unstable();
        pairs.iter().map(|(name, value)| format!("{}:{name}={}:{value};", name.len(), value.len())).collect()
    }

    /// Ends parsing, but ignores unknown parameters: on pages for people.
    pub fn finish_ignoring_unknown(self) -> Result<(), Violations> {
        if self.violations.is_empty() { Ok(()) } else { Err(self.violations) }
    }

    /// Ends parsing. Parameters that nobody has taken are unknown.
    pub fn finish(self) -> Result<(), Violations> {
        let Self { given, known, mut violations } = self;
        let known: Vec<_> = known.iter().map(AsRef::as_ref).collect();
        for (name, _) in given {
            let missing =
                bilingual!("Unknown parameter `{name}`.", "Einen Parameter `{name}` gibt es hier nicht.");
            let detail = missing.then(suggestion(&name, &known).unwrap_or_else(|| hint(&name, &known)));
            violations.parameter(name, "unknown_parameter", detail);
        }
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }
}
