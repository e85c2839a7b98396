//! Members, contacts and programmes as tables: rows are identified by utility, address and slug.

use super::{Home, on_empty};

const UTILITIES: &str = "slug,name,kind,country,sectors\nzxq-a,Zxq A,municipal,DE,water\n\
    zxq-b,Zxq B,municipal,DE,water\nzxq-p,Zxq P,partner,UA,water\n";
const MEMBERS: &str = "utility,status,joined_on,regional_group,interests.sectors,interests.countries,note\n\
    zxq-a,active,2020-01-01,Ost,water;waste,UA,Zxq note\nzxq-b,,,,,,\n";
const CONTACTS: &str = "member,given_name,family_name,email,phone,language,is_primary,consents.directory.given_at,\
    consents.directory.text_version\n\
    zxq-a,Zxqanna,Zxqname,anna@zxq.example,'+49 30 1234567,de,true,2026-01-15T09:00:00Z,2026-01\n\
    zxq-a,Zxqbert,Zxqname,bert@zxq.example,,de,false,,\n\
    zxq-b,Zxqanna,Zxqname,anna@zxq.example,,en,true,,\n";
const PROGRAMMES: &str = "slug,name,kind,rules.who_may_apply.de,rules.max_grant.amount,rules.max_grant.currency,\
    rules.own_share_percent,rules.max_months,rules.travel_allowed,calls\n\
    zxq-a,Zxq A,grant,Kommunen,250000.00,EUR,10,36,true,\
    \"[{\"\"title\"\":\"\"First\"\",\"\"opens_on\"\":\"\"2026-04-01\"\",\"\"closes_on\"\":\"\"2026-06-30\"\"}]\"\n\
    zxq-b,Zxq B,grant,,,,,,,\n";

/// The standard output of an import.
fn import(home: &Home, collection: &str, csv: &str) -> String {
    home.run_with(&["import", collection, "-", "--mode", "upsert"], csv).ok()
}

/// The faults that an import prints, one per line.
fn faults(home: &Home, mode: &str, collection: &str, csv: &str) -> Vec<String> {
    let err = home.run_with(&["import", collection, "-", "--mode", mode], csv).fails();
    assert!(!err.contains("anna@zxq") && !err.contains("Zxqname") && !err.contains("1234567"), "{err}");
    err.lines().filter(|line| line.ends_with(']')).map(str::to_owned).collect()
}

/// The table with a text replaced.
fn edited(csv: &str, from: &str, to: &str) -> String {
    assert!(csv.contains(from), "{from}");
    csv.replace(from, to)
}

on_empty! {
    fn a_member_is_identified_by_its_utility(home: Home) {
        import(&home, "utilities", UTILITIES);
        assert_eq!(import(&home, "members", MEMBERS), "members: 2 created, 0 updated, 0 unchanged\n");
        assert_eq!(import(&home, "members", MEMBERS), "members: 0 created, 0 updated, 2 unchanged\n");
        let patch = "utility,regional_group\nzxq-a,West\nzxq-b,\n";
        assert_eq!(import(&home, "members", patch), "members: 0 created, 1 updated, 1 unchanged\n");
        let table = home.run(&["export", "members", "--format", "csv"]).ok();
        for cells in ["zxq-a,active,2020-01-01,,West,water;waste,UA,,Zxq note", "zxq-b,,"] {
            assert!(table.lines().any(|line| line.starts_with(cells)), "{cells}: {table}");
        }
        let log = home.changes().len();
        for (mode, csv, message, code) in [
            ("create", "utility\nzxq-a\n", ":2: column `utility`: ", "[member_exists]"),
            ("upsert", "utility,regional_group\nzxq-a,Nord\nzxq-a,Ost\n", ":3: Row 2 contains the same", "[duplicate]"),
        ] {
            let faults = faults(&home, mode, "members", csv);
            assert!(faults.len() == 1 && faults[0].contains(message) && faults[0].ends_with(code), "{faults:?}");
        }
        let wrong = "utility,joined_on,left_on,interests.working_areas\nzxq-p,,,\nnobody,2020-01-02,2020-01-01,gsi\n";
        let faults = faults(&home, "upsert", "members", wrong);
        let ends = [
            (":2: column `utility`: ", "[not_municipal]"), (":3: column `utility`: ", "[unknown_reference]"),
            (":3: column `interests.working_areas`: ", "[unknown_value]"), (":3: column `left_on`: ", "[end_before_start]"),
        ];
        assert_eq!(faults.len(), ends.len(), "{faults:#?}");
        for (place, code) in ends {
            assert!(faults.iter().any(|message| message.contains(place) && message.ends_with(code)), "{place}: {faults:#?}");
        }
        assert_eq!(home.changes().len(), log);
    }

    fn a_contact_is_identified_by_its_address(home: Home) {
        import(&home, "utilities", UTILITIES);
        import(&home, "members", MEMBERS);
        assert_eq!(import(&home, "member-contacts", CONTACTS), "member-contacts: 3 created, 0 updated, 0 unchanged\n");
        assert_eq!(import(&home, "member-contacts", CONTACTS), "member-contacts: 0 created, 0 updated, 3 unchanged\n");
        let table = home.run(&["export", "member-contacts", "--format", "csv"]).ok();
        assert_eq!(import(&home, "member-contacts", &table), "member-contacts: 0 created, 0 updated, 3 unchanged\n");
        let other = edited(CONTACTS, "Zxqbert,Zxqname,bert@", "Zxqbert,Zxqother,BERT@");
        assert_eq!(import(&home, "member-contacts", &other), "member-contacts: 0 created, 1 updated, 2 unchanged\n");
        // Another contact becomes the primary one.
        let handed = "member,email,given_name,family_name,language,is_primary\n\
            zxq-a,anna@zxq.example,Zxqanna,Zxqname,de,false\nzxq-a,bert@zxq.example,Zxqbert,Zxqname,de,true\n";
        assert_eq!(import(&home, "member-contacts", handed), "member-contacts: 0 created, 2 updated, 0 unchanged\n");

        let changes = home.changes();
        for (mode, from, to, code) in [
            ("create", "zxq-b,Zxqanna", "zxq-b,Zxqanna", "[primary_exists]"),
            ("upsert", "de,false", "de,true", "[primary_exists]"),
            ("upsert", "bert@zxq.example", "bert at zxq", "[invalid_format]"),
            ("upsert", "2026-01-15T09:00:00Z", "15.01.2026", "[invalid_format]"),
            ("upsert", "zxq-b,Zxqanna", "zxq-p,Zxqanna", "[not_found]"),
        ] {
            let faults = faults(&home, mode, "member-contacts", &edited(CONTACTS, from, to));
            assert!(faults.iter().any(|fault| fault.ends_with(code)), "{to}: {faults:?}");
        }
        assert_eq!(home.changes(), changes);
        let log = format!("{changes:?}");
        assert!(!["Zxqanna", "Zxqname", "zxq.example", "1234567"].iter().any(|word| log.contains(word)), "{log}");
    }

    fn rules_and_calls_of_programmes_are_columns(home: Home) {
        let import_them = |csv: &str| import(&home, "funding-programmes", csv);
        assert_eq!(import_them(PROGRAMMES), "funding-programmes: 2 created, 0 updated, 0 unchanged\n");
        assert_eq!(import_them(PROGRAMMES), "funding-programmes: 0 created, 0 updated, 2 unchanged\n");
        let table = home.run(&["export", "funding-programmes", "--format", "csv"]).ok();
        assert_eq!(import_them(&table), "funding-programmes: 0 created, 0 updated, 2 unchanged\n");
        let lines = home.run(&["export", "funding-programmes", "--format", "ndjson"]).ok();
        let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!(first["rules"], serde_json::json!({
            "who_may_apply": {"de": "Kommunen"}, "max_grant": {"amount": "250000.00", "currency": "EUR"},
            "own_share_percent": 10, "max_months": 36, "travel_allowed": true
        }));
        assert_eq!(first["calls"][0]["closes_on"], "2026-06-30");
        let patch = "slug,name,kind,rules.max_months\nzxq-a,Zxq A,grant,24\n";
        assert_eq!(import_them(patch), "funding-programmes: 0 created, 1 updated, 0 unchanged\n");

        for (from, to, place, code) in [
            (",10,36,", ",101,36,", "rules.own_share_percent", "out_of_range"),
            (",10,36,", ",10,0,", "rules.max_months", "out_of_range"),
            (",10,36,", ",ten,36,", "rules.own_share_percent", "invalid_format"),
            ("250000.00,EUR", "250000.00,", "rules.max_grant.currency", "required"),
            ("36,true", "36,perhaps", "rules.travel_allowed", "unknown_value"),
            ("2026-06-30", "2026-03-31", "calls", "end_before_start"),
            ("[{\"", "[\"", "calls", "invalid_format"),
        ] {
            let faults = faults(&home, "upsert", "funding-programmes", &edited(PROGRAMMES, from, to));
            let prefix = format!(":2: column `{place}`: ");
            assert!(faults.len() == 1 && faults[0].contains(&prefix) && faults[0].ends_with(&format!("[{code}]")), "{faults:?}");
        }
    }
}
