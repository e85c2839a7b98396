//! Files as office programs write them, with the expected result beside each (`NAME.expected.json`).
//! `tests/fixtures/office/make.py` generates both.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{counts, faults, import};
use crate::harness::{Caller, on_both};

/// The minimal number of files.
const MIN_FILES: usize = 40;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/office");
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let ending = |path: &PathBuf| path.extension().and_then(|it| it.to_str()).unwrap_or_default().to_owned();
    let mut files: Vec<_> =
        all.filter(|path| matches!(ending(path).as_str(), "csv" | "xlsx" | "txt")).collect();
    files.sort();
    files
}

/// Whether the found value has all that is wanted. Objects may have more members.
fn has(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| has(found.get(name).unwrap_or(&Value::Null), wanted))
        }
        (found, wanted) => found == wanted,
    }
}

/// The differences between the result of a file and the expected one.
async fn differences(caller: &Caller, file: &Path) -> Vec<String> {
    let expected = fs::read_to_string(file.with_extension("expected.json"))
        .unwrap_or_else(|error| panic!("{} has nothing that is expected of it: {error}", file.display()));
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let is_workbook = file.extension().is_some_and(|it| it == "xlsx");
    let media = match &expected["content_type"] {
        Value::String(media) => media.as_str(),
        _ if is_workbook => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "text/csv",
    };
    let done = import(caller, expected["query"].as_str().unwrap(), media, fs::read(file).unwrap()).await;
    let mut found = vec![
        ("status", done["status"].clone()),
        ("counts", counts(&done).as_slice().into()),
        ("faults", faults(&done).into()),
        ("source", done["report"]["source"].clone()),
    ];
    let mut wrong = Vec::new();
    for (path, wanted) in expected["records"].as_object().into_iter().flatten() {
        let record = caller.get(path).await.json();
        if !has(&record, wanted) {
            wrong.push(format!("{path} is {record}, expected {wanted}"));
        }
    }
    found.retain(|(name, found)| !has(found, &expected[*name]));
    let differs = |(name, found): (&str, Value)| format!("{name} is {found}, expected {}", expected[name]);
    wrong.extend(found.into_iter().map(differs));
    wrong
}

on_both! {
    async fn office_files_are_imported_as_expected(app: TestApp) {
        let caller = app.coordinator();
        let files = files();
        assert!(files.len() >= MIN_FILES, "{} files", files.len());
        let mut wrong = Vec::new();
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            wrong.extend(differences(&caller, &file).await.into_iter().map(|it| format!("{name}: {it}")));
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}
