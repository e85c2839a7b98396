//! The visibility of a resource.

use crate::string_enum;

string_enum! {
    /// Who may see a resource; `members` by default.
    Visibility in "visibilities" {
        /// everybody, without an account
        Public = "public" ("Public", "Öffentlich": "alle, auch ohne Konto"),
        /// every account
        Members = "members" ("Members", "Mitglieder": "alle mit einem Konto"),
        /// the coordination office, administrators, and those who currently take part
        Internal = "internal" ("Internal", "Intern":
            "die Koordinierungsstelle, die Administration und alle, die zurzeit beteiligt sind"),
    }
}

impl Visibility {
    /// Returns whether more people see a resource with this visibility than with the other.
    pub fn is_wider_than(self, other: Self) -> bool {
        self < other
    }
}

#[expect(clippy::derivable_impls, reason = "the macro does not accept attributes on variants")]
impl Default for Visibility {
    fn default() -> Self {
        Self::Members
    }
}

#[cfg(test)]
mod tests {
    use super::Visibility::{self, Internal, Members, Public};

    #[test]
    fn visibilities_are_ordered_from_wide_to_narrow() {
        assert!(Public.is_wider_than(Members));
        assert!(Members.is_wider_than(Internal));
        assert!(Public.is_wider_than(Internal));
        assert!(Visibility::ALL.iter().all(|one| !one.is_wider_than(*one)));
        assert!(!Internal.is_wider_than(Public));
    }

    #[test]
    fn the_default_is_members() {
        assert_eq!(Visibility::default(), Members);
    }
}
