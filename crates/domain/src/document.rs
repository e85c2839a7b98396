//! Documents: links to what a partnership has published or agreed on.

use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::access::actor::Actor;
use crate::kernel::access::policy::{MEMBERS_WRITE_PARTNERS_CREATE_OWN, Policy};
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::search::Texts;
use crate::kernel::value::{Language, SingleLine, WebUrl};
use crate::kernel::violation::Violations;
use crate::partnership::Partnership;

crate::string_enum! {
    /// The kind of a document.
    DocumentKind in "document-kinds" {
        /// a memorandum of understanding
        Mou = "mou" ("Memorandum of understanding", "Absichtserklärung (MoU)"),
        /// a contract
        Contract = "contract" ("Contract", "Vertrag"),
        /// a report
        Report = "report" ("Report", "Bericht"),
        /// presentation slides
        Presentation = "presentation" ("Presentation", "Präsentation"),
        /// a web page
        WebPage = "web_page" ("Web page", "Webseite"),
        /// any other document
        Other = "other" ("Other document", "Sonstiges Dokument"),
    }
}

/// A document of a partnership, as a link to where it is stored.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Document {
    /// The title.
    pub title: SingleLine,
    /// The URL of the document.
    pub url: WebUrl,
    /// The kind of document.
    pub kind: DocumentKind,
    /// The language of the document (ISO 639-1).
    pub language: Language,
}

crate::list_filter! {
    /// The filters of the list of documents.
    DocumentFilter of Document {
        /// The kind of document.
        kind: Vec<DocumentKind> => one_of(kind),
        /// The language of the document (ISO 639-1).
        language: Vec<Language> => one_of(language),
    }
}

crate::word_list! {
    /// The keys by which documents can be sorted.
    DocumentSort {
        /// the title, ignoring case and accents
        Title = "title",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(DocumentSort, default: [(Self::Title, Ascending)]);

impl Resource for Document {
    const NAME: &'static str = "document";
    const PATH: &'static str = "documents";
    const POLICY: Policy = MEMBERS_WRITE_PARTNERS_CREATE_OWN;
    const NAME_FIELD: &'static str = "title";
    const MAY_REPEAT: bool = true;

    type Parent = Partnership;
    type Filter = DocumentFilter;
    type Sort = DocumentSort;
    type Status = NoStatus;
    type Derived = ();

    /// A partner can add documents to partnerships in which it takes part, and a member maintains the documents of
    /// those that it leads.
    fn is_own(&self, _id: Option<Uuid>, parent: Option<&Partnership>, actor: &Actor) -> bool {
        parent.is_some_and(|partnership| partnership.is_worked_on_by(actor))
    }

    fn validate(&self, _violations: &mut Violations) {}

    fn search_texts(&self, texts: &mut Texts) {
        texts.name("title", &self.title);
    }

    fn label(&self) -> &str {
        self.title.as_str()
    }

    /// Compares the URL.
    fn is_same_child(&self, other: &Self) -> bool {
        self.url == other.url
    }
}
