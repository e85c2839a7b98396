//! The access policies: which role may do what. Each resource names one of them as
//! [`Resource::POLICY`](crate::kernel::resource::Resource::POLICY). Staff are the coordination office and
//! administrators; they may do everything unless the policy says otherwise.
//!
//! What callers without an account may read is in [`Resource::PUBLIC`](crate::kernel::resource::Resource::PUBLIC). The
//! store further restricts all that a role may read to the resources that are visible to the actor.

use super::actor::Grant::{All, Never, Own};
use super::actor::{Action, Grant, Role};

/// For each action, the resources for which a role may perform it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    read: Grant,
    create: Grant,
    update: Grant,
    delete: Grant,
    restore: Grant,
    transition: Grant,
}

/// The permissions of each role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    admin: Permissions,
    coordinator: Permissions,
    reader: Permissions,
    member: Permissions,
    partner: Permissions,
}

impl Policy {
    /// Returns for which resources a role may perform an action.
    pub const fn grant(&self, role: Role, action: Action) -> Grant {
        let permissions = match role {
            Role::Admin => self.admin,
            Role::Coordinator => self.coordinator,
            Role::Reader => self.reader,
            Role::Member => self.member,
            Role::Partner => self.partner,
        };
        match action {
            Action::Read => permissions.read,
            Action::Create => permissions.create,
            Action::Update => permissions.update,
            Action::Delete => permissions.delete,
            Action::Restore => permissions.restore,
            Action::Transition => permissions.transition,
        }
    }
}

const NOTHING: Permissions = Permissions {
    read: Never,
    create: Never,
    update: Never,
    delete: Never,
    restore: Never,
    transition: Never,
};
const EVERYTHING: Permissions =
    Permissions { read: All, create: All, update: All, delete: All, restore: All, transition: All };
const EVERYTHING_BUT_TRANSITION: Permissions = Permissions { transition: Never, ..EVERYTHING };
const READ: Permissions = Permissions { read: All, ..NOTHING };
const CREATE_OWN: Permissions = Permissions { create: Own, ..READ };
const UPDATE_OWN: Permissions = Permissions { update: Own, ..READ };
const CREATE_AND_UPDATE_OWN: Permissions = Permissions { create: Own, update: Own, ..READ };
const WRITE_OWN: Permissions = Permissions { create: Own, update: Own, delete: Own, ..READ };
const REGISTER: Permissions = Permissions { create: All, update: All, transition: All, ..READ };

/// Administrators do everything, and other roles nothing.
pub const ADMINS_ONLY: Policy =
    Policy { admin: EVERYTHING, coordinator: NOTHING, reader: NOTHING, member: NOTHING, partner: NOTHING };

/// Staff does everything, and other roles nothing.
const STAFF_ONLY: Policy = Policy { coordinator: EVERYTHING, ..ADMINS_ONLY };

/// Staff does everything but change the status, for which there are special operations. Other roles do nothing.
pub const STAFF_WITHOUT_TRANSITION: Policy =
    Policy { admin: EVERYTHING_BUT_TRANSITION, coordinator: EVERYTHING_BUT_TRANSITION, ..STAFF_ONLY };

/// Staff writes, and all roles read.
pub const STAFF_WRITES: Policy = Policy { reader: READ, member: READ, partner: READ, ..STAFF_ONLY };

/// All roles read. Members change their own.
pub const MEMBERS_UPDATE_OWN: Policy = Policy { member: UPDATE_OWN, ..STAFF_WRITES };

/// All roles read. Members and partners change their own.
pub const MEMBERS_AND_PARTNERS_UPDATE_OWN: Policy = Policy { partner: UPDATE_OWN, ..MEMBERS_UPDATE_OWN };

/// All roles read. Members create and change their own.
pub const MEMBERS_CREATE_AND_UPDATE_OWN: Policy = Policy { member: CREATE_AND_UPDATE_OWN, ..STAFF_WRITES };

/// All roles read. Members create, change and delete their own.
pub const MEMBERS_WRITE_OWN: Policy = Policy { member: WRITE_OWN, ..STAFF_WRITES };

/// Like [`MEMBERS_WRITE_OWN`]; partners create their own.
pub const MEMBERS_WRITE_PARTNERS_CREATE_OWN: Policy = Policy { partner: CREATE_OWN, ..MEMBERS_WRITE_OWN };

/// Like [`MEMBERS_WRITE_OWN`]; partners change their own.
pub const MEMBERS_WRITE_PARTNERS_UPDATE_OWN: Policy = Policy { partner: UPDATE_OWN, ..MEMBERS_WRITE_OWN };

/// Members read, and create, change and delete their own. The intranet and partners do nothing.
pub const MEMBERS_READ_AND_WRITE_OWN: Policy = Policy { member: WRITE_OWN, ..STAFF_ONLY };

/// Members and the intranet read, and members propose. They cannot change a proposal, because others may support it.
/// Partners do nothing.
pub const MEMBERS_PROPOSE: Policy = Policy { reader: READ, member: CREATE_OWN, ..STAFF_ONLY };

/// Members register, change registrations and cancel them. The store restricts them to the registrations of their own
/// members.
pub const MEMBERS_REGISTER: Policy = Policy { member: REGISTER, ..STAFF_ONLY };

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a policy as one line. For each role, a letter stands for an action: read, create, update, delete, restore
    /// (`S`), transition; in upper case for all resources, in lower case for the actor's own, `-` for none.
    fn line(policy: &Policy) -> String {
        let actions = [
            ('R', Action::Read),
            ('C', Action::Create),
            ('U', Action::Update),
            ('D', Action::Delete),
            ('S', Action::Restore),
            ('T', Action::Transition),
        ];
        let letter = |role, (letter, action): (char, Action)| match policy.grant(role, action) {
            Never => '-',
            Own => letter.to_ascii_lowercase(),
            All => letter,
        };
        let roles = [Role::Admin, Role::Coordinator, Role::Reader, Role::Member, Role::Partner];
        roles.map(|role| actions.map(|action| letter(role, action)).iter().collect::<String>()).join(" ")
    }

    #[test]
    fn each_policy_grants_what_its_name_says() {
        for (policy, expected) in [
            //                                   admin  coord. reader member partner
            (ADMINS_ONLY, "                      RCUDST ------ ------ ------ ------"),
            (STAFF_ONLY, "                       RCUDST RCUDST ------ ------ ------"),
            (STAFF_WITHOUT_TRANSITION, "         RCUDS- RCUDS- ------ ------ ------"),
            (STAFF_WRITES, "                     RCUDST RCUDST R----- R----- R-----"),
            (MEMBERS_UPDATE_OWN, "               RCUDST RCUDST R----- R-u--- R-----"),
            (MEMBERS_AND_PARTNERS_UPDATE_OWN, "  RCUDST RCUDST R----- R-u--- R-u---"),
            (MEMBERS_CREATE_AND_UPDATE_OWN, "    RCUDST RCUDST R----- Rcu--- R-----"),
            (MEMBERS_WRITE_OWN, "                RCUDST RCUDST R----- Rcud-- R-----"),
            (MEMBERS_WRITE_PARTNERS_CREATE_OWN, "RCUDST RCUDST R----- Rcud-- Rc----"),
            (MEMBERS_WRITE_PARTNERS_UPDATE_OWN, "RCUDST RCUDST R----- Rcud-- R-u---"),
            (MEMBERS_READ_AND_WRITE_OWN, "       RCUDST RCUDST ------ Rcud-- ------"),
            (MEMBERS_PROPOSE, "                  RCUDST RCUDST R----- Rc---- ------"),
            (MEMBERS_REGISTER, "                 RCUDST RCUDST ------ RCU--T ------"),
        ] {
            assert_eq!(line(&policy), expected.trim_start());
        }
    }
}
