//! The data of the benchmark: generated, the same every time, written as import files.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::Failure;

/// As in the demo data, an eighth of the partnerships are with Zambia and most are about water.
const COUNTRIES: [&str; 44] = [
    "ZM", "ZM", "ZM", "ZM", "ZM", "UA", "JO", "MA", "ZA", "TZ", "AL", "MD", "KE", "UG", "RW", "GH", "SN",
    "TN", "EG", "LB", "IN", "VN", "PH", "ID", "PE", "BO", "EC", "CO", "BR", "MX", "CU", "HT", "ET", "MW",
    "MZ", "NA", "BW", "BJ", "BF", "ML", "NE", "TG", "CM", "RS",
];
const SECTORS: [&str; 5] = ["water", "water;wastewater", "wastewater", "water;energy", "waste"];
const STATUSES: [&str; 4] = ["active", "active", "completed", "suspended"];
const CITIES: [&str; 16] = [
    "Dresden",
    "Hamburg",
    "Leipzig",
    "Köln",
    "Münster",
    "Berlin",
    "Bremen",
    "Stuttgart",
    "Lviv",
    "Lusaka",
    "Amman",
    "Fès",
    "Durban",
    "Kampala",
    "Arequipa",
    "Chișinău",
];
const BEGINNINGS: [&str; 40] = [
    "Abwasser",
    "Trinkwasser",
    "Grundwasser",
    "Klär",
    "Leitungs",
    "Rohr",
    "Pumpen",
    "Energie",
    "Notstrom",
    "Personal",
    "Tarif",
    "Zähler",
    "Kunden",
    "Labor",
    "Schlamm",
    "Regen",
    "Hochwasser",
    "Netz",
    "Anlagen",
    "Betriebs",
    "water",
    "waste",
    "sludge",
    "leak",
    "meter",
    "pump",
    "pipe",
    "plant",
    "staff",
    "tariff",
    "asset",
    "energy",
    "climate",
    "flood",
    "drought",
    "quality",
    "customer",
    "finance",
    "digital",
    "training",
];
const ENDINGS: [&str; 40] = [
    "partnerschaft",
    "verluste",
    "effizienz",
    "wartung",
    "planung",
    "schulung",
    "beratung",
    "technik",
    "versorgung",
    "entsorgung",
    "messung",
    "sanierung",
    "ausbau",
    "betrieb",
    "reform",
    "schutz",
    "vorsorge",
    "besuch",
    "tagung",
    "hilfe",
    "works",
    "loss",
    "control",
    "plan",
    "review",
    "study",
    "repair",
    "supply",
    "service",
    "network",
    "mission",
    "exchange",
    "visit",
    "report",
    "survey",
    "model",
    "design",
    "audit",
    "support",
    "reuse",
];

/// The working areas that utilities offer and look for.
const AREAS: [&str; 5] = ["non-revenue-water", "asset-management", "training", "composting", ""];

/// A pseudo-random number generator with a fixed seed (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % most
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words.get(self.below(words.len())).copied().unwrap_or_default()
    }

    fn text(&mut self, words: usize) -> String {
        let word = |numbers: &mut Self| format!("{}{}", numbers.of(&BEGINNINGS), numbers.of(&ENDINGS));
        (0..words).map(|_| word(self)).collect::<Vec<_>>().join(" ")
    }
}

const MUNICIPAL: usize = 100;
const PARTNERS: usize = 4_900;
const PROGRAMMES: usize = 20;

/// Writes the files. Returns them in the order in which they are imported.
pub fn write(folder: &Path, partnerships: usize) -> Result<Vec<(&'static str, PathBuf)>, Failure> {
    let mut numbers = Numbers(42);
    let mut files = Vec::new();
    let mut file = |name: &'static str, header: &[&str]| -> Result<csv::Writer<File>, Failure> {
        let path = folder.join(format!("{name}.csv"));
        files.push((name, path.clone()));
        let mut writer = csv::Writer::from_path(path)?;
        writer.write_record(header)?;
        Ok(writer)
    };
    let mut utilities = file(
        "utilities",
        &[
            "slug",
            "name",
            "kind",
            "country",
            "city",
            "location.latitude",
            "location.longitude",
            "sectors",
            "languages",
            "expertise",
            "needs",
            "visibility",
        ],
    )?;
    for number in 0..MUNICIPAL + PARTNERS {
        let (kind, country) = match number.checked_sub(MUNICIPAL) {
            None => ("municipal", "DE"),
            Some(number) => ("partner", COUNTRIES.get(number % COUNTRIES.len()).copied().unwrap_or("ZM")),
        };
        let city = numbers.of(&CITIES);
        let (latitude, longitude) =
            (numbers.below(140) as f64 / 2.0 - 35.0, numbers.below(300) as f64 / 2.0 - 75.0);
        let (slug, name) = (format!("utility-{number}"), format!("Utility {city} {number}"));
        utilities.write_record([
            &slug,
            &name,
            kind,
            country,
            city,
            &latitude.to_string(),
            &longitude.to_string(),
            "water;wastewater",
            ["de;en", "en;fr", "en", "es"].get(number % 4).copied().unwrap_or_default(),
            AREAS.get(number % AREAS.len()).copied().unwrap_or_default(),
            AREAS.get(number / 2 % AREAS.len()).copied().unwrap_or_default(),
            "public",
        ])?;
    }
    utilities.flush()?;
    let mut programmes = file("funding-programmes", &["slug", "name", "kind"])?;
    for number in 0..PROGRAMMES {
        programmes.write_record([&format!("programme-{number}"), &format!("Programme {number}"), "grant"])?;
    }
    programmes.flush()?;
    let mut made = file(
        "partnerships",
        &[
            "slug",
            "title",
            "summary.de",
            "summary.en",
            "participants",
            "sectors",
            "status",
            "start",
            "visibility",
        ],
    )?;
    for number in 0..partnerships {
        let (lead, partner) = (numbers.below(MUNICIPAL), MUNICIPAL + numbers.below(PARTNERS));
        let associate = (lead + 1) % MUNICIPAL;
        let participants = format!(
            "lead:utility:utility-{lead};associate:utility:utility-{associate};partner:utility:utility-{partner}"
        );
        let title = format!("{} – {} {number}", numbers.of(&CITIES), numbers.of(&CITIES));
        let sector = numbers.of(&SECTORS);
        let start = format!("{}-{:02}", 1990 + numbers.below(36), 1 + numbers.below(12));
        let (de, en) = (numbers.text(12), numbers.text(12));
        let (slug, status) = (format!("partnership-{number}"), numbers.of(&STATUSES));
        made.write_record([&slug, &title, &de, &en, &participants, sector, status, &start, "public"])?;
    }
    made.flush()?;
    let header = ["partnership", "programme", "kind", "amount.amount", "amount.currency", "from"];
    let mut funding = file("partnership-funding", &header)?;
    for number in (0..partnerships).step_by(2) {
        let programme = format!("programme-{}", numbers.below(PROGRAMMES));
        let (amount, from) = (numbers.below(1_000_000).to_string(), (1990 + numbers.below(36)).to_string());
        funding.write_record([
            &format!("partnership-{number}"),
            &programme,
            "grant",
            &amount,
            numbers.of(&["EUR", "EUR", "EUR", "USD"]),
            &from,
        ])?;
    }
    funding.flush()?;
    Ok(files)
}
