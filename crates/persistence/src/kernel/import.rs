//! Rows of a file, written by the same code as requests.

use serde_json::{Map, Value};
use vku_domain::kernel::draft::{Draft, Origin};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::reference::Key;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::tag::Precondition;
use vku_domain::kernel::violation::Violations;

use super::store::Writer;
use super::table::Table;

/// What is done with a row whose slug is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is refused: the slug is taken.
    Create,
    /// It changes what is there.
    Upsert,
}

/// What a row did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It made a new one.
    Created,
    /// It changed one.
    Updated,
    /// All was as the row says.
    Unchanged,
}

impl Writer<'_> {
    /// Writes a row. `null` members clear what is there; members that are not named stay.
    ///
    /// Errors: as for a request with this body.
    pub async fn import<T: Table>(
        &mut self,
        mode: Mode,
        parent: Option<&Key>,
        body: Map<String, Value>,
    ) -> Result<Effect, Error> {
        let known = match mode {
            Mode::Create => None,
            Mode::Upsert => self.known::<T>(parent, &body).await?,
        };
        let body = Value::Object(body);
        let Some(known) = known else {
            let made = self.create::<T>(parent, body).await?;
            self.meet(made.id);
            return Ok(Effect::Created);
        };
        self.meet(known.id);
        let after = self.patch::<T>(&Key::Id(known.id), parent, &Precondition::Any, body).await?;
        Ok(if after.version == known.version { Effect::Unchanged } else { Effect::Updated })
    }

    /// The one that the row means: by its slug, or the same part of the same parent.
    async fn known<T: Table>(
        &self,
        parent: Option<&Key>,
        body: &Map<String, Value>,
    ) -> Result<Option<Stored<T>>, Error> {
        if T::SLUGGED {
            let slug = body.get("slug").and_then(Value::as_str).and_then(|slug| slug.parse().ok());
            let Some(slug) = slug else { return Ok(None) };
            return match self.get::<T>(&Key::Slug(slug), parent, false).await {
                Ok(known) => Ok(Some(known)),
                Err(error) if error.code == vku_domain::kernel::error::Code::NotFound => Ok(None),
                Err(error) => Err(error),
            };
        }
        let draft = Draft::<T>::create(self.actor(), Value::Object(body.clone()), Origin::Import)?;
        let Some(mut data) = draft.data else { return Ok(None) };
        // Faults are told when the row is written.
        let _: Violations = self.resolve(&mut data).await?;
        let (mut query, mut found) = (Query::<T>::all(), Vec::new());
        loop {
            let page = self.list::<T>(&query, parent).await?;
            // A part that another row of the file meant is not meant twice: two phases may differ in their amount only.
            found
                .extend(page.items.into_iter().filter(|it| it.data.same_part(&data) && !self.was_met(it.id)));
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        let equal = found.iter().position(|item: &Stored<T>| item.data == data);
        Ok(found.into_iter().nth(equal.unwrap_or(0)))
    }
}
