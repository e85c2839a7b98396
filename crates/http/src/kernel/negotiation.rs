//! Content negotiation: `Accept`, or `format` in the query, which wins.

use actix_web::http::header::{ACCEPT, ACCEPT_LANGUAGE, Accept, Header, HeaderMap, Quality};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::violation::{FieldError, Violations};

use super::context::Context;
use super::json_body::{JSON, SPARSE};

vku_domain::string_enum! {
    /// A representation of a list.
    Format {
        /// one page, as `application/json`
        Json = "json",
        /// all rows, as `text/csv` (RFC 4180, UTF-8, with a header)
        Csv = "csv",
        /// all rows, with one JSON object per line, as `application/x-ndjson`
        Ndjson = "ndjson",
        /// all rows, as a worksheet for Excel and other programs
        Xlsx = "xlsx",
        /// all rows with their locations, as `application/geo+json` (RFC 7946)
        Geojson = "geojson",
        /// all rows as IATI 2.03 activities, as `application/xml`; partnerships without a start or a country are listed
        /// at the end. An API key needs the scopes for reading partnerships, funding programmes, organisations and
        /// working areas
        Iati = "iati",
        /// all rows as events, as `text/calendar` (RFC 5545)
        Ics = "ics",
    }
}

/// The representations of a list of activities with places, for the document.
pub struct ActivityFormat;

impl PartialSchema for ActivityFormat {
    fn schema() -> RefOr<Schema> {
        without(&[Format::Ics])
    }
}

/// By the name that it had when there was no calendar.
impl ToSchema for ActivityFormat {
    fn name() -> std::borrow::Cow<'static, str> {
        "Format".into()
    }
}

/// The representations of a list of what is at some time, for the document.
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

/// The formats, without some of them.
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

/// The representations of a list of what has places and is no activity, for the document.
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

/// The representations of a list of what has no places, for the document.
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

impl Format {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Geojson => "application/geo+json",
            Self::Iati => "application/xml",
            Self::Ics => "text/calendar; charset=utf-8",
        }
    }

    /// Whether a row has place for another resource in it.
    pub const fn nests(self) -> bool {
        matches!(self, Self::Json | Self::Ndjson | Self::Geojson)
    }

    /// What a file of it ends in.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Iati => "xml",
            _ => self.as_str(),
        }
    }

    /// Whether the members of a row can be chosen.
    pub const fn is_chosen_from(self) -> bool {
        !matches!(self, Self::Iati | Self::Ics)
    }

    /// The formats of a list: a map only of what has places, IATI only of activities, a calendar only of what is
    /// at some time.
    pub fn of<T: Resource>() -> Vec<Self> {
        let fits = |format: &Self| match format {
            Self::Geojson => T::PLACES.is_some(),
            Self::Iati => T::IS_ACTIVITY,
            Self::Ics => T::EVENT.is_some(),
            _ => true,
        };
        Self::ALL.iter().copied().filter(fits).collect()
    }

    /// The media type without its parameters.
    pub fn essence(self) -> &'static str {
        self.media_type().split(';').next().unwrap_or_default()
    }
}

/// A representation that is asked for by its word in `format`, or by its media type in `Accept`.
pub trait MediaType: Copy {
    /// The word.
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

/// What browsers name among all that they can show, which is no wish for it.
const SHOWN_BY_BROWSERS: &[&str] = &["application/xml", "image/svg+xml"];

/// The format that the client wants, of those there are; the first one where it wants none.
///
/// Errors: 400 for a `format` that is unknown, 406 where `Accept` names none of those there are.
pub fn format<M: MediaType>(context: &Context, named: Option<String>, available: &[M]) -> Result<M, Error> {
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
    if let (Some(first), false) = (available.first(), context.request.headers().contains_key(ACCEPT)) {
        return Ok(*first);
    }
    let accept = Accept::parse(&context.request).map_err(|_| {
        let detail = bilingual!("The header `Accept` is malformed.", "Der Header `Accept` ist nicht lesbar.");
        Error::new(Code::BadRequest, detail)
    })?;
    // Whoever asks for some members gets a page of its own kind, by this name or by that of JSON.
    let sparse = context.request.query_string().split('&').any(|pair| pair.starts_with("fields="));
    let is_browser =
        accept.iter().any(|range| range.item.essence_str() == "text/html" && range.quality > Quality::ZERO);
    let fitting = |format: &M| !(is_browser && SHOWN_BY_BROWSERS.contains(&format.essence()));
    // How much it is wanted: what the narrowest range says that it is in (RFC 9110, section 12.5.1).
    let weight = |format: &M| {
        let essence = format.essence();
        let (kind, _) = essence.split_once('/').unwrap_or((essence, ""));
        let ranges = accept.iter().filter_map(|range| {
            let given = &range.item;
            let named = given.essence_str() == essence
                || (sparse && essence == JSON && given.essence_str() == SPARSE);
            let narrow = match (given.type_().as_str(), given.subtype().as_str()) {
                _ if named => 2,
                (given, "*") if given == kind => 1,
                ("*", "*") => 0,
                _ => return None,
            };
            Some((narrow, range.quality))
        });
        ranges.max().map_or(Quality::ZERO, |(_, quality)| quality)
    };
    // Of what is wanted alike the first: JSON, where there is JSON.
    let weighed = available.iter().copied().filter(fitting).map(|format| (weight(&format), format));
    let weighed = weighed.filter(|(weight, _)| *weight > Quality::ZERO);
    let wanted = weighed.reduce(|best, next| if next.0 > best.0 { next } else { best });
    let wanted = wanted.map(|(_, format)| format);
    wanted.ok_or_else(|| {
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

/// The language to speak in: the one that `Accept-Language` (RFC 9110, section 12.5.4) weighs most; English where it
/// names neither, or cannot be read.
pub fn negotiate_language(headers: &HeaderMap) -> Locale {
    let lines = headers.get_all(ACCEPT_LANGUAGE).filter_map(|value| value.to_str().ok());
    let header = lines.collect::<Vec<_>>().join(",");
    let weight = |locale: Locale| {
        let ranges = header.split(',').filter_map(|part| {
            let (range, quality) = part.trim().split_once(';').unwrap_or((part.trim(), "q=1"));
            let primary = range.trim().split('-').next().unwrap_or_default();
            let fits = primary.eq_ignore_ascii_case(locale.as_str());
            let quality = quality.trim().strip_prefix("q=")?.parse::<f32>().ok()?;
            // A language that is named counts before `*`.
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
    fn german_is_spoken_where_it_weighs_more() {
        for (header, wanted) in [
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
            assert_eq!(negotiate_language(&headers), wanted, "{header}");
        }
    }
}
