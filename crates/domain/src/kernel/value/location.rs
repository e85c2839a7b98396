//! Locations on the map.

use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;

use crate::bilingual;
use crate::kernel::violation::{FieldError, Violations};

/// A location in WGS 84 degrees (EPSG:4326), precise to a city rather than a building.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Location {
    /// Degrees north of the equator; negative in the south.
    #[deserr(try_from(f64) = check_latitude -> FieldError)]
    #[schema(minimum = -90, maximum = 90, example = 49.84)]
    pub latitude: f64,
    /// Degrees east of Greenwich; negative in the west.
    #[deserr(try_from(f64) = check_longitude -> FieldError)]
    #[schema(minimum = -180, maximum = 180, example = 24.03)]
    pub longitude: f64,
}

/// The locations of a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Places {
    /// One location, or `None` if it is unknown.
    One(Option<Location>),
    /// Any number of locations.
    Many(Vec<Location>),
}

fn check_latitude(degrees: f64) -> Result<f64, FieldError> {
    within(degrees, 90.0)
}

fn check_longitude(degrees: f64) -> Result<f64, FieldError> {
    within(degrees, 180.0)
}

fn within(degrees: f64, most: f64) -> Result<f64, FieldError> {
    if (-most..=most).contains(&degrees) {
        // Turns `-0.0` into 0, because PostgreSQL and SQLite return it differently.
        return Ok(degrees + 0.0);
    }
    Err(FieldError::new(
        "out_of_range",
        bilingual!(
            "Must be between -{most} and {most} degrees, found {degrees}.",
            "Muss zwischen -{most} und {most} Grad liegen, gefunden: {degrees}."
        ),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Location, Violations};

    fn parse(value: Value) -> Result<Location, Vec<(String, &'static str)>> {
        deserr::deserialize::<Location, _, Violations>(value).map_err(|faults| {
            faults.pointers().map(str::to_owned).zip(faults.iter().map(|fault| fault.code)).collect()
        })
    }

    fn faults(expected: &[(&str, &'static str)]) -> Result<Location, Vec<(String, &'static str)>> {
        Err(expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), *code)).collect())
    }

    #[test]
    fn all_coordinates_of_the_earth_are_valid() {
        assert_eq!(
            parse(json!({ "latitude": 53.55, "longitude": 9.99 })),
            Ok(Location { latitude: 53.55, longitude: 9.99 })
        );
        assert!(parse(json!({ "latitude": -90, "longitude": 180 })).is_ok());
    }

    #[test]
    fn all_faults_are_reported_at_once_with_their_pointers() {
        assert_eq!(
            parse(json!({ "latitude": 90.01, "longitude": -181 })),
            faults(&[("/latitude", "out_of_range"), ("/longitude", "out_of_range")])
        );
        assert_eq!(parse(json!({})), faults(&[("/latitude", "required"), ("/longitude", "required")]));
        assert_eq!(
            parse(json!({ "latitude": "53.55", "lon": 1, "longitude": 9.99 })),
            faults(&[("/latitude", "wrong_type"), ("/lon", "unknown_member")])
        );
        assert_eq!(parse(json!([53.55, 9.99])), faults(&[("", "wrong_type")]));
    }
}
