//! The operations on reference data.

use actix_web::HttpResponse;
use actix_web::web::ServiceConfig;
use utoipa::OpenApi;
use vku_domain::bilingual;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::violation::hint;

use super::schemas::{List, ReferenceList, ReferenceVocabularies, Vocabularies};
use super::vocabularies::{VOCABULARIES, find};
use super::{ALL, InLanguages, ONE, respond};
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::resource::routes::Routes;

/// Responds with the vocabulary of this name.
///
/// Errors: 404 with the names of all vocabularies.
fn respond_list(context: &Context, name: &str) -> Result<HttpResponse, Problem> {
    let vocabulary = find(name).ok_or_else(|| unknown_vocabulary(name))?;
    respond(context, &vocabulary.documents, |lang| serde_json::to_vec(&List::new(vocabulary.entries(), lang)))
}

fn unknown_vocabulary(name: &str) -> Error {
    let known: Vec<_> = VOCABULARIES.iter().map(|vocabulary| vocabulary.name.as_str()).collect();
    let detail = bilingual!(
        "There is no such vocabulary; see `allowed`.",
        "Ein solches Vokabular gibt es nicht; siehe `allowed`."
    );
    let allowed = Some(known.iter().map(|name| (*name).to_owned()).collect());
    Error { allowed, detail: detail.then(hint(name, &known)), ..Error::not_found() }
}

/// Declares the operations: for each code list its name and path, with the summary, description and example.
macro_rules! lists {
    ($(
        $(#[doc = $doc:literal])+
        $operation:ident: $name:literal at $path:literal = $code:literal, $de:literal, $en:literal;
    )+) => {
        $(
            $(#[doc = $doc])+
            #[utoipa::path(
                get,
                path = $path,
                tag = "reference",
                params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
                responses((
                    status = 200,
                    description = "The whole list.",
                    headers(("ETag" = String, description = "The entity tag.")),
                    content(
                        (ReferenceList = "application/json", example = json!({
                            "items": [{ "code": $code, "label": { "de": $de, "en": $en } }]
                        })),
                        (List = "application/vnd.vku.sparse+json", example = json!({
                            "items": [{ "code": $code, "label": { "de": $de } }]
                        }))
                    )
                ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
                extensions(("x-problems" = json!([400, 401, 406, 500, 503]))),
                security((), ("bearer" = []))
            )]
            async fn $operation(context: Context) -> Result<HttpResponse, Problem> {
                respond_list(&context, $name)
            }
        )+

        #[derive(OpenApi)]
        #[openapi(
            tags((name = "reference", description = "Labels in German and English: code lists, and the values of all \
                enumerations. In this document, `x-vocabulary` names the vocabulary of an enumeration. Public. Working \
                areas, which the coordination office can extend, have their own tag.")),
            paths(list_vocabularies, get_vocabulary, $($operation),+)
        )]
        struct Lists;

        /// The paths of all operations.
        pub(super) const PATHS: &[&str] = &[ALL, ONE, $($path),+];

        /// Registers the operations.
        pub(crate) fn routes(config: &mut ServiceConfig) {
            $(Routes::at($path).get($operation).register(config);)+
            Routes::at(ALL).get(list_vocabularies).register(config);
            // The last one, because it matches the paths of the others.
            Routes::at(ONE).get(get_vocabulary).register(config);
        }
    };
}

/// List vocabularies
///
/// Returns all labels at once: those of all enumerations and code lists, in the order in which to show them. Working
/// areas are not among them: see `GET /api/v1/reference/working-areas`.
#[utoipa::path(
    get,
    path = "/api/v1/reference",
    tag = "reference",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
    responses((
        status = 200,
        description = "All vocabularies.",
        headers(("ETag" = String, description = "The entity tag.")),
        content(
            (ReferenceVocabularies = "application/json", example = json!({ "items": [{
                "name": "partnership-statuses",
                "items": [{
                    "code": "suspended",
                    "label": { "de": "Ruhend", "en": "Suspended" },
                    "description": { "de": "ausgesetzt", "en": "on hold" }
                }]
            }] })),
            (Vocabularies = "application/vnd.vku.sparse+json", example = json!({ "items": [{
                "name": "partnership-statuses",
                "items": [{
                    "code": "suspended",
                    "label": { "de": "Ruhend" },
                    "description": { "de": "ausgesetzt" }
                }]
            }] }))
        )
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 406, 500, 503]))),
    security((), ("bearer" = []))
)]
async fn list_vocabularies(context: Context) -> Result<HttpResponse, Problem> {
    static DOCUMENTS: InLanguages = InLanguages::new();
    respond(&context, &DOCUMENTS, |lang| {
        let all = VOCABULARIES.iter().map(|vocabulary| (vocabulary.name.as_str(), vocabulary.entries()));
        serde_json::to_vec(&Vocabularies::new(all, lang))
    })
}

/// Get a vocabulary
///
/// Returns the values of an enumeration or of a code list with their labels, in the order in which to show them.
#[utoipa::path(
    get,
    path = "/api/v1/reference/{vocabulary}",
    tag = "reference",
    params(
        ("vocabulary" = String, Path, description = "The name of the vocabulary: that of `x-vocabulary` in this \
            document. `GET /api/v1/reference` lists all of them.", example = "partnership-statuses"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")
    ),
    responses((
        status = 200,
        description = "The vocabulary.",
        headers(("ETag" = String, description = "The entity tag.")),
        content(
            (ReferenceList = "application/json", example = json!({ "items": [{
                "code": "suspended",
                "label": { "de": "Ruhend", "en": "Suspended" },
                "description": { "de": "ausgesetzt", "en": "on hold" }
            }] })),
            (List = "application/vnd.vku.sparse+json", example = json!({ "items": [{
                "code": "suspended",
                "label": { "de": "Ruhend" },
                "description": { "de": "ausgesetzt" }
            }] }))
        )
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 404, 406, 500, 503]))),
    security((), ("bearer" = []))
)]
async fn get_vocabulary(context: Context) -> Result<HttpResponse, Problem> {
    let name = context.request.match_info().get("vocabulary").unwrap_or_default().to_owned();
    respond_list(&context, &name)
}

lists! {
    /// List sectors
    ///
    /// Returns the sectors (German: Sparten) in which utilities work.
    list_sectors: "sectors" at "/api/v1/reference/sectors" = "water", "Trinkwasser", "Drinking water";

    /// List countries
    ///
    /// Returns countries and territories: ISO 3166-1 alpha-2, and `XK` for Kosovo. The labels are those of the Unicode
    /// CLDR.
    list_countries: "countries" at "/api/v1/reference/countries" = "ZM", "Sambia", "Zambia";

    /// List languages
    ///
    /// Returns languages: ISO 639-1. The labels are those of the Unicode CLDR.
    list_languages: "languages" at "/api/v1/reference/languages" = "uk", "Ukrainisch", "Ukrainian";

    /// List climate zones
    ///
    /// Returns the 30 classes of the Köppen–Geiger climate classification (Beck et al., 2018).
    list_climate_zones: "climate-zones" at "/api/v1/reference/climate-zones" = "ET", "Polar, Tundra", "Polar, tundra";

    /// List SDG targets
    ///
    /// Returns the 169 targets of the United Nations Sustainable Development Goals, with shortened labels.
    list_sdg_targets: "sdg-targets" at "/api/v1/reference/sdg-targets" = "15.4", "Bergökosysteme erhalten",
        "Ensure the conservation of mountain ecosystems";

    /// List DAC purpose codes
    ///
    /// Returns the purpose codes of the Creditor Reporting System of the OECD DAC, as used by IATI, without withdrawn
    /// codes. The first three digits are the DAC sector: `140` is water supply and sanitation.
    list_dac_codes: "dac-codes" at "/api/v1/reference/dac-codes" = "14021", "Wasserversorgung – große Systeme",
        "Water supply – large systems";
}

/// The OpenAPI document of the operations.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Lists::openapi()
}
