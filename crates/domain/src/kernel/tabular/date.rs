//! German dates in cells.

/// Converts a German date to ISO 8601: `31.12.2026`, or `12.2026` for a month.
pub(super) fn iso_date(cell: &str) -> Option<String> {
    let number = |part: &str, digits: std::ops::RangeInclusive<usize>| {
        let is_number = digits.contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then(|| part.parse::<u32>().ok()).flatten()
    };
    let parts: Vec<_> = cell.split('.').map(str::trim).collect();
    let (day, month, year) = match *parts.as_slice() {
        [day, month, year] => (Some(number(day, 1..=2)?), month, year),
        [month, year] => (None, month, year),
        _ => return None,
    };
    let (month, year) = (number(month, 1..=2)?, number(year, 4..=4)?);
    // Anything else is left as typed, so that the error shows it that way.
    if !(1..=12).contains(&month) || day.is_some_and(|day| !(1..=31).contains(&day)) {
        return None;
    }
    Some(match day {
        Some(day) => format!("{year:04}-{month:02}-{day:02}"),
        None => format!("{year:04}-{month:02}"),
    })
}
