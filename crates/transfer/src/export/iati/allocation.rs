//! Splitting a total into parts that add up to it exactly.

use chrono::{Datelike, NaiveDate};

/// Equal shares of 100 per cent, with two decimals; the first ones are larger by a hundredth if 100 is not divisible.
/// A single part has no share, because it is the whole.
pub(super) fn shares(parts: usize) -> Vec<Option<String>> {
    let Some(all) = u32::try_from(parts).ok().filter(|all| *all > 1) else {
        return vec![None; parts];
    };
    let (each, more) = (10_000 / all, 10_000 % all);
    let share = |index: u32| each + u32::from(index < more);
    let written = |hundredths: u32| format!("{}.{:02}", hundredths / 100, hundredths % 100);
    (0..all).map(|index| Some(written(share(index)))).collect()
}

/// A part of an amount: first day, last day, and amount in the smallest unit of its currency.
pub(super) type Slice = (NaiveDate, NaiveDate, i64);

/// Splits an amount for a period by calendar year, in proportion to the days in each year.
pub(super) fn by_year(from: NaiveDate, to: NaiveDate, minor: i64) -> Vec<Slice> {
    let days = |until: NaiveDate| i128::from((until - from).num_days()) + 1;
    let total_days = days(to);
    let mut slices = Vec::new();
    let (mut begin, mut spent) = (from, 0);
    while total_days > 0 && begin <= to {
        let end = NaiveDate::from_ymd_opt(begin.year(), 12, 31).map_or(to, |end| end.min(to));
        // The amount until the end of the year, rounded down, so that the last year gets the exact rest.
        let by_then = i64::try_from(i128::from(minor) * days(end) / total_days).unwrap_or(minor);
        slices.push((begin, end, by_then - spent));
        spent = by_then;
        let Some(next) = end.succ_opt() else { break };
        begin = next;
    }
    slices
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn shares_are_written_with_two_decimals() {
        let written = |parts| shares(parts).into_iter().map(|it| it.unwrap_or_default()).collect::<Vec<_>>();
        assert_eq!(written(0), Vec::<String>::new());
        assert_eq!(written(1), [""]);
        assert_eq!(written(2), ["50.00", "50.00"]);
        assert_eq!(written(3), ["33.34", "33.33", "33.33"]);
        assert_eq!(written(7), ["14.29", "14.29", "14.29", "14.29", "14.28", "14.28", "14.28"]);
    }

    #[test]
    fn a_period_is_cut_at_new_year() {
        let slices = by_year(day("2023-07-01"), day("2025-06-30"), 10_000);
        let total_days = i128::from((day("2025-06-30") - day("2023-07-01")).num_days() + 1);
        assert_eq!(total_days, 731);
        assert_eq!(
            slices,
            [
                (day("2023-07-01"), day("2023-12-31"), 2517),
                (day("2024-01-01"), day("2024-12-31"), 5006),
                (day("2025-01-01"), day("2025-06-30"), 2477),
            ]
        );
        assert_eq!(
            by_year(day("2024-02-29"), day("2024-02-29"), 1),
            [(day("2024-02-29"), day("2024-02-29"), 1)]
        );
        assert_eq!(by_year(day("2024-02-29"), day("2024-02-28"), 1), []);
    }

    proptest! {
        #[test]
        fn shares_add_up_to_100_per_cent(parts in 2_usize..200) {
            let sum: u32 = shares(parts).into_iter().flatten()
                .map(|share| share.replace('.', "").parse::<u32>().unwrap()).sum();
            prop_assert_eq!(sum, 10_000);
        }

        #[test]
        fn years_add_up_to_the_amount(first in 0_i64..100_000, days in 0_i64..20_000, minor in 0..i64::MAX) {
            let from = day("1900-01-01") + chrono::TimeDelta::days(first);
            let to = from + chrono::TimeDelta::days(days);
            let slices = by_year(from, to, minor);
            prop_assert_eq!(slices.iter().map(|slice| i128::from(slice.2)).sum::<i128>(), i128::from(minor));
            prop_assert!(slices.iter().all(|(from, to, minor)| from <= to && from.year() == to.year() && *minor >= 0));
            prop_assert_eq!((slices[0].0, slices[slices.len() - 1].1), (from, to));
            prop_assert!(slices.windows(2).all(|pair| pair[0].1.succ_opt() == Some(pair[1].0)));
        }
    }
}
