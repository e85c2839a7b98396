//! Counts of members, and their growth.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::value::CalendarDate;
use vku_domain::member::Member;
use vku_domain::statistics::{Growth, MembersBy, growth};

use super::{Key, visible};
use crate::kernel::codec::{text, text_opt};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::table::column;
use crate::kernel::transaction::Reader;

/// The counts of members by key, or their growth by quarter.
#[derive(Clone, Debug)]
pub enum Members {
    /// The counts, ordered by key.
    Counted(Vec<(Key, u64)>),
    /// The growth, ordered by time.
    Grown(Vec<Growth>),
}

impl Reader<'_> {
    /// Returns the total number of members, and the counts by key.
    ///
    /// Errors: 401, 403.
    pub async fn count_members(&self, by: MembersBy) -> Result<(u64, Members), Error> {
        self.actor().require_read(Member::INFO)?;
        let own = |key: SimpleExpr| {
            Query::select()
                .expr_as(key.clone(), "key")
                .expr_as(column::<Member>("id").count(), "number")
                .from(Member::NAME)
                .cond_where(visible::<Member>(self))
                .add_group_by([key])
                .take()
        };
        let select = match by {
            MembersBy::Status => own(column::<Member>("status")),
            MembersBy::RegionalGroup => own(column::<Member>("regional_group")),
            MembersBy::Sector => Query::select()
                .expr_as(Expr::col(("utility_set", "value")), "key")
                .expr_as(column::<Member>("id").count_distinct(), "number")
                .from(Member::NAME)
                .inner_join(
                    "utility_set",
                    Expr::col(("utility_set", "owner_id")).equals((Member::NAME, "utility_id")),
                )
                .and_where(Expr::col(("utility_set", "field")).eq("sectors"))
                .cond_where(visible::<Member>(self))
                .add_group_by([Expr::col(("utility_set", "value"))])
                .take(),
            MembersBy::Quarter => return Ok((self.total::<Member>().await?, self.growth().await?)),
        };
        Ok((self.total::<Member>().await?, Members::Counted(self.counts(&select).await?)))
    }

    async fn growth(&self) -> Result<Members, Error> {
        let select = Query::select()
            .expr(column::<Member>("joined_on"))
            .expr(column::<Member>("left_on"))
            .from(Member::NAME)
            .cond_where(visible::<Member>(self))
            .and_where(column::<Member>("joined_on").is_not_null())
            .take();
        let date = |day: &CalendarDate| day.as_str().parse().map_err(|_| Corrupt::from("an invalid date"));
        let mut memberships = Vec::new();
        for row in self.found(&select).await? {
            let joined: CalendarDate = text(row.try_get("", "joined_on").map_err(failed)?)?;
            let left: Option<CalendarDate> = text_opt(row.try_get("", "left_on").map_err(failed)?)?;
            memberships.push((date(&joined)?, left.as_ref().map(date).transpose()?));
        }
        Ok(Members::Grown(growth(memberships, self.actor().today())))
    }
}
