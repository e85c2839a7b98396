//! Random merge patches and bodies of new resources.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::{Draft, InputSource};
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::lifecycle::State;
use vku_domain::kernel::violation::Violations;
use vku_persistence::Visitor;
use vku_persistence::kernel::table::Table;

use super::random::Random;
use super::{Case, assert_client_error, everybody, texts};
use crate::api::schema::all_rows;
use crate::harness::TestApp;

/// Parses and validates random bodies for a resource.
pub(super) struct Patches<'a> {
    pub(super) app: &'a TestApp,
    pub(super) random: &'a mut Random,
    pub(super) many: usize,
}

/// A random `PATCH` body: members of this resource and of others, with nearly valid and with random values.
pub(super) fn patch(random: &mut Random, item: &Value, names: &[String], known: &[String]) -> Value {
    if random.one_in(40) {
        return random.value(known, 3);
    }
    let mut patch = Map::new();
    for _ in 0..=random.below(4) {
        let own: Vec<_> = item.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let name = match random.below(8) {
            0 => random.text(known),
            1 if !names.is_empty() => random.pick(names).clone(),
            _ if own.is_empty() => random.text(known),
            _ => random.pick(&own).clone(),
        };
        let value = match item.get(&name) {
            _ if random.one_in(8) => Value::Null,
            Some(value) => random.mutated(value, known),
            None => random.value(known, 3),
        };
        patch.insert(name, value);
    }
    Value::Object(patch)
}

/// The texts in the items, and the names of their members.
pub(super) fn words(items: &[Value]) -> (Vec<String>, Vec<String>) {
    let (mut known, mut names) = (BTreeSet::new(), BTreeSet::new());
    for item in items {
        texts(item, &mut known);
        names.extend(item.as_object().into_iter().flatten().map(|(name, _)| name.clone()));
    }
    (known.into_iter().collect(), names.into_iter().collect())
}

impl Visitor for Patches<'_> {
    type Output = (usize, String);

    async fn visit<T: Table>(self) -> Self::Output {
        let Self { app, random, many } = self;
        let stored = all_rows::<T>(&app.store, false).await;
        let items: Vec<_> = stored.iter().map(|item| serde_json::to_value(item).unwrap()).collect();
        let (known, names) = words(&items);
        let ids: Vec<_> = stored.iter().map(|item| item.id).collect();
        let (actors, mut right) = (everybody(app, &ids), 0);
        for _ in 0..many {
            let at = random.below(stored.len());
            let body = patch(random, &items[at], &names, &known);
            let actor = random.pick(&actors);
            let new = random.one_in(4).then(|| random.mutated(&items[at], &known));
            let told = || format!("{} {} {body} or {new:?} by {:?}", T::PATH, items[at], actor.role);
            let _case = Case(&told);
            let draft = match &new {
                Some(body) => Draft::create(T::INFO, actor, body.clone(), InputSource::Request),
                None => Draft::patch(actor, &stored[at], body.clone(), InputSource::Request),
            };
            match draft.and_then(|draft| settled::<T>(draft, &stored[at], actor)) {
                Ok(()) => right += 1,
                Err(error) => assert_client_error(&error),
            }
        }
        (many, format!("{right} of {many} bodies are right"))
    }
}

/// Checks the rules as a write does, including the requirements of each status, but without looking up references.
fn settled<T: Table>(mut draft: Draft, before: &Stored<T>, actor: &Actor) -> Result<(), Error> {
    let mut violations = Violations::default();
    if let Some(data) = draft.data.as_mut().and_then(|data| data.downcast_mut::<T>()) {
        data.references(&mut |_| {});
        data.validate(&mut violations);
        T::validate_changes(Some(&before.data), data, actor, &mut Violations::default());
        T::Status::STATES
            .iter()
            .for_each(|state| data.transition_requirements(*state, &mut Violations::default()));
    }
    let data = draft.finish(violations)?;
    // Valid data has to be readable again after it is written.
    let written = data.to_value().unwrap();
    let read = deserr::deserialize::<T, _, Violations>(written.clone());
    assert!(read.is_ok(), "{written} is not read again: {:?}", read.err());
    Ok(())
}
