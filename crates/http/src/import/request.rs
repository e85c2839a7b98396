//! The parameters of a request for an import.

use vku_domain::bilingual;
use vku_domain::import::{ImportMode, OnError, Order};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::violation::{FieldError, Violations};
use vku_persistence::collections;
use vku_persistence::import::permission::may_import;
use vku_transfer::import::{Charset, ImportFormat};

use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;

/// The parameters of a request for an import.
pub(super) struct ImportRequest {
    pub(super) order: Order,
    pub(super) format: Option<ImportFormat>,
    pub(super) dry_run: bool,
}

impl ImportRequest {
    /// Parses the query string.
    ///
    /// Errors: 400 with all invalid parameters; 401, 403 if the caller may not import the collection.
    pub(super) async fn of(context: &Context) -> Result<Self, Problem> {
        if !context.actor.is_staff() {
            return Err(context.actor.refusal().into());
        }
        let mut parameters = Parameters::new(context.parameters()?);
        let resource = parameters.once("resource");
        let mode: Option<ImportMode> = parameters.get("mode");
        let on_error: Option<OnError> = parameters.get("on_error");
        let (dry_run, format) = (parameters.get("dry_run"), parameters.get("format"));
        let sheet = parameters.once("sheet");
        let charset = match parameters.once("charset").map(|label| label.parse::<Charset>()) {
            Some(Err(fault)) => parameters.fault::<Option<Charset>>("charset", fault),
            given => given.transpose().unwrap_or_default(),
        };
        let names = collections();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let resource = match resource {
            Some(name) if names.contains(&name.as_str()) => name,
            Some(name) => parameters.fault("resource", FieldError::unknown_value(&name, &names)),
            None => {
                let all = names.join("`, `");
                let detail = bilingual!(
                    "`resource` is required: the collection of the rows. Allowed: `{all}`.",
                    "`resource` ist erforderlich: was die Zeilen sind. Erlaubt: `{all}`."
                );
                parameters.fault("resource", FieldError::new("required", detail))
            }
        };
        parameters.finish().map_err(Error::parameters)?;
        may_import(&resource, &context.actor)?;
        let mode = mode.unwrap_or(ImportMode::Create);
        let on_error = on_error.unwrap_or(OnError::Abort);
        let charset = charset.map(|charset| charset.name().to_owned());
        Ok(Self {
            order: Order { resource, mode, on_error, format: String::new(), sheet, charset },
            format,
            dry_run,
        })
    }
}

/// Rejects parameters that do not apply to the format of the file.
pub(super) fn applicable(order: &Order, format: ImportFormat) -> Result<(), Error> {
    let mut violations = Violations::default();
    if order.sheet.is_some() && format != ImportFormat::Xlsx {
        let detail = bilingual!(
            "`sheet` is only for workbooks, and this file is not a workbook.",
            "`sheet` nennt ein Blatt einer Arbeitsmappe; diese Datei ist keine."
        );
        violations.parameter("sheet", "not_applicable", detail);
    }
    if order.charset.is_some() && format == ImportFormat::Xlsx {
        let detail = bilingual!(
            "`charset` is only for text files; a workbook declares its encoding itself.",
            "`charset` gilt für Textdateien; eine Arbeitsmappe sagt selbst, wie sie kodiert ist."
        );
        violations.parameter("charset", "not_applicable", detail);
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::parameters(violations)) }
}
