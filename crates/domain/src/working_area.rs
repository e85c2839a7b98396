//! Working areas (Arbeitsfelder), in which utilities work together. The coordination office maintains the list.

use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bilingual;
use crate::kernel::access::actor::Actor;
use crate::kernel::access::policy::{Policy, STAFF_WRITES};
use crate::kernel::input::validators::single_lines;
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::search::{Field, Texts};
use crate::kernel::value::{Localized, Slug, WorkingAreaCode};
use crate::kernel::violation::Violations;

/// The languages in which a label is required.
const LANGUAGES: [&str; 2] = ["de", "en"];

/// An area in which utilities work together, offer advice or seek advice. Always public.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct WorkingArea {
    /// The code, 2 to 60 characters; generated from the English label by default, and never changed.
    #[deserr(default)]
    pub slug: Option<Slug>,
    /// The label: in German and English, and optionally in other languages.
    pub label: Localized,
}

/// The members that the store derives for a working area.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct WorkingAreaDerived {
    /// The code, which is the same as the slug.
    #[schema(value_type = WorkingAreaCode)]
    pub code: String,
}

crate::list_filter! {
    /// The filters of the list of working areas.
    WorkingAreaFilter of WorkingArea {
        /// The code.
        code: Vec<WorkingAreaCode> => one_of(slug = derived.code.parse::<WorkingAreaCode>().ok()),
    }
}

crate::word_list! {
    /// The keys by which working areas can be sorted.
    WorkingAreaSort {
        /// the code
        Code = "code",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(WorkingAreaSort, default: [(Self::Code, Ascending)]);

impl Resource for WorkingArea {
    const NAME: &'static str = "working_area";
    const PATH: &'static str = "working-areas";
    const POLICY: Policy = STAFF_WRITES;
    const SLUG: Option<fn(&mut Self) -> &mut Option<Slug>> = Some(|data| &mut data.slug);
    const NAME_FIELD: &'static str = "label";
    const DERIVED: &'static [&'static str] = &["code"];
    const IMMUTABLE_FIELDS: &'static [&'static str] = &["slug"];

    type Parent = ();
    type Filter = WorkingAreaFilter;
    type Sort = WorkingAreaSort;
    type Status = NoStatus;
    type Derived = WorkingAreaDerived;

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&()>, _actor: &Actor) -> bool {
        false
    }

    fn validate(&self, violations: &mut Violations) {
        for language in LANGUAGES.into_iter().filter(|language| self.label.get(language).is_none()) {
            let detail = bilingual!(
                "The label is required in German and English; `{language}` is missing.",
                "Die Bezeichnung wird deutsch und englisch gebraucht; `{language}` fehlt."
            );
            violations.member(format!("/label/{language}"), "required", detail);
        }
        single_lines(&self.label, "/label", violations);
        let is_code = |slug: &Slug| slug.as_str().parse::<WorkingAreaCode>();
        match &self.slug {
            Some(slug) => {
                if let Err(fault) = is_code(slug) {
                    violations.member("/slug", fault.code, fault.detail);
                }
            }
            None => {
                // Also with a number appended, in case the code is taken.
                let made = Slug::from_name(self.label());
                if [made.numbered(999), made].iter().any(|slug| is_code(slug).is_err()) {
                    let detail = bilingual!(
                        "The label is too long or too short to generate a code from: specify a `slug`.",
                        "Die Bezeichnung ist zu lang oder zu kurz für einen Code: Nennen Sie einen `slug`."
                    );
                    violations.member("/slug", "required", detail);
                }
            }
        }
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.localized(Field::Name, "label", [&self.label]);
        texts.details("slug", &self.slug);
    }

    fn label(&self) -> &str {
        self.label.best()
    }
}
