//! Cells that are written and read again, in both dialects.

use serde_json::json;

use super::csv_injection::unescape_formula;
use super::number::Decimals;
use super::*;

fn read(column: &Column, cell: &str, dialect: CsvDialect) -> Result<Value, &'static str> {
    let mut item = Map::new();
    column.read(cell, dialect, &mut item).map_err(|fault| fault.code)?;
    Ok(item.remove(&column.name).unwrap())
}

#[test]
fn every_cell_survives_a_round_trip() {
    use Kind::*;
    for (kind, value, plain, german) in [
        (Text, json!("=1+1"), "'=1+1", "'=1+1"),
        (Text, json!("1.5"), "1.5", "1.5"),
        (Number, json!(49.84), "49.84", "49,84"),
        (Number, json!(-0.000_000_1), "-1e-7", "-1e-7"),
        (Number, json!(-3), "-3", "-3"),
        (Number, json!(730_000), "730000", "730000"),
        (Number, json!(0.1 + 0.2), "0.30000000000000004", "0,30000000000000004"),
        (Decimal, json!("125000.00"), "125000.00", "125000,00"),
        (Boolean, json!(true), "true", "true"),
        (List, json!(["-a;b", "c"]), r"'-a\;b;c", r"'-a\;b;c"),
        (Json, json!([{ "title": "=x" }]), r#"[{"title":"=x"}]"#, r#"[{"title":"=x"}]"#),
    ] {
        let column = Column::new("x", kind);
        for (dialect, cell) in [(CsvDialect::Rfc4180, plain), (CsvDialect::ExcelDe, german)] {
            assert_eq!(column.of(&json!({ "x": value })).write(dialect), cell);
            assert_eq!(read(&column, unescape_formula(cell), dialect).unwrap(), value, "{cell}");
        }
    }
}

#[test]
fn spellings_of_an_integer_are_integers() {
    for (cell, expected) in [
        ("5.0", json!(5)),
        ("1e3", json!(1_000)),
        ("007", json!(7)),
        ("00.5", json!(0.5)),
        ("0", json!(0)),
        ("-0.0", json!(0)),
        ("1e300", json!(1e300)),
    ] {
        let column = Column::new("x", Kind::Number);
        assert_eq!(read(&column, cell, CsvDialect::Rfc4180).unwrap(), expected, "{cell}");
    }
    let percent = Column::new("own_share_percent", Kind::Number);
    assert_eq!(read(&percent, "12,5 %", CsvDialect::ExcelDe), Ok(json!(12.5)));
    assert_eq!(read(&Column::new("x", Kind::Number), "12%", CsvDialect::Rfc4180), Err("invalid_format"));
}

#[test]
fn german_dates_are_converted_to_iso_8601() {
    let date = Column::new("from", Kind::Date);
    for (cell, value) in [
        ("31.12.2026", "2026-12-31"),
        ("1.2.2026", "2026-02-01"),
        ("01. 02. 2026", "2026-02-01"),
        ("12.2026", "2026-12"),
        ("2026", "2026"),
        ("2026-05", "2026-05"),
        // Ambiguous or impossible dates are left as typed, and refused later.
        ("31.12.26", "31.12.26"),
        ("12/31/2026", "12/31/2026"),
        ("12.31.2026", "12.31.2026"),
        ("1.2026.3", "1.2026.3"),
    ] {
        assert_eq!(read(&date, cell, CsvDialect::Rfc4180), Ok(json!(value)), "{cell}");
    }
}

#[test]
fn error_values_of_formulas_are_refused() {
    for kind in [Kind::Text, Kind::Translation, Kind::Number, Kind::Reference, Kind::Json] {
        assert_eq!(read(&Column::new("x", kind), "#NV", CsvDialect::ExcelDe), Err("formula_error"));
    }
    for kind in [Kind::List, Kind::References, Kind::Participants] {
        assert_eq!(read(&Column::new("x", kind), "a;#REF!", CsvDialect::Rfc4180), Err("formula_error"));
    }
}

#[test]
fn references_in_json_are_slugs() {
    let utility = json!({ "id": "1", "slug": "zxq", "name": "Zxq" });
    let values = json!({ "x": [{ "by": utility, "value": "1" }, { "by": { "id": "2" } }] });
    let cell = Column::new("x", Kind::Json).of(&values);
    assert_eq!(cell, Cell::Text(r#"[{"by":"zxq","value":"1"},{"by":{"id":"2"}}]"#.into()));
}

#[test]
fn a_number_of_another_dialect_is_refused() {
    for (kind, dialect, cell) in [
        (Kind::Number, CsvDialect::Rfc4180, "49,84"),
        (Kind::Number, CsvDialect::ExcelDe, "49.84"),
        (Kind::Number, CsvDialect::ExcelDe, "1.234,5"),
        (Kind::Decimal, CsvDialect::ExcelDe, "125.000"),
    ] {
        assert_eq!(read(&Column::new("x", kind), cell, dialect), Err("invalid_format"), "{cell}");
    }
}

#[test]
fn booleans_are_read_in_english_and_german() {
    for (cell, value) in [
        ("true", Ok(json!(true))),
        ("TRUE", Ok(json!(true))),
        ("Wahr", Ok(json!(true))),
        ("ja\u{a0}", Ok(json!(true))),
        ("FALSCH", Ok(json!(false))),
        ("No", Ok(json!(false))),
        (" ", Ok(Value::Null)),
        ("x", Err("unknown_value")),
        ("1", Err("unknown_value")),
    ] {
        for dialect in [CsvDialect::Rfc4180, CsvDialect::ExcelDe] {
            assert_eq!(read(&Column::new("x", Kind::Boolean), cell, dialect), value, "{cell:?}");
        }
    }
}

#[test]
fn ambiguous_numbers_are_refused_if_the_separator_is_unknown() {
    let read = |cell| {
        let mut item = Map::new();
        let column = Column::new("x", Kind::Decimal);
        column
            .read(cell, Decimals::Either, &mut item)
            .map(|()| item.remove("x").unwrap())
            .map_err(|fault| fault.code)
    };
    for (cell, value) in [
        ("49,84", "49.84"),
        ("49.84", "49.84"),
        ("0,125", "0.125"),
        ("125000", "125000"),
        ("-49,8400", "-49.8400"),
        ("1234,567", "1234.567"),
    ] {
        assert_eq!(read(cell), Ok(json!(value)), "{cell}");
    }
    for cell in ["1.234", "-12,345", "1.234,5", "1,234,567"] {
        assert_eq!(read(cell), Err("invalid_format"), "{cell}");
    }
}
