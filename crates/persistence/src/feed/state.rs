//! Members of logged states.

use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::value::PartialDate;

/// A member that is a text.
pub(super) fn text_of<'a>(state: &'a Value, member: &str) -> Option<&'a str> {
    state.get(member).and_then(Value::as_str)
}

/// The id of a referenced resource.
pub(super) fn id_of(state: &Value, member: &str) -> Option<Uuid> {
    state.get(member).and_then(reference)
}

fn reference(value: &Value) -> Option<Uuid> {
    text_of(value, "id").and_then(|id| id.parse().ok())
}

/// The utilities in a list of parties.
pub(super) fn parties<'a>(state: &'a Value, member: &str) -> impl Iterator<Item = Uuid> + use<'a> {
    let all = state.get(member).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|party| id_of(party, "utility"))
}

/// The utilities that take part in a partnership, whether today or not.
pub(super) fn participants(state: &Value) -> impl Iterator<Item = Uuid> {
    participations(state).map(|(id, _)| id)
}

fn participations(state: &Value) -> impl Iterator<Item = (Uuid, &Value)> {
    let all = state.get("participants").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|it| Some((id_of(it.get("party")?, "utility")?, it)))
}

/// Whether one of the actor's utilities takes part today.
pub(super) fn own_participation(state: &Value, actor: &Actor) -> bool {
    let today = actor.today();
    let day = |it: &Value, member: &str| text_of(it, member).and_then(|day| day.parse::<PartialDate>().ok());
    participations(state).any(|(id, it)| {
        actor.owns(id)
            && day(it, "from").is_none_or(|from| from.first_day() <= today)
            && day(it, "until").is_none_or(|until| until.last_day() >= today)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_todays_participation_counts_as_the_actors() {
        let own = Uuid::from_u128(1);
        let mut actor = Actor::public("2026-11-30T08:00:00Z".parse().unwrap());
        actor.utilities.push(own);
        let takes_part = |more: Value| {
            let mut it = json!({ "party": { "utility": { "id": own } }, "role": "lead" });
            it.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            own_participation(&json!({ "participants": [it] }), &actor)
        };
        assert!(takes_part(json!({})));
        assert!(takes_part(json!({ "from": "2026-11", "until": "2026" })));
        assert!(!takes_part(json!({ "from": "2027" })));
        assert!(!takes_part(json!({ "until": "2026-10" })));
        assert!(!own_participation(&json!({}), &actor));
    }
}
