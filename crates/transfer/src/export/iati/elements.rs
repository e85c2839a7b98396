//! The parts of a partnership in its activity: budgets, documents and results.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use vku_domain::funding::Funding;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::value::{Currency, Decimal, Money, PartialDate};
use vku_domain::partnership::Partnership;
use vku_domain::result::{PartnershipResult, ResultValue};

use super::activity::Activity;
use super::allocation::by_year;
use super::codes;

/// The amount, first day and last day of a funding phase; `None` if one of them is unknown, or if the money is not
/// from a funder.
pub(super) fn budgeted(phase: &Funding) -> Option<(&Money, NaiveDate, NaiveDate)> {
    let known =
        || Some((phase.amount.as_ref()?, phase.from.as_ref()?.first_day(), phase.to.as_ref()?.last_day()));
    if phase.kind.is_of_funders() { known() } else { None }
}

impl Activity<'_> {
    /// Writes the money of the funders, from phases whose amount, start and end are known: one budget per calendar
    /// year and currency, because the periods of two budgets of one type must not overlap (IATI, "budget").
    pub(super) fn budgets(&mut self, item: &Stored<Partnership>) -> Result<(), Error> {
        let phases = self.material.funding(item.id).iter().filter_map(|phase| budgeted(&phase.data));
        let mut budgets: BTreeMap<(i32, &str), (NaiveDate, NaiveDate, i64, &Currency)> = BTreeMap::new();
        for (amount, from, to) in phases {
            for (from, to, minor) in by_year(from, to, amount.minor_units()) {
                let currency = amount.currency();
                let budget =
                    budgets.entry((from.year(), currency.as_str())).or_insert((from, to, 0, currency));
                *budget = (budget.0.min(from), budget.1.max(to), budget.2.saturating_add(minor), currency);
            }
        }
        for (from, to, minor, currency) in budgets.into_values() {
            let money = Money::from_minor(minor, currency.clone());
            let from = from.to_string();
            self.xml.open("budget", &[("type", "1")])?;
            self.xml.empty("period-start", &[("iso-date", &from)])?;
            self.xml.empty("period-end", &[("iso-date", &to.to_string())])?;
            let attributes = [("currency", currency.as_str()), ("value-date", from.as_str())];
            self.xml.text("value", &attributes, &money.amount())?;
            self.xml.close("budget")?;
        }
        Ok(())
    }

    /// Writes the documents, and the source of the partnership's data.
    pub(super) fn documents(&mut self, item: &Stored<Partnership>) -> Result<(), Error> {
        for document in self.material.documents(item.id) {
            let it = &document.data;
            let category = codes::document_category(it.kind);
            let language = it.language.as_str();
            self.begin_document(it.url.as_str())?;
            self.narrative_in("title", &[], it.title.as_str(), language)?;
            self.end_document(category, Some(language))?;
        }
        match &item.data.source_url {
            Some(source) => {
                self.begin_document(source.as_str())?;
                self.own_narrative("title", &[], "Source")?;
                self.end_document("A12", None)
            }
            None => Ok(()),
        }
    }

    fn begin_document(&mut self, url: &str) -> Result<(), Error> {
        self.xml.open("document-link", &[("url", url), ("format", codes::media_type(url))])
    }

    fn end_document(&mut self, category: &str, language: Option<&str>) -> Result<(), Error> {
        self.xml.empty("category", &[("code", category)])?;
        if let Some(language) = language {
            self.xml.empty("language", &[("code", language)])?;
        }
        self.xml.close("document-link")
    }

    /// Writes each indicator as a result of its own, of the type "other", because the type is not known.
    pub(super) fn results(&mut self, item: &Stored<Partnership>, start: &PartialDate) -> Result<(), Error> {
        let material = self.material;
        for result in material.results(item.id) {
            self.xml.open("result", &[("type", "9")])?;
            self.narrative("title", &[], result.data.name.as_str())?;
            self.indicator(&result.data, start, item.data.end.as_ref())?;
            self.xml.close("result")?;
        }
        Ok(())
    }

    fn indicator(
        &mut self,
        it: &PartnershipResult,
        start: &PartialDate,
        end: Option<&PartialDate>,
    ) -> Result<(), Error> {
        let rising = it.baseline.as_ref().zip(it.target.as_ref()).and_then(|(from, to)| from.is_under(to));
        let rising = rising.map(|rising| ("ascending", if rising { "true" } else { "false" }));
        let attributes: Vec<_> =
            [("measure", codes::measure(it.unit.as_str()))].into_iter().chain(rising).collect();
        self.xml.open("indicator", &attributes)?;
        self.narrative("title", &[], &format!("{} ({})", it.name, it.unit))?;
        if let Some(baseline) = &it.baseline {
            // The baseline is the value at the start of the partnership.
            let year = start.first_day().year().to_string();
            self.xml.empty("baseline", &[("year", &year), ("value", baseline.as_str())])?;
        }
        let mut values: Vec<(NaiveDate, &ResultValue)> = Vec::with_capacity(it.values.len());
        for value in &it.values {
            values.push((value.on.as_str().parse().map_err(Error::internal)?, value));
        }
        values.sort_by_key(|(on, _)| *on);
        let mut from = start.first_day();
        for (on, value) in values {
            self.period(from.min(on), on, "actual", &value.value, value)?;
            from = on.succ_opt().unwrap_or(on);
        }
        // The target is the value at the end of the partnership; if the end is unknown, there is no period for it.
        if let Some((target, end)) = it.target.as_ref().zip(end) {
            self.open_period(start.first_day(), end.last_day())?;
            self.xml.empty("target", &[("value", target.as_str())])?;
            self.xml.close("period")?;
        }
        self.xml.close("indicator")
    }

    fn open_period(&mut self, from: NaiveDate, to: NaiveDate) -> Result<(), Error> {
        self.xml.open("period", &[])?;
        self.xml.empty("period-start", &[("iso-date", &from.to_string())])?;
        self.xml.empty("period-end", &[("iso-date", &to.to_string())])
    }

    fn period(
        &mut self,
        from: NaiveDate,
        to: NaiveDate,
        name: &str,
        number: &Decimal,
        value: &ResultValue,
    ) -> Result<(), Error> {
        self.open_period(from, to)?;
        let attributes = [("value", number.as_str())];
        match value.reported_by.as_ref().and_then(|utility| utility.summary()) {
            None => self.xml.empty(name, &attributes)?,
            Some(summary) => {
                self.xml.open(name, &attributes)?;
                self.own_narrative("comment", &[], &format!("Reported by {}", summary.label.1))?;
                self.xml.close(name)?;
            }
        }
        self.xml.close("period")
    }
}
