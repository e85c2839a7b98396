//! The parts of a partnership in its activity: budgets, documents, results.

use chrono::{Datelike, NaiveDate};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::value::{Decimal, Money, PartialDate};
use vku_domain::partnership::Partnership;
use vku_domain::result::{PartnershipResult, ResultValue};

use super::activity::Activity;
use super::codes;
use super::split::by_year;

impl Activity<'_> {
    /// The money of the phases whose amount, beginning and end are known, by calendar year.
    pub(super) fn budgets(&mut self, item: &Stored<Partnership>) -> Result<(), Error> {
        let phases = self.material.funding(item.id).iter().filter_map(|phase| {
            let it = &phase.data;
            Some((it.amount.as_ref()?, it.from.as_ref()?.first_day(), it.to.as_ref()?.last_day()))
        });
        for (amount, from, to) in phases {
            for (from, to, minor) in by_year(from, to, amount.minor_units()) {
                let money = Money::from_minor(minor, amount.currency().clone());
                let from = from.to_string();
                self.xml.open("budget", &[("type", "1")])?;
                self.xml.empty("period-start", &[("iso-date", &from)])?;
                self.xml.empty("period-end", &[("iso-date", &to.to_string())])?;
                let attributes = [("currency", money.currency().as_str()), ("value-date", from.as_str())];
                self.xml.text("value", &attributes, &money.amount())?;
                self.xml.close("budget")?;
            }
        }
        Ok(())
    }

    /// The documents, and where these facts were published.
    pub(super) fn documents(&mut self, item: &Stored<Partnership>) -> Result<(), Error> {
        for document in self.material.documents(item.id) {
            let it = &document.data;
            let category = codes::document_category(it.kind);
            self.document(it.url.as_str(), it.title.as_str(), category, Some(it.language.as_str()))?;
        }
        match &item.data.source_url {
            Some(source) => self.document(source.as_str(), "Source", "A12", None),
            None => Ok(()),
        }
    }

    fn document(
        &mut self,
        url: &str,
        title: &str,
        category: &str,
        language: Option<&str>,
    ) -> Result<(), Error> {
        self.xml.open("document-link", &[("url", url), ("format", codes::media_type(url))])?;
        self.titled("title", &[], title)?;
        self.xml.empty("category", &[("code", category)])?;
        if let Some(language) = language {
            self.xml.empty("language", &[("code", language)])?;
        }
        self.xml.close("document-link")
    }

    /// Each indicator as a result of its own. What kind of result it is nobody has said: other.
    pub(super) fn results(&mut self, item: &Stored<Partnership>, start: &PartialDate) -> Result<(), Error> {
        let material = self.material;
        for result in material.results(item.id) {
            self.xml.open("result", &[("type", "9")])?;
            self.titled("title", &[], result.data.name.as_str())?;
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
        self.titled("title", &[], &format!("{} ({})", it.name, it.unit))?;
        if let Some(baseline) = &it.baseline {
            // What it was when the partnership began.
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
        // What it is to be when the partnership ends: where nobody knows when that is, there is no period for it.
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
        match value.reported_by.as_ref().and_then(|utility| utility.card()) {
            None => self.xml.empty(name, &attributes)?,
            Some(card) => {
                self.xml.open(name, &attributes)?;
                self.titled("comment", &[], &format!("Reported by {}", card.label.1))?;
                self.xml.close(name)?;
            }
        }
        self.xml.close("period")
    }
}
