//! The kinds of filters: for each, what it demands of the column, and which fields match it.

/// The field is one of the values; an absent field matches none.
pub mod one_of {
    use super::super::{Comparison, any};

    /// Compares the column with the values.
    pub fn comparison<V: ToString>(values: &[V]) -> Option<Comparison> {
        let words = || values.iter().map(V::to_string).collect();
        (!values.is_empty()).then(|| Comparison::OneOf { words: words(), or_absent: false })
    }

    /// Returns whether a field or an optional field matches.
    pub fn matches<V: PartialEq, M: Clone + Into<Option<V>>>(values: &[V], member: &M) -> bool {
        let member: Option<V> = member.clone().into();
        any(values, |value| member.as_ref() == Some(value))
    }
}

/// The status is one of the values; `unknown` is an absent status.
pub mod status {
    use super::super::{Comparison, any};
    use crate::kernel::resource::lifecycle::{State, StatusFilter};

    /// Compares the column with the statuses.
    pub fn comparison<S: State>(values: &[StatusFilter<S>]) -> Option<Comparison> {
        let statuses = values.iter().filter_map(|StatusFilter(status)| *status);
        let words = statuses.map(|status| status.word().to_owned()).collect();
        (!values.is_empty())
            .then(|| Comparison::OneOf { words, or_absent: values.contains(&StatusFilter(None)) })
    }

    /// Returns whether a status matches.
    pub fn matches<S: State>(values: &[StatusFilter<S>], member: &Option<S>) -> bool {
        any(values, |StatusFilter(status)| status == member)
    }
}

/// The set contains one of the values.
pub mod in_set {
    use super::super::{Comparison, any};

    /// Compares the set with the values.
    pub fn comparison<V: ToString>(values: &[V]) -> Option<Comparison> {
        (!values.is_empty()).then(|| Comparison::InSet(values.iter().map(V::to_string).collect()))
    }

    /// Returns whether a set matches.
    pub fn matches<V: PartialEq>(values: &[V], members: &[V]) -> bool {
        any(values, |value| members.contains(value))
    }
}

/// The field is true or false.
pub mod flag {
    use super::super::Comparison;
    use crate::kernel::parameters::BoolParam;

    /// Compares the column with the value.
    pub fn comparison(value: &Option<BoolParam>) -> Option<Comparison> {
        value.map(|BoolParam(value)| Comparison::Is(value))
    }

    /// Returns whether a field matches.
    pub fn matches(value: &Option<BoolParam>, member: &bool) -> bool {
        value.is_none_or(|BoolParam(value)| value == *member)
    }
}

/// The text contains the value; case and accents are ignored.
pub mod contains {
    use super::super::Comparison;
    use crate::kernel::collation::collation_key;
    use crate::kernel::value::SingleLine;

    /// Compares the column, which holds the collation key of the text, with the value.
    pub fn comparison(part: &Option<SingleLine>) -> Option<Comparison> {
        part.as_ref().map(|part| Comparison::Contains(collation_key(part.as_str())))
    }

    /// Returns whether a text matches.
    pub fn matches(part: &Option<SingleLine>, text: &str) -> bool {
        part.as_ref().is_none_or(|part| collation_key(text).contains(&collation_key(part.as_str())))
    }
}

/// The day is in this period or later. A day is a text, which is empty if the day is unknown.
pub mod from {
    use super::super::Comparison;
    use crate::kernel::value::PartialDate;

    /// Compares the column with the first day of the period.
    pub fn comparison(period: &Option<PartialDate>) -> Option<Comparison> {
        period.as_ref().map(|period| Comparison::From(period.first_day()))
    }

    /// Returns whether a day matches.
    pub fn matches(period: &Option<PartialDate>, day: &str) -> bool {
        period.as_ref().is_none_or(|period| *day >= *period.first_day().to_string())
    }
}

/// The day is in this period or earlier. A day is a text, which is empty if the day is unknown.
pub mod to {
    use super::super::Comparison;
    use crate::kernel::value::PartialDate;

    /// Compares the column with the last day of the period.
    pub fn comparison(period: &Option<PartialDate>) -> Option<Comparison> {
        period.as_ref().map(|period| Comparison::To(period.last_day()))
    }

    /// Returns whether a day matches.
    pub fn matches(period: &Option<PartialDate>, day: &str) -> bool {
        period.as_ref().is_none_or(|period| !day.is_empty() && *day <= *period.last_day().to_string())
    }
}

/// The instant is this one or a later one.
pub mod since {
    use chrono::{DateTime, Utc};

    use super::super::Comparison;
    use crate::kernel::parameters::InstantParam;

    /// Compares the column with the instant.
    pub fn comparison(since: Option<InstantParam>) -> Option<Comparison> {
        since.map(|InstantParam(since)| Comparison::Since(since))
    }

    /// Returns whether an instant matches.
    pub fn matches(since: Option<InstantParam>, at: DateTime<Utc>) -> bool {
        since.is_none_or(|InstantParam(since)| at >= since)
    }
}

/// The field refers to a resource with one of the keys.
pub mod reference {
    use super::super::{Comparison, any};
    use crate::kernel::resource::reference::{Key, ReferenceSummary};

    /// Compares the foreign key with the ids of the resources.
    pub fn comparison(keys: &[Key]) -> Option<Comparison> {
        (!keys.is_empty()).then(|| Comparison::Reference(keys.to_vec()))
    }

    /// Returns whether a reference matches.
    pub fn matches(keys: &[Key], summary: &Option<&ReferenceSummary>) -> bool {
        any(keys, |key| summary.is_some_and(|summary| summary.is(key)))
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::parameters::{BoolParam, InstantParam};
    use crate::kernel::resource::lifecycle::StatusFilter;
    use crate::kernel::value::{PartialDate, Sector};
    use crate::partnership::PartnershipStatus;

    use super::*;

    #[test]
    fn an_absent_filter_matches_everything() {
        let none: [Sector; 0] = [];
        assert!(one_of::matches(&none, &Sector::Water) && one_of::matches(&none, &None));
        assert!(in_set::matches(&none, &[]) && status::matches::<PartnershipStatus>(&[], &None));
        assert!(
            flag::matches(&None, &true) && contains::matches(&None, "x") && reference::matches(&[], &None)
        );
        assert!(from::matches(&None, "") && to::matches(&None, ""));
        assert!(since::matches(None, chrono::DateTime::UNIX_EPOCH));
        assert_eq!((one_of::comparison(&none), in_set::comparison(&none)), (None, None));
        assert_eq!(status::comparison::<PartnershipStatus>(&[]), None);
    }

    #[test]
    fn one_value_of_several_is_enough() {
        let values = [Sector::Water, Sector::Waste];
        assert!(one_of::matches(&values, &Sector::Waste) && one_of::matches(&values, &Some(Sector::Water)));
        assert!(!one_of::matches(&values, &Sector::Energy) && !one_of::matches(&values, &None));
        assert!(in_set::matches(&values, &[Sector::Energy, Sector::Waste]));
        assert!(!in_set::matches(&values, &[Sector::Energy]) && !in_set::matches(&values, &[]));
    }

    #[test]
    fn unknown_is_an_absent_status() {
        let (known, unknown) = (StatusFilter(Some(PartnershipStatus::Active)), StatusFilter(None));
        assert!(status::matches(&[known], &Some(PartnershipStatus::Active)));
        assert!(!status::matches(&[known], &None) && status::matches(&[known, unknown], &None));
        assert!(!status::matches(&[unknown], &Some(PartnershipStatus::Active)));
    }

    #[test]
    fn periods_include_their_first_and_last_day_but_no_unknown_day() {
        let period: Option<PartialDate> = "2024-02".parse().ok();
        assert!(from::matches(&period, "2024-02-01") && !from::matches(&period, "2024-01-31"));
        assert!(to::matches(&period, "2024-02-29") && !to::matches(&period, "2024-03-01"));
        assert!(!from::matches(&period, "") && !to::matches(&period, ""));
    }

    #[test]
    fn flags_texts_and_instants() {
        assert!(
            flag::matches(&Some(BoolParam(false)), &false) && !flag::matches(&Some(BoolParam(true)), &false)
        );
        let part = "LENA mu".parse().ok();
        assert!(contains::matches(&part, "Lena Müller") && !contains::matches(&part, "Lena Meyer"));
        let at = chrono::DateTime::UNIX_EPOCH;
        let earlier = at - chrono::TimeDelta::microseconds(1);
        assert!(
            since::matches(Some(InstantParam(at)), at) && !since::matches(Some(InstantParam(at)), earlier)
        );
    }
}
