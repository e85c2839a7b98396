//! Statistics of members, and of their growth.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::bilingual;
use vku_domain::code_lists::Label;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::tabular::Kind;
use vku_domain::matching::Sentence;
use vku_domain::member::Member;
use vku_domain::statistics::{Growth, MemberFigures, MembersBy};
use vku_persistence::kernel::transaction::Reader;
use vku_persistence::statistics::{Key, Members};

use super::charts::{ChartLabels, Figure, by_number, in_order};
use super::{Figures, KEY_COLUMNS, negotiate, parse_query};
use crate::chart::Size;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;

/// The number of members in one group of the statistics.
#[derive(Serialize, ToSchema)]
pub struct MemberCount {
    /// The status, the sector, the name or the quarter; `unknown` if unknown.
    key: String,
    /// The name of the group.
    label: Label,
    /// The number of members; for a quarter, at its end.
    members: u64,
    /// The number of members that joined in the quarter.
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<u64>,
    /// The number of members that left in the quarter.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<u64>,
}

/// Member statistics.
#[derive(Serialize, ToSchema)]
pub struct MemberStatistics {
    /// How the members are grouped.
    by: MembersBy,
    /// The rule by which members are counted.
    rule: Sentence,
    /// The total number of members, regardless of status.
    total: u64,
    /// The numbers, by group.
    items: Vec<MemberCount>,
}

impl MemberStatistics {
    async fn of(reader: &Reader<'_>, by: MembersBy) -> Result<Self, Error> {
        let (total, members) = reader.count_members(by).await?;
        let item = |key: String, members, joined, left| {
            let label = by.key_label(&key).into();
            MemberCount { key, label, members, joined, left }
        };
        let items = match members {
            Members::Counted(counts) => {
                let items =
                    counts.into_iter().map(|(Key { key, .. }, members)| item(key, members, None, None));
                items.collect()
            }
            Members::Grown(quarters) => {
                let items = quarters.into_iter().map(|Growth { quarter, joined, left, members }| {
                    item(quarter, members, Some(joined), Some(left))
                });
                items.collect()
            }
        };
        Ok(Self { by, rule: by.counting_rule().into(), total, items })
    }
}

impl Figures for MemberStatistics {
    const COLUMNS: &'static [(&'static str, Kind)] = &[
        KEY_COLUMNS[0],
        KEY_COLUMNS[1],
        KEY_COLUMNS[2],
        ("members", Kind::Number),
        ("joined", Kind::Number),
        ("left", Kind::Number),
    ];

    type Item = MemberCount;

    fn items(&self) -> &[Self::Item] {
        &self.items
    }

    fn chart(&self, locale: Locale, size: Size) -> Result<String, Error> {
        let by = self.by;
        let labels =
            ChartLabels { title: by.title(), counted: bilingual!("Members", "Mitglieder"), axis: by.label() };
        let figures = self.items.iter().map(|it| Figure {
            key: &it.key,
            label: &it.label,
            number: it.members,
            position: by.fixed_position(&it.key),
        });
        let figures: Vec<_> = figures.collect();
        match by {
            MembersBy::Quarter => in_order(labels, &figures, locale, size),
            _ => by_number(labels, figures, locale, size),
        }
    }
}

/// Count members
///
/// Counts the members that you may see by status, regional group or sector, or the members that joined and left, by
/// quarter. Available as JSON with the counting rule, as a table (`format=csv`), or as a chart (`format=svg`) in German
/// or English (`Accept-Language`). For every account.
#[utoipa::path(
    get,
    path = "/api/v1/statistics/members",
    tag = "statistics",
    operation_id = "get_member_statistics",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of your copy.")),
    responses((
        status = 200,
        description = "The statistics.",
        headers(("ETag" = String, description = "The entity tag.")),
        content(
            (MemberStatistics = "application/json", example = json!({
                "by": "quarter",
                "rule": {
                    "de": "Gezählt werden Mitglieder mit bekanntem `joined_on`.",
                    "en": "Members with a known `joined_on` are counted."
                },
                "total": 37,
                "items": [{
                    "key": "2026-Q2",
                    "label": { "de": "2026-Q2", "en": "2026-Q2" },
                    "members": 31,
                    "joined": 4,
                    "left": 1
                }]
            })),
            (String = "text/csv", example = json!(
                "key,label.de,label.en,members,joined,left\r\n2026-Q2,2026-Q2,2026-Q2,31,4,1\r\n"
            )),
            (String = "image/svg+xml", example = "<svg xmlns=\"http://www.w3.org/2000/svg\">…</svg>")
        )
    ), (status = 304, description = "Your copy is still current (`If-None-Match`).")),
    extensions(("x-problems" = json!([400, 401, 403, 406, 500, 503]))),
    security(("bearer" = ["members:read"]))
)]
pub async fn get_member_statistics(context: Context) -> Result<HttpResponse, Problem> {
    context.actor.require_read(Member::INFO)?;
    let MemberFigures { by, format } = parse_query(&context)?;
    let by = by.unwrap_or(MembersBy::Status);
    negotiate(&context, format, async |reader| MemberStatistics::of(reader, by).await).await
}
