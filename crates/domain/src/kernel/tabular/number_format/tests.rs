//! Numbers as a spreadsheet displays them.

use super::*;

fn shown(code: &str, number: f64) -> String {
    match NumberFormat::of(code).display(number, false) {
        Ok(DisplayedNumber { text, .. }) => text,
        Err(fault) => fault.code.to_owned(),
    }
}

#[test]
fn numbers_have_fifteen_digits() {
    for (code, number, expected) in [
        ("General", 125_000.000_000_000_01, "125000"),
        ("0.00", 0.1 + 0.2, "0.3"),
        ("#,##0.00\\ \"€\"", 125_000.0, "125000"),
        ("#,##0.00\\ [$€-407]", 1234.5, "1234.5"),
        ("0.00E+00", 498_912_345_678.0, "498912345678"),
        ("@", 5.0, "5"),
        ("General", -0.0, "0"),
        ("General", 1e-7, "0.0000001"),
        ("General", 1_234_567_890_123_456.0, "too_many_digits"),
        ("00000", 1097.0, "01097"),
        ("0", 5.0, "5"),
        ("[Red]0.0 \"days\"", 2.5, "2.5"),
    ] {
        assert_eq!(shown(code, number), expected, "{code}");
    }
}

#[test]
fn percentages_are_multiplied_by_a_hundred() {
    let percent = |code, number| NumberFormat::of(code).display(number, false).unwrap();
    assert_eq!(percent("0%", 1.0), DisplayedNumber { text: "100%".into(), value: "100".into() });
    assert_eq!(percent("0.00\\ %", 0.07).value, "7");
    assert_eq!(percent("0.0%", 0.125).value, "12.5");
    assert_eq!(percent("0\"%\"", 40.0).value, "40");
    assert_eq!(NumberFormat::built_in(9), NumberFormat::Percent);
}

#[test]
fn dates_and_times_are_read_as_displayed() {
    for (code, number, expected) in [
        ("h:mm", 10.0 / 24.0, "10:00"),
        ("hh:mm", 0.416_666_666_7, "10:00"),
        ("h:mm:ss", 10.0 / 24.0, "10:00"),
        ("hh:mm:ss", 0.416_678_240_740_740_7, "10:00:01"),
        ("h:mm AM/PM", 0.75, "18:00"),
        ("[$-F400]h:mm:ss\\ AM/PM", 0.5625, "13:30"),
        ("hh:mm", 0.0, "00:00"),
        ("hh:mm", 45_000.5, "12:00"),
        ("[h]:mm", 26.5 / 24.0, "26:30"),
        ("[mm]", 90.0 / 1440.0, "90"),
        ("mm:ss", 0.5, "12:00"),
        ("yyyy-mm-dd", 45_060.0, "2023-05-14"),
        ("dd.mm.yyyy", 45_060.75, "2023-05-14"),
        ("[$-407]d/\\ mmmm\\ yyyy;@", 45_060.0, "2023-05-14"),
        ("d-mmm", 45_060.0, "2023-05-14"),
        ("mmm-yy", 45_047.0, "2023-05"),
        ("mm/yyyy", 45_047.0, "2023-05"),
        ("yyyy", 43_466.0, "2019"),
        ("m/d/yy h:mm", 45_060.5, "2023-05-14T12:00:00"),
        ("dd.mm.yyyy hh:mm", 45_060.0, "2023-05-14"),
        ("dd.mm.yyyy hh:mm", 10.0 / 24.0, "10:00"),
        ("dd.mm.yyyy", 2019.0, "impossible_date"),
        ("yyyy", 2019.0, "impossible_date"),
        ("dd.mm.yyyy", 10.0 / 24.0, "impossible_date"),
        ("dd.mm.yyyy", -1.0, "impossible_date"),
    ] {
        assert_eq!(shown(code, number), expected, "{code} {number}");
    }
    let day = NumberFormat::built_in(14);
    assert_eq!(day.display(43_598.0, true).unwrap().text, "2023-05-14");
}
