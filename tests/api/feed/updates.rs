//! Random updates of a resource, by its type.

use serde_json::json;

use super::world::{VISIBILITIES, World};

impl World<'_> {
    /// Changes something of this type; it may be refused.
    pub(super) async fn update(&self, kind: &str) {
        let path = self.any(kind);
        let consent = json!({"given_at": "2026-01-15T09:00:00Z", "text_version": "2026-01"});
        let body = match (kind, self.below(4)) {
            ("utility", 0) => json!({"slug": format!("zxq-{}", self.below(1_000_000))}),
            ("utility" | "organisation" | "programme", 1) => json!({"name": self.word()}),
            ("utility", _) => json!({"visibility": self.pick(VISIBILITIES)}),
            ("organisation", _) => json!({"country": self.pick(&["DE", "FR", "UA"])}),
            ("programme", _) => json!({"funders": [self.party()]}),
            ("policy_update", _) => json!({"title": {"en": self.word()}}),
            ("member", _) => json!({"note": self.word()}),
            ("partnership", 0) => json!({"title": self.word()}),
            ("partnership", 1) => json!({"visibility": self.pick(VISIBILITIES)}),
            ("partnership", _) => json!({"participants": self.participants()}),
            ("funding", _) => json!({"programme": self.key("programme")}),
            ("activity", _) => json!({"starts_on": self.pick(&["2024-01-01", "2025-02-03"])}),
            ("result", _) => json!({"name": self.word()}),
            ("document", _) => json!({"title": self.word()}),
            ("contact", 0) => json!({"family_name": self.word()}),
            ("contact", 1) => json!({"consents": {"directory": null}}),
            ("contact", _) => json!({"consents": {"directory": consent}}),
            ("topic", 0) => json!({"proposed_by": self.key("member")}),
            ("topic", _) => json!({"title": {"en": self.word()}}),
            ("session" | "held", 0) => json!({"title": self.word()}),
            ("session" | "held", 1) => json!({"visibility": self.pick(VISIBILITIES)}),
            ("session" | "held", 2) => json!({"organisers": [self.party()]}),
            ("session", _) => json!({"start_time": self.pick(&["09:00", "10:00"])}),
            ("held", _) => json!({"starts_on": self.pick(&["2024-02-01", "2024-03-01"])}),
            ("guest", 0) => json!({"party": self.party()}),
            ("guest", _) => json!({"name": self.word()}),
            ("agenda", 0) => json!({"position": 1 + self.below(3)}),
            ("agenda", _) => json!({"duration_minutes": 5 + self.below(9)}),
            ("registration", _) => json!({"attendance": self.pick(&["online", "in_person"])}),
            ("minutes", _) => json!({"text": {"de": self.word()}}),
            ("user", _) => json!({"utilities": [self.key("utility")]}),
            _ => panic!("{kind}"),
        };
        self.patch(&path, body).await;
    }
}
