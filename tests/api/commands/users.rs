//! `user`, `rotate-keys` and the help.

use vku_domain::kernel::access::actor::Role;

use vku_persistence::auth::account::SigningIn;

use super::{Home, RunOutcome, fixture, on_empty};

const PASSWORD: &str = "correct horse battery\n";

/// The account that signs in with Anna's address.
fn signing_in(home: &Home) -> Option<SigningIn> {
    home.with_store(async |store| store.signing_in(&"anna@example.org".parse().unwrap()).await).unwrap()
}

on_empty! {
    fn accounts_can_be_added_listed_and_disabled(home: Home) {
        let add = ["user", "add", "Anna@Example.org", "--name", "Anna", "--role", "coordinator"];
        let out = home.run_with(&add, PASSWORD).ok();
        assert!(out.starts_with("Added the account ") && out.ends_with(" (coordinator).\n"), "{out}");
        assert_eq!(home.run(&["user", "list"]).ok(), "Anna@example.org\tcoordinator\tAnna\tenabled\t\n");

        let again = ["user", "add", "anna@example.ORG", "--name", "Other", "--role", "reader"];
        let err = home.run_with(&again, PASSWORD).fails();
        assert!(err.contains("Another account has this e-mail address."), "{err}");
        assert!(home.run(&["user", "disable", "nobody@example.org"]).fails().contains("no enabled account"));
        let account = signing_in(&home).unwrap();
        assert!(account.role == Role::Coordinator);
        let hash = account.password_hash.unwrap();
        assert!(hash.starts_with("$argon2id$") && !hash.contains("horse"));
        home.run(&["user", "disable", "anna@example.org"]).ok();
        assert_eq!(home.run(&["user", "list"]).ok(), "Anna@example.org\tcoordinator\tAnna\tdisabled\t\n");
        home.run(&["user", "disable", "anna@example.org"]).fails();
        assert!(signing_in(&home).is_none());
    }

    fn a_weak_password_is_refused(home: Home) {
        let add = ["user", "add", "anna@example.org", "--name", "Anna", "--role", "reader"];
        for weak in ["", "\n", "short\n", "aaaaaaaaaaaaaaaa\n", &"long".repeat(51), "anna@example.org\n", "ANNA@Example.org1\n"] {
            let err = home.run_with(&add, weak).fails();
            assert!(err.starts_with("vku-partnerships: the password must "), "{err}");
            assert!(weak.trim().is_empty() || !err.contains(weak.trim()), "a password is shown");
        }
        assert_eq!(home.run(&["user", "list"]).ok(), "");
    }

    fn the_last_administrator_cannot_be_disabled(home: Home) {
        let add = |email: &str| {
            home.run_with(&["user", "add", email, "--name", "Office", "--role", "admin"], PASSWORD).ok()
        };
        let disable = |email: &str| home.run(&["user", "disable", email]);
        add("one@example.org");
        assert!(disable("one@example.org").fails().contains("last active administrator"));
        add("two@example.org");
        disable("one@example.org").ok();
        assert!(disable("two@example.org").fails().contains("last active administrator"));
    }

    /// A signing key is replaced gradually, or at once after a compromise.
    fn rotate_keys_replaces_the_signing_keys(home: Home) {
        assert!(home.run(&["rotate-keys"]).ok().contains("will sign access tokens in ten minutes"));
        let err = home.run(&["rotate-keys"]).fails();
        assert!(err.contains("not yet 20 minutes old") && err.contains("--now"), "{err}");
        assert!(home.run(&["rotate-keys", "--now"]).ok().contains("all other keys are revoked"));
        let mut command = home.command(&["rotate-keys"]);
        let err = RunOutcome::of(command.env("VKU_JWT_KEY_FILE", "nowhere.pem")).fails();
        assert!(err.contains("VKU_JWT_KEY_FILE"), "{err}");
    }

    fn accounts_are_bound_to_utilities_that_fit_their_role(home: Home) {
        home.run(&["import", "utilities", fixture("utilities").to_str().unwrap()]).ok();
        let add = |role: &str, utilities: &[&str]| {
            let mut arguments = vec!["user", "add", "anna@example.org", "--name", "Anna", "--role", role];
            arguments.extend(utilities.iter().flat_map(|utility| ["--utility", utility]));
            home.run_with(&arguments, PASSWORD)
        };
        assert!(add("member", &[]).fails().contains("at least one utility"));
        assert!(add("member", &["nowhere"]).fails().contains("`nowhere`"));
        add("member", &["lvivvodokanal"]).fails();
        add("partner", &["hamburg-wasser"]).fails();
        add("reader", &["hamburg-wasser"]).fails();
        add("member", &["hamburg-wasser", "hanseWasser"]).fails();
        add("member", &["hamburg-wasser", "hansewasser-bremen", "hamburg-wasser"]).ok();
        let list = home.run(&["user", "list"]).ok();
        assert_eq!(list.matches("HAMBURG WASSER").count(), 1, "{list}");
        assert!(list.contains("hanseWasser Bremen"), "{list}");
    }
}

#[test]
fn the_help_lists_commands_settings_and_resources() {
    let home = Home::new();
    let help = home.run(&["--help"]).ok();
    for word in [
        "serve",
        "migrate",
        "import",
        "export",
        "user",
        "openapi",
        "check-config",
        "backup",
        "restore",
        "health",
        "VKU_BIND",
        "VKU_DATABASE_URL",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
    for command in ["import", "export"] {
        let help = home.run(&[command, "--help"]).ok();
        let words: Vec<_> = help.split_whitespace().map(|word| word.trim_end_matches(',')).collect();
        for collection in vku_persistence::collections() {
            assert!(words.contains(&collection.as_str()), "{collection}: {help}");
        }
    }
    assert!(home.run(&["serv"]).fails().contains("serve"));
    assert!(!home.path("data/vku-partnerships.db").exists(), "help makes no database");
}
