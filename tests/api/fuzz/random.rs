//! Repeatable random inputs: the same seed gives the same inputs.

use serde_json::{Map, Number, Value, json};

/// A random number generator (SplitMix64).
pub(in crate::api) struct Random(u64);

/// Texts that often break parsers, databases, calendars and arithmetic.
const HOSTILE_TEXTS: &[&str] = &[
    "",
    " ",
    "\0",
    "a\0b",
    "%",
    "_",
    "\\",
    "'",
    "\"",
    "'; DROP TABLE utility; --",
    "\u{fffd}",
    "\u{feff}",
    "\u{202e}kcab",
    "e\u{301}",
    "ß",
    "İ",
    "ŉ",
    "ﬃ",
    "🚰",
    "👩‍👩‍👧‍👦",
    "\r\nX: y",
    "null",
    "true",
    "false",
    "NaN",
    "-0",
    "0",
    "1",
    "-1",
    "1e309",
    "0.1",
    "00",
    "+1",
    "18446744073709551616",
    "-9223372036854775809",
    "999999999999999999.99",
    "0000",
    "0000-00-00",
    "2023-02-29",
    "2024-02-29",
    "9999-12-31",
    "-262143-01-01",
    "+262142-12-31T23:59:60Z",
    "1969-12-31T23:59:59.999999999Z",
    "2016-12-31T23:59:60Z",
    "9999-12-31T23:59:59-23:59",
    "0000-01-01T00:00:00+23:59",
    "2026-03-01T00:00:00Z",
    "2026-03",
    "2026",
    "DE",
    "de",
    "water",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "urn:uuid:0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a60",
    "{0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a60}",
    "hamburg-wasser",
    "-",
    "a--b",
    "http://[::1",
    "https://user:pass@example.org:99999/",
    "javascript:alert(1)",
    "a@b",
    "\"a b\"@example.org",
    "+49 (0) 1",
    "=1+1",
    "a,b,,c",
    "-name,name",
    "*",
    "..",
    "{}",
    "[]",
];

impl Random {
    pub(in crate::api) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `end - 1`.
    pub(in crate::api) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    pub(in crate::api) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(in crate::api) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// A text: a nasty one, a known one, or random characters, sometimes mutated.
    pub(super) fn text(&mut self, known: &[String]) -> String {
        let text = match self.below(4) {
            0 => (*self.pick(HOSTILE_TEXTS)).to_owned(),
            1 => {
                let length = self.below(12);
                (0..length).map(|_| self.character()).collect()
            }
            _ if known.is_empty() => String::new(),
            _ => self.pick(known).clone(),
        };
        if self.one_in(3) { self.bent(&text) } else { text }
    }

    fn character(&mut self) -> char {
        let scalar = match self.below(4) {
            0 => self.below(0x80),
            1 => self.below(0x800),
            2 => self.below(0x1_0000),
            _ => self.below(0x11_0000),
        };
        u32::try_from(scalar).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
    }

    /// The text with characters removed, added or moved.
    pub(super) fn bent(&mut self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(3) {
            let at = self.below(letters.len() + 1);
            match self.below(6) {
                0 if at < letters.len() => drop(letters.remove(at)),
                1 => letters.insert(at, self.character()),
                2 => letters.truncate(at),
                3 if at < letters.len() => letters[at] = self.character(),
                4 => letters.extend((*self.pick(HOSTILE_TEXTS)).chars()),
                _ => {
                    letters.rotate_left(at);
                    if letters.len() < 200 {
                        letters.extend_from_within(..);
                    }
                }
            }
        }
        letters.into_iter().collect()
    }

    fn number(&mut self) -> Value {
        match self.below(5) {
            0 => json!(self.roll()),
            1 => json!(self.roll().cast_signed()),
            2 => Number::from_f64(f64::from_bits(self.roll())).map_or(json!(-0.0), Value::Number),
            3 => json!(*self.pick(&[0.0, -0.0, 90.0, 180.000_001, 1e308, 5e-324, i64::MAX as f64])),
            _ => json!(self.below(5_000)),
        }
    }

    /// A JSON value of at most this depth.
    pub(super) fn value(&mut self, known: &[String], depth: usize) -> Value {
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0 => Value::Null,
            1 => json!(self.one_in(2)),
            2 => self.number(),
            3 | 4 => Value::String(self.text(known)),
            5 | 6 => (0..self.below(4)).map(|_| self.value(known, depth - 1)).collect(),
            _ => {
                let mut members = Map::new();
                for _ in 0..self.below(4) {
                    let name = self.text(known);
                    members.insert(name, self.value(known, depth - 1));
                }
                Value::Object(members)
            }
        }
    }

    /// The value with a random change.
    pub(super) fn mutated(&mut self, value: &Value, known: &[String]) -> Value {
        if self.one_in(8) {
            return self.value(known, 2);
        }
        match value {
            Value::Array(entries) => {
                let mut entries = entries.clone();
                let at = self.below(entries.len());
                match self.below(4) {
                    0 => entries.insert(at, self.value(known, 2)),
                    1 if !entries.is_empty() => entries.push(entries[at].clone()),
                    2 if !entries.is_empty() => drop(entries.remove(at)),
                    _ if !entries.is_empty() => entries[at] = self.mutated(&entries[at].clone(), known),
                    _ => {}
                }
                Value::Array(entries)
            }
            Value::Object(members) => {
                let mut members = members.clone();
                let names: Vec<_> = members.keys().cloned().collect();
                let name = match names.is_empty() || self.one_in(6) {
                    true => self.text(known),
                    false => self.pick(&names).clone(),
                };
                let changed = match members.get(&name) {
                    Some(_) if self.one_in(6) => Value::Null,
                    Some(member) => self.mutated(&member.clone(), known),
                    None => self.value(known, 2),
                };
                members.insert(name, changed);
                Value::Object(members)
            }
            Value::String(text) if self.one_in(2) => Value::String(self.bent(text)),
            _ => self.value(known, 1),
        }
    }
}
