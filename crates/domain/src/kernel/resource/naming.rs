//! The names of schemas.

/// Returns the schema name of references to a resource, such as `UtilityReference`.
pub fn schema_name(resource: &str) -> String {
    format!("{}Reference", pascal(resource))
}

/// Converts snake_case to PascalCase: `funding_programme` to `FundingProgramme`.
pub fn pascal(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    name.split('_').filter_map(capital).collect()
}

/// The suffix of the schemas that describe the input where it differs from the output.
pub const INPUT: &str = "Input";
