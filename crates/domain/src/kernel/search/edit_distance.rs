//! Fuzzy matching with one typo: a letter too many, missing or wrong, or two adjacent letters swapped.

/// Returns whether the text equals `term` with at most one typo, or, if `inside`, has a part that does.
pub(super) fn is_near(term: &str, text: &str, inside: bool) -> bool {
    let term: Vec<char> = term.chars().collect();
    let text: Vec<char> = text.chars().collect();
    if !inside && term.len().abs_diff(text.len()) > 1 {
        return false;
    }
    // Row by row through the matrix of distances: `row[j]` is the distance between the letters of `term` so far and all
    // of `text` before `j`, or, if `inside`, the best part of `text` that ends there.
    let width = text.len() + 1;
    let mut row: Vec<usize> = if inside { vec![0; width] } else { (0..width).collect() };
    let mut above: Vec<usize> = Vec::new();
    let mut before = None;
    for (number, letter) in term.iter().enumerate() {
        let mut next = Vec::with_capacity(width);
        next.push(number + 1);
        let (mut left, mut behind) = (number + 1, None);
        for ((index, other), (diagonal, up)) in
            text.iter().enumerate().zip(row.iter().zip(row.iter().skip(1)))
        {
            let mut distance = (diagonal + usize::from(letter != other)).min(up + 1).min(left + 1);
            if before == Some(other) && behind == Some(letter) {
                let swapped = index.checked_sub(1).and_then(|index| above.get(index));
                distance = swapped.map_or(distance, |swapped| distance.min(swapped + 1));
            }
            next.push(distance);
            (left, behind) = (distance, Some(other));
        }
        if next.iter().all(|distance| *distance > 1) {
            return false;
        }
        above = std::mem::replace(&mut row, next);
        before = Some(letter);
    }
    let found = if inside { row.iter().min() } else { row.last() };
    found.is_some_and(|distance| *distance <= 1)
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn one_typo_is_near_and_two_are_not() {
        for text in ["wasser", "waser", "wassser", "wesser", "wsaser", "wasse", "xwasser", "wassre"] {
            assert!(is_near("wasser", text, false), "{text}");
            assert!(is_near(text, "wasser", false), "{text}");
        }
        for text in ["was", "wesse", "abwasser", "wsasre", "messen", ""] {
            assert!(!is_near("wasser", text, false), "{text}");
        }
    }

    #[test]
    fn a_part_of_a_word_can_be_near() {
        for text in ["abwasserpartnerschaft", "vorabwaser", "abwwaser", "xabwsaer"] {
            assert!(is_near("abwaser", text, true), "{text}");
        }
        for text in ["wasser", "abwesenheit", "schwimmbad", ""] {
            assert!(!is_near("abwaser", text, true), "{text}");
        }
    }
}
