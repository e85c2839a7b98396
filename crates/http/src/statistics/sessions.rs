//! Statistics of sessions and their participants.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::code_lists::Label;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::tabular::Kind;
use vku_domain::matching::Sentence;
use vku_domain::session::Session;
use vku_domain::statistics::{SessionFigures, SessionsBy};
use vku_persistence::kernel::transaction::Reader;
use vku_persistence::statistics::{Attendance, Key};

use super::charts::{ChartLabels, Figure, by_number, by_year};
use super::{Figures, KEY_COLUMNS, negotiate, parse_query};
use crate::chart::Size;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;

/// The numbers of sessions and participants in one group of the statistics.
#[derive(Serialize, ToSchema)]
pub struct SessionCount {
    /// The year, the kind, the sector or the name; `unknown` if unknown.
    key: String,
    /// The name of the group.
    label: Label,
    /// The number of sessions.
    sessions: u64,
    /// The number of people who have, or had, a seat. For readers and the coordination office.
    #[serde(skip_serializing_if = "Option::is_none")]
    registered: Option<u64>,
    /// The number of people who attended. For readers and the coordination office.
    #[serde(skip_serializing_if = "Option::is_none")]
    attended: Option<u64>,
}

/// Session statistics.
#[derive(Serialize, ToSchema)]
pub struct SessionStatistics {
    /// How the sessions are grouped.
    by: SessionsBy,
    /// The rule by which sessions and people are counted.
    rule: Sentence,
    /// The total number of sessions that are published or have been held.
    total: u64,
    /// The numbers, by group.
    items: Vec<SessionCount>,
}

impl SessionStatistics {
    async fn of(reader: &Reader<'_>, by: SessionsBy) -> Result<Self, Error> {
        let (total, sessions) = reader.count_sessions(by).await?;
        let items = sessions.into_iter().map(|(Key { key, .. }, it)| {
            let Attendance { sessions, registered, attended } = it;
            SessionCount { label: by.key_label(&key).into(), key, sessions, registered, attended }
        });
        Ok(Self { by, rule: by.counting_rule().into(), total, items: items.collect() })
    }
}

impl Figures for SessionStatistics {
    const COLUMNS: &'static [(&'static str, Kind)] = &[
        KEY_COLUMNS[0],
        KEY_COLUMNS[1],
        KEY_COLUMNS[2],
        ("sessions", Kind::Number),
        ("registered", Kind::Number),
        ("attended", Kind::Number),
    ];

    type Item = SessionCount;

    fn items(&self) -> &[Self::Item] {
        &self.items
    }

    fn chart(&self, locale: Locale, size: Size) -> Result<String, Error> {
        let by = self.by;
        let labels = ChartLabels { title: by.title(), counted: by.counted_noun(), axis: by.label() };
        let figures = self.items.iter().map(|it| {
            let number = match by {
                SessionsBy::RegionalGroup => it.registered.unwrap_or_default(),
                SessionsBy::Year | SessionsBy::Kind | SessionsBy::Sector => it.sessions,
            };
            Figure { key: &it.key, label: &it.label, number, position: None }
        });
        let figures: Vec<_> = figures.collect();
        match by {
            SessionsBy::Year => by_year(labels, &figures, locale, size),
            _ => by_number(labels, figures, locale, size),
        }
    }
}

/// Count sessions
///
/// Counts the sessions that you may see by year, kind or sector. For readers and the coordination office, the response
/// also counts the people who registered and attended, and can be grouped by regional group. Available as JSON with the
/// counting rule, as a table (`format=csv`), or as a chart (`format=svg`) of the sessions, or of the registrations by
/// regional group, in German or English (`Accept-Language`).
///
/// An API key needs the scope `sessions:read`, and `members:read` for regional groups.
#[utoipa::path(
    get,
    path = "/api/v1/statistics/sessions",
    tag = "statistics",
    operation_id = "get_session_statistics",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
    responses((
        status = 200,
        description = "The statistics.",
        headers(("ETag" = String, description = "The entity tag.")),
        content(
            (SessionStatistics = "application/json", example = json!({
                "by": "year",
                "rule": {
                    "de": "Jede veröffentlichte oder abgehaltene Sitzung zählt einmal, im Jahr ihres Beginns.",
                    "en": "Each session that is published or has been held counts once, for the year in which the \
                        session begins."
                },
                "total": 25,
                "items": [{
                    "key": "2026",
                    "label": { "de": "2026", "en": "2026" },
                    "sessions": 6,
                    "registered": 143,
                    "attended": 98
                }]
            })),
            (String = "text/csv", example = json!(
                "key,label.de,label.en,sessions,registered,attended\r\n2026,2026,2026,6,143,98\r\n"
            )),
            (String = "image/svg+xml", example = "<svg xmlns=\"http://www.w3.org/2000/svg\">…</svg>")
        )
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 406, 500, 503]))),
    security((), ("bearer" = ["sessions:read"]))
)]
pub async fn get_session_statistics(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require_read(Session::INFO)?;
    let SessionFigures { by, format } = parse_query(&context)?;
    let by = by.unwrap_or(SessionsBy::Year);
    negotiate(&context, format, async |reader| SessionStatistics::of(reader, by).await).await
}
