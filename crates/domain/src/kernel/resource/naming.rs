//! The names of schemas.

/// The name of the reference schema of a resource: `UtilityReference`.
pub fn schema_name(resource: &str) -> String {
    format!("{}Reference", pascal(resource))
}

/// `funding_programme` as `FundingProgramme`.
pub fn pascal(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    name.split('_').filter_map(capital).collect()
}

/// What ends the name of a schema that differs between writing and reading.
pub const INPUT: &str = "Input";
