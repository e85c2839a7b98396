//! Code lists: public, the same for everybody, and cached for an hour.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, VARY};
use actix_web::web::ServiceConfig;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use vku_domain::code_lists::{self, Entry, List};
use vku_transfer::format::Format;

use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::request::params::parse_write_flags;
use crate::kernel::resource::routes::Routes;
use crate::kernel::response::conditional::respond_json;

/// A reference list.
#[derive(Serialize, ToSchema)]
pub struct ReferenceList {
    /// All codes.
    #[schema(value_type = Vec<Entry>)]
    items: &'static [Entry],
}

fn respond(context: &Context, list: &'static List) -> Result<HttpResponse, Problem> {
    let [] = parse_write_flags(&context.request, [])?;
    format(&context.request, None, &[Format::Json])?;
    let mut response = respond_json(context, &ReferenceList { items: list.entries() })?;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

/// Declares the lists: path and data, with the summary, description and example of the operation.
macro_rules! lists {
    ($(
        $(#[doc = $doc:literal])+
        $operation:ident: $path:literal = $list:ident, $code:literal, $de:literal, $en:literal;
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
                    body = ReferenceList,
                    example = json!({ "items": [{ "code": $code, "label": { "de": $de, "en": $en } }] })
                ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
                extensions(("x-problems" = json!([400, 401, 406, 500, 503]))),
                security((), ("bearer" = []))
            )]
            async fn $operation(context: Context) -> Result<HttpResponse, Problem> {
                respond(&context, &code_lists::$list)
            }
        )+

        #[derive(OpenApi)]
        #[openapi(
            tags((name = "reference", description = "Code lists with German and English labels. Public. Working \
                areas, which the coordination office can extend, have their own tag.")),
            paths($($operation),+)
        )]
        struct Lists;

        /// Registers the lists.
        pub(crate) fn routes(config: &mut ServiceConfig) {
            $(Routes::at($path).get($operation).register(config);)+
        }
    };
}

lists! {
    /// List sectors
    ///
    /// Returns the sectors (German: Sparten) in which utilities work.
    list_sectors: "/api/v1/reference/sectors" = SECTORS, "water", "Trinkwasser", "Drinking water";

    /// List countries
    ///
    /// Returns countries and territories: ISO 3166-1 alpha-2, and `XK` for Kosovo. The labels are those of the Unicode
    /// CLDR.
    list_countries: "/api/v1/reference/countries" = COUNTRIES, "ZM", "Sambia", "Zambia";

    /// List languages
    ///
    /// Returns languages: ISO 639-1. The labels are those of the Unicode CLDR.
    list_languages: "/api/v1/reference/languages" = LANGUAGES, "uk", "Ukrainisch", "Ukrainian";

    /// List climate zones
    ///
    /// Returns the 30 classes of the Köppen–Geiger climate classification (Beck et al., 2018).
    list_climate_zones: "/api/v1/reference/climate-zones" = CLIMATE_ZONES, "ET", "Polar, Tundra", "Polar, tundra";

    /// List SDG targets
    ///
    /// Returns the 169 targets of the United Nations Sustainable Development Goals, with shortened labels.
    list_sdg_targets: "/api/v1/reference/sdg-targets" = SDG_TARGETS, "15.4", "Bergökosysteme erhalten",
        "Ensure the conservation of mountain ecosystems";

    /// List DAC purpose codes
    ///
    /// Returns the purpose codes of the Creditor Reporting System of the OECD DAC, as used by IATI, without withdrawn
    /// codes. The first three digits are the DAC sector: `140` is water supply and sanitation.
    list_dac_codes: "/api/v1/reference/dac-codes" = DAC_CODES, "14021", "Wasserversorgung – große Systeme",
        "Water supply – large systems";
}

/// The OpenAPI document of the lists.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Lists::openapi()
}
