//! The list of all vocabularies.

use std::sync::{LazyLock, OnceLock};

use vku_domain::activity::ActivityKind;
use vku_domain::agenda::AgendaKind;
use vku_domain::code_lists::{COUNTRIES, DAC_CODES, LANGUAGES, SDG_TARGETS, SDGS};
use vku_domain::document::DocumentKind;
use vku_domain::feed::FeedAction;
use vku_domain::funding::FundingKind;
use vku_domain::guest::GuestStatus;
use vku_domain::import::{EncodingSource, ImportMode, ImportStatus, OnError};
use vku_domain::interest::InterestStatus;
use vku_domain::kernel::access::actor::Role;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::change_log::ChangeAction;
use vku_domain::kernel::resource::lifecycle::UNKNOWN;
use vku_domain::kernel::resource::projection::FieldTree;
use vku_domain::kernel::tabular::{ColumnSet, CsvDialect, field_label};
use vku_domain::kernel::value::{ClimateZone, Sector, Visibility};
use vku_domain::kernel::vocabulary::{self, Entry, same_in_both, unknown};
use vku_domain::mail::MailState;
use vku_domain::matching::{Among, Climate, Exclusion, Part};
use vku_domain::member::MemberStatus;
use vku_domain::minutes::MinutesStatus;
use vku_domain::organisation::OrganisationKind;
use vku_domain::partnership::{BasisKind, ParticipantRole, PartnershipStatus};
use vku_domain::policy_update::PolicyLevel;
use vku_domain::programme::ProgrammeKind;
use vku_domain::registration::{Attendance, RegistrationStatus};
use vku_domain::search::SearchedKind;
use vku_domain::session::{Registering, RegistrationReason, SessionFormat, SessionKind, SessionStatus};
use vku_domain::statistics::{
    FiguresFormat, FundingBy, MembersBy, PartnershipFiguresFormat, PartnershipsBy, SessionsBy,
};
use vku_domain::topic::TopicStatus;
use vku_domain::utility::UtilityKind;
use vku_domain::webhook::{
    DeliveryFailure, DeliveryState, WatchedResource, WebhookContent, WebhookDisabledReason, WebhookRole,
};
use vku_persistence::tables;
use vku_transfer::format::Format;
use vku_transfer::import::ImportFormat;

use super::InLanguages;
use crate::kernel::openapi::vocabulary_names::{expansions, fields, or_unknown};

/// A vocabulary.
pub(super) struct Vocabulary {
    /// The name, as it is written in URLs.
    pub(super) name: String,
    source: Source,
    entries: OnceLock<Vec<Entry>>,
    /// The responses.
    pub(super) documents: InLanguages,
}

/// Where the entries of a vocabulary come from.
enum Source {
    /// An enumeration, or a file.
    List(fn() -> Vec<Entry>),
    /// An enumeration of statuses, in a filter that also finds resources without a known status.
    ListOrUnknown(fn() -> Vec<Entry>),
    /// The paths of fields.
    Fields(Vec<&'static str>),
}

impl Vocabulary {
    fn new(name: impl Into<String>, source: Source) -> Self {
        Self { name: name.into(), source, entries: OnceLock::new(), documents: InLanguages::new() }
    }

    fn of<T: vocabulary::Vocabulary>() -> Self {
        Self::new(T::NAME, Source::List(T::entries))
    }

    fn or_unknown<T: vocabulary::Vocabulary>() -> Self {
        Self::new(or_unknown(T::NAME), Source::ListOrUnknown(T::entries))
    }

    /// Returns the values with their labels.
    pub(super) fn entries(&self) -> &[Entry] {
        self.entries.get_or_init(|| match &self.source {
            Source::List(entries) => entries(),
            Source::ListOrUnknown(entries) => {
                entries().into_iter().chain([Entry::new(UNKNOWN, unknown())]).collect()
            }
            Source::Fields(paths) => {
                let label = |path: &str| field_label(path).unwrap_or_else(|| same_in_both(path));
                paths.iter().map(|path| Entry::new(*path, label(path))).collect()
            }
        })
    }
}

macro_rules! enumerations {
    ($($type:ty),+ $(,)?) => { [$(Vocabulary::of::<$type>()),+] };
}

macro_rules! statuses {
    ($($type:ty),+ $(,)?) => { [$(Vocabulary::of::<$type>(), Vocabulary::or_unknown::<$type>()),+] };
}

macro_rules! code_lists {
    ($($name:literal = $list:ident),+ $(,)?) => {
        [$(Vocabulary::new($name, Source::List(|| $list.entries().to_vec()))),+]
    };
}

/// All vocabularies, sorted by name.
pub(super) static VOCABULARIES: LazyLock<Vec<Vocabulary>> = LazyLock::new(|| {
    let enumerations = enumerations![
        ActivityKind,
        AgendaKind,
        Among,
        Attendance,
        BasisKind,
        ChangeAction,
        Climate,
        ClimateZone,
        ColumnSet,
        CsvDialect,
        DeliveryFailure,
        DeliveryState,
        DocumentKind,
        EncodingSource,
        Exclusion,
        FeedAction,
        FiguresFormat,
        Format,
        FundingBy,
        FundingKind,
        ImportFormat,
        ImportMode,
        ImportStatus,
        InterestStatus,
        Locale,
        MailState,
        MembersBy,
        OnError,
        OrganisationKind,
        Part,
        ParticipantRole,
        PartnershipFiguresFormat,
        PartnershipsBy,
        PolicyLevel,
        ProgrammeKind,
        Registering,
        RegistrationReason,
        Role,
        SearchedKind,
        Sector,
        SessionFormat,
        SessionKind,
        SessionsBy,
        UtilityKind,
        Visibility,
        WatchedResource,
        WebhookContent,
        WebhookDisabledReason,
        WebhookRole,
    ];
    let statuses = statuses![
        GuestStatus,
        MemberStatus,
        MinutesStatus,
        PartnershipStatus,
        RegistrationStatus,
        SessionStatus,
        TopicStatus,
    ];
    let code_lists = code_lists![
        "countries" = COUNTRIES,
        "dac-codes" = DAC_CODES,
        "languages" = LANGUAGES,
        "sdg-targets" = SDG_TARGETS,
        "sdgs" = SDGS,
    ];
    let mut all: Vec<_> = enumerations.into_iter().chain(statuses).chain(code_lists).collect();
    for table in tables() {
        let members = FieldTree::of(table.info());
        let paths = members.fields.iter().map(String::as_str).collect();
        all.push(Vocabulary::new(fields(table.info().name), Source::Fields(paths)));
        if !members.expansions.is_empty() {
            let paths = members.expansions.iter().map(|it| it.name.as_str()).collect();
            all.push(Vocabulary::new(expansions(table.info().name), Source::Fields(paths)));
        }
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
});

/// Returns the vocabulary of this name.
pub(super) fn find(name: &str) -> Option<&'static Vocabulary> {
    VOCABULARIES.iter().find(|vocabulary| vocabulary.name == name)
}
