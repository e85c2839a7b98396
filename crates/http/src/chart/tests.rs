//! The content of charts and of the map, and that they are well-formed.

use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::value::Country;

use super::{Chart, Size, bars, lines, map};

fn chart(counts: &[(&str, u64)], locale: Locale) -> Chart {
    Chart {
        title: "Partnerschaften nach Sparte".into(),
        counted: "Partnerschaften".into(),
        by: "Sparte".into(),
        counts: counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
        locale,
        size: Size::Full,
    }
}

/// Returns the texts in a drawing; checks that every element is closed in order.
fn texts(svg: &str) -> Vec<String> {
    let (mut open, mut texts) = (Vec::new(), Vec::new());
    let mut rest = svg;
    while let Some((text, tag)) = rest.split_once('<') {
        texts.push(text.trim().to_owned());
        let (tag, after) = tag.split_once('>').unwrap();
        assert!(!tag.contains('<'), "{tag}");
        let name = tag.trim_matches('/').split([' ', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = after;
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest:?}");
    texts.retain(|text| !text.is_empty());
    texts
}

/// Returns a numeric attribute of the elements with this name and colour.
fn numbers(svg: &str, element: &str, marked: &str, attribute: &str) -> Vec<u32> {
    let elements = svg.split('<').filter(|it| it.starts_with(element) && it.contains(marked));
    let value =
        |it: &str| it.split_once(&format!(" {attribute}=\"")).unwrap().1.split('"').next().unwrap().parse();
    elements.map(|it| value(it).unwrap()).collect()
}

const COLOUR: &str = "fill=\"#0B5FA5\"";

#[test]
fn each_drawing_is_an_image_with_a_name_and_a_description() {
    let counts = [("Trinkwasser", 1_234), ("Abwasser & <Abfall>", 7)];
    let country = |code: &str| code.parse::<Country>().unwrap();
    let counted = [(country("UA"), 1_234), (country("ZM"), 7)];
    for (svg, description) in [
        (
            bars(&chart(&counts, Locale::De)).unwrap(),
            "Partnerschaften. Trinkwasser: 1.234; Abwasser &amp; &lt;Abfall&gt;: 7.",
        ),
        (
            lines(&chart(&counts, Locale::En)).unwrap(),
            "Partnerschaften. Trinkwasser: 1,234; Abwasser &amp; &lt;Abfall&gt;: 7.",
        ),
        (
            map("Wo \"wir\" sind", "Partnerschaften", &counted, Locale::De),
            "Partnerschaften. Ukraine: 1.234; Sambia: 7.",
        ),
    ] {
        assert!(svg.starts_with("<svg role=\"img\" aria-label=\""), "{}", &svg[..200]);
        assert!(svg.contains("xmlns=\"http://www.w3.org/2000/svg\"") && svg.contains("viewBox=\"0 0 "));
        assert!(svg.contains(&format!("<desc>{description}</desc>")), "{}", &svg[..800]);
        texts(&svg);
        for external in ["href", "url(", "<script", "<style", "<image", "style="] {
            assert!(!svg.contains(external), "{external}");
        }
    }
    assert!(map("Wo \"wir\" sind", "x", &[], Locale::De).contains("aria-label=\"Wo &quot;wir&quot; sind\""));
}

#[test]
fn bars_are_proportional_to_their_counts_and_labelled() {
    let counts = [("Trinkwasser", 40), ("Abwasser", 20), ("Abfall", 10), ("Energie", 0)];
    let svg = bars(&chart(&counts, Locale::De)).unwrap();
    let widths = numbers(&svg, "rect", COLOUR, "width");
    assert_eq!(widths.len(), 4);
    for (width, (_, count)) in widths.iter().zip(counts) {
        assert!(
            (i64::from(widths[0]) * i64::try_from(count).unwrap() / 40 - i64::from(*width)).abs() <= 1,
            "{widths:?}"
        );
    }
    let tops = numbers(&svg, "rect", COLOUR, "y");
    assert!(tops.is_sorted_by(|one, next| one < next), "the first is on top: {tops:?}");
    let texts = texts(&svg);
    for (name, count) in counts {
        assert!(texts.contains(&name.to_owned()) && texts.contains(&count.to_string()), "{name}: {texts:?}");
    }
    for title in ["Partnerschaften nach Sparte", "Partnerschaften", "Sparte"] {
        assert!(texts.iter().any(|text| text == title), "{title}: {texts:?}");
    }
}

#[test]
fn a_line_goes_through_all_counts() {
    let years: Vec<_> = (1990_u64..2026).map(|year| (year.to_string(), year % 7)).collect();
    let counts: Vec<_> = years.iter().map(|(year, count)| (year.as_str(), *count)).collect();
    let svg = lines(&chart(&counts, Locale::En)).unwrap();
    let across = numbers(&svg, "circle", COLOUR, "cx");
    assert_eq!(across.len(), years.len());
    assert!(across.is_sorted_by(|one, next| one < next));
    let highest = numbers(&svg, "circle", COLOUR, "cy").into_iter().min();
    assert_eq!(numbers(&svg, "circle", COLOUR, "cy")[6 - 2], highest.unwrap(), "1994 has six");
    assert!(texts(&svg).iter().filter(|text| text.len() == 4 && text.parse::<u32>().is_ok()).count() >= 4);
}

#[test]
fn empty_data_huge_counts_and_long_names_are_drawn() {
    for counts in [
        &[][..],
        &[("A", 0)],
        &[("A", u64::MAX / 2)],
        &[("Ein Name, der länger ist als jeder Platz, den er je haben könnte, und noch länger", 3)],
    ] {
        for svg in [bars(&chart(counts, Locale::De)).unwrap(), lines(&chart(counts, Locale::De)).unwrap()] {
            texts(&svg);
        }
    }
}

#[test]
fn the_shade_of_a_country_follows_its_count() {
    let country = |code: &str| code.parse::<Country>().unwrap();
    let counts = [("UA", 20), ("ZM", 5), ("JO", 1), ("MT", 3), ("FR", 0)];
    let counts: Vec<_> = counts.iter().map(|(code, count)| (country(code), *count)).collect();
    let svg = map("Karte", "Partnerschaften", &counts, Locale::En);
    for (shade, name) in [("#063a68", "Ukraine: 20"), ("#3f86c0", "Zambia: 5"), ("#bcd7ee", "Jordan: 1")] {
        let path = svg.split("<path ").find(|path| path.contains(&format!("<title>{name}</title>"))).unwrap();
        assert!(path.starts_with(&format!("fill=\"{shade}\"")), "{name}");
    }
    // Countries that are too small for an outline are in the description.
    assert!(svg.contains("Malta: 3") && !svg.contains("<title>France"));
    assert!(svg.matches("<path ").count() > 170);
    assert!(svg.len() < 120_000, "{}", svg.len());
}

#[test]
fn all_countries_are_within_the_picture_and_germany_is_in_its_middle() {
    for outline in super::map::outlines() {
        let (x, y) = outline.middle;
        assert!((0.0..10_000.0).contains(&x) && (0.0..4_650.0).contains(&y), "{}: {x} {y}", outline.code);
        if outline.code == "DE" {
            assert!((4_900.0..5_100.0).contains(&x) && (600.0..1_000.0).contains(&y), "{x} {y}");
        }
    }
}
