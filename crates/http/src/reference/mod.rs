//! Reference data: code lists, and the vocabularies of enumerations, with labels in German and English. Public, the
//! same for everybody, and cached for an hour.

mod operations;
mod schemas;
mod vocabularies;

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderValue, VARY};
use vku_domain::filter;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::{FilterParameters, Parameters};
use vku_transfer::format::Format;

pub(crate) use self::operations::{document, routes};
use crate::kernel::media_type::{JSON, SPARSE};
use crate::kernel::negotiation::format;
use crate::kernel::openapi::Document;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;
use crate::kernel::response::static_document::StaticDocument;

/// For how long clients and proxies may keep the lists.
const CACHED: &str = "public, max-age=3600";

/// The path of all vocabularies.
const ALL: &str = "/api/v1/reference";
/// The path of one of them.
const ONE: &str = "/api/v1/reference/{vocabulary}";

filter! {
    /// The parameters of reference lists.
    ReferenceQuery {
        /// Only the labels and descriptions in this language. The response is `application/vnd.vku.sparse+json`, in
        /// which each of them has just this one. Both languages by default, whatever `Accept-Language` names.
        lang: Option<Locale>,
    }
}

/// A document in both languages, in German and in English.
struct InLanguages([StaticDocument; 3]);

impl InLanguages {
    const fn new() -> Self {
        Self([
            StaticDocument::new(JSON, CACHED),
            StaticDocument::new(SPARSE, CACHED),
            StaticDocument::new(SPARSE, CACHED),
        ])
    }

    fn get(&self, lang: Option<Locale>) -> &StaticDocument {
        let Self([both, german, english]) = self;
        match lang {
            None => both,
            Some(Locale::De) => german,
            Some(Locale::En) => english,
        }
    }
}

/// Checks the request and responds with the document, which `make` writes in a language or in both.
fn respond(
    context: &Context,
    documents: &InLanguages,
    make: impl FnOnce(Option<Locale>) -> serde_json::Result<Vec<u8>>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::new(context.parameters()?);
    let ReferenceQuery { lang } = ReferenceQuery::take(&mut parameters);
    parameters.finish().map_err(Error::parameters)?;
    format(&context.request, None, &[Format::Json])?;
    let document = documents.get(lang);
    let mut response = document.respond(&context.request, || make(lang).map_err(Error::internal))?;
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

/// Adds the parameters to the document.
pub(crate) fn describe(document: &mut Document) {
    for path in operations::PATHS {
        document.parameters::<ReferenceQuery>(path);
    }
}
