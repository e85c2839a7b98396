//! Content negotiation by `Accept`, or by the query parameter `format`, which takes precedence.

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, ACCEPT_LANGUAGE, Accept, Header, HeaderMap, Quality};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::violation::{FieldError, Violations};
use vku_transfer::format::Format;

use super::media_type::{JSON, SPARSE};
use super::query_string::is_named;

/// The schema of `format` for a list of activities with locations.
pub struct ActivityFormat;

impl PartialSchema for ActivityFormat {
    fn schema() -> RefOr<Schema> {
        without(&[Format::Ics])
    }
}

/// The schema keeps the name `Format`, from before there was a calendar format.
impl ToSchema for ActivityFormat {
    fn name() -> std::borrow::Cow<'static, str> {
        "Format".into()
    }
}

/// The schema of `format` for a list of events.
pub struct CalendarFormat;

impl PartialSchema for CalendarFormat {
    fn schema() -> RefOr<Schema> {
        without(&[Format::Geojson, Format::Iati])
    }
}

impl ToSchema for CalendarFormat {
    fn name() -> std::borrow::Cow<'static, str> {
        "CalendarFormat".into()
    }
}

/// The schema of [`Format`] without these formats, in the enumeration and in the description.
fn without(formats: &[Format]) -> RefOr<Schema> {
    let whole = Format::schema();
    let RefOr::T(Schema::Object(mut object)) = whole else { return whole };
    let words: Vec<_> = formats.iter().map(|format| format.as_str()).collect();
    let about = object.description.unwrap_or_default();
    let is_named = |line: &str| words.iter().any(|word| line.starts_with(&format!("- `{word}`")));
    let lines = about.lines().filter(|line| !is_named(line));
    object.description = Some(lines.collect::<Vec<_>>().join("\n"));
    let known = |word: &serde_json::Value| word.as_str().is_some_and(|word| words.contains(&word));
    object.enum_values.iter_mut().for_each(|words| words.retain(|word| !known(word)));
    object.into()
}

/// The schema of `format` for a list of resources with locations that are not activities.
pub struct PlacedFormat;

impl PartialSchema for PlacedFormat {
    fn schema() -> RefOr<Schema> {
        without(&[Format::Iati, Format::Ics])
    }
}

impl ToSchema for PlacedFormat {
    fn name() -> std::borrow::Cow<'static, str> {
        "PlacedFormat".into()
    }
}

/// The schema of `format` for a list of resources without locations.
pub struct PlainFormat;

impl PartialSchema for PlainFormat {
    fn schema() -> RefOr<Schema> {
        without(&[Format::Geojson, Format::Iati, Format::Ics])
    }
}

impl ToSchema for PlainFormat {
    fn name() -> std::borrow::Cow<'static, str> {
        "PlainFormat".into()
    }
}

/// A representation that clients request by its value of `format`, or by its media type in `Accept`.
pub trait MediaType: Copy {
    /// The value of the query parameter `format`.
    fn word(self) -> &'static str;

    /// The media type.
    fn media_type(self) -> &'static str;

    /// The media type without its parameters.
    fn essence(self) -> &'static str {
        self.media_type().split(';').next().unwrap_or_default()
    }
}

impl MediaType for Format {
    fn word(self) -> &'static str {
        self.as_str()
    }

    fn media_type(self) -> &'static str {
        Self::media_type(self)
    }
}

/// Media types that browsers list in `Accept` because they can display them, not because the user wants them.
const SHOWN_BY_BROWSERS: &[&str] = &["application/xml", "image/svg+xml"];

/// Negotiates one of the available formats: by `named` (the query parameter `format`), else by `Accept`. Without
/// both, the first one is returned.
///
/// Errors: 400 if `format` is unknown or `Accept` is malformed, 406 if `Accept` names none of the available formats.
pub fn format<M: MediaType>(
    request: &HttpRequest,
    named: Option<String>,
    available: &[M],
) -> Result<M, Error> {
    if let Some(named) = named {
        let words: Vec<_> = available.iter().map(|format| format.word()).collect();
        return available.iter().copied().find(|format| format.word() == named).ok_or_else(|| {
            let mut violations = Violations::default();
            let fault = FieldError::unknown_value(&named, &words);
            violations.parameter("format", fault.code, fault.detail);
            let detail = bilingual!(
                "Unknown format; see `errors`.",
                "Ein solches Format gibt es nicht; siehe `errors`."
            );
            Error::with_violations(Code::InvalidParameters, detail, violations)
        });
    }
    if let (Some(first), false) = (available.first(), request.headers().contains_key(ACCEPT)) {
        return Ok(*first);
    }
    let accept = Accept::parse(request).map_err(|_| {
        let detail = bilingual!("The header `Accept` is malformed.", "Der Header `Accept` ist nicht lesbar.");
        Error::new(Code::BadRequest, detail)
    })?;
    // With `fields` or `lang`, the response has the sparse media type; `Accept` may name that one or JSON.
    let is_sparse = |pair| is_named(pair, "fields") || is_named(pair, "lang");
    let sparse = request.query_string().split('&').any(is_sparse);
    let is_browser =
        accept.iter().any(|range| range.item.essence_str() == "text/html" && range.quality > Quality::ZERO);
    let fitting = |format: &M| !(is_browser && SHOWN_BY_BROWSERS.contains(&format.essence()));
    // The quality of the most specific media range that matches (RFC 9110, section 12.5.1).
    let weight = |format: &M| {
        let essence = format.essence();
        let (kind, _) = essence.split_once('/').unwrap_or((essence, ""));
        let ranges = accept.iter().filter_map(|range| {
            let media_range = &range.item;
            let is_exact = media_range.essence_str() == essence
                || (sparse && essence == JSON && media_range.essence_str() == SPARSE);
            let specificity = match (media_range.type_().as_str(), media_range.subtype().as_str()) {
                _ if is_exact => 2,
                (range_kind, "*") if range_kind == kind => 1,
                ("*", "*") => 0,
                _ => return None,
            };
            Some((specificity, range.quality))
        });
        ranges.max().map_or(Quality::ZERO, |(_, quality)| quality)
    };
    // Of several formats with the same quality, the first: JSON, if it is available.
    let weighed = available.iter().copied().filter(fitting).map(|format| (weight(&format), format));
    let weighed = weighed.filter(|(weight, _)| *weight > Quality::ZERO);
    let preferred = weighed.reduce(|best, next| if next.0 > best.0 { next } else { best });
    let preferred = preferred.map(|(_, format)| format);
    preferred.ok_or_else(|| {
        let allowed = available.iter().map(|format| format.essence().to_owned()).collect();
        Error {
            allowed: Some(allowed),
            ..Error::new(
                Code::NotAcceptable,
                bilingual!(
                    "See `allowed` for the available media types.",
                    "In `allowed` steht, was es gibt."
                ),
            )
        }
    })
}

/// Negotiates the language: the one with the higher quality in `Accept-Language` (RFC 9110, section 12.5.4); English
/// if both are equal, for example because the header names neither or is malformed.
pub fn negotiate_language(headers: &HeaderMap) -> Locale {
    let lines = headers.get_all(ACCEPT_LANGUAGE).filter_map(|value| value.to_str().ok());
    let header = lines.collect::<Vec<_>>().join(",");
    let weight = |locale: Locale| {
        let ranges = header.split(',').filter_map(|part| {
            let (range, quality) = part.trim().split_once(';').unwrap_or((part.trim(), "q=1"));
            let primary = range.trim().split('-').next().unwrap_or_default();
            let fits = primary.eq_ignore_ascii_case(locale.as_str());
            let quality = quality.trim().strip_prefix("q=")?.parse::<f32>().ok()?;
            // A language that is named takes precedence over `*`.
            match range.trim() {
                "*" => Some((false, quality)),
                _ => fits.then_some((true, quality)),
            }
        });
        ranges.reduce(|best, next| if next > best { next } else { best }).map_or(0.0, |(_, quality)| quality)
    };
    if weight(Locale::De) > weight(Locale::En) { Locale::De } else { Locale::En }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn german_is_negotiated_if_its_quality_is_higher() {
        for (header, expected) in [
            ("", Locale::En),
            ("de", Locale::De),
            ("de-AT,de;q=0.9,en;q=0.8", Locale::De),
            ("en,de", Locale::En),
            ("en;q=0.5, de", Locale::De),
            ("fr, de;q=0.3", Locale::De),
            ("*", Locale::En),
            ("*, en;q=0", Locale::De),
            ("de;q=0, *", Locale::En),
            ("de;q=x", Locale::En),
            ("en;q=0.5, de;q=0.1, de-AT;q=0.9", Locale::De),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, header.parse().unwrap());
            assert_eq!(negotiate_language(&headers), expected, "{header}");
        }
    }
}
