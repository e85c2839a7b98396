//! A map of the world: the larger the number of a country, the darker its shade. The projection preserves areas
//! (Equal Earth), so that no country looks larger than it is.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::OnceLock;

use vku_domain::code_lists::COUNTRIES;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::value::Country;
use vku_domain::kernel::vocabulary::label_of;

use super::label_placement::{Frame, free_position, pole_of_inaccessibility};
use super::{FONT, alt_text, format_number};
use crate::kernel::html::escape;

/// The size of the map in the coordinates of the outlines: tenths of a pixel.
const WIDTH: f64 = 10_000.0;
const HEIGHT: u32 = 4_650;
/// The longitude in the middle and the latitude at the upper edge, in degrees.
const MIDDLE: f64 = 11.6;
const NORTH: f64 = 84.0;

/// The minimum number for each shade, the shade, and the colour of text on it.
const SHADES: [(u64, &str, &str); 5] = [
    (1, "#bcd7ee", "#12263a"),
    (2, "#7fb2dc", "#12263a"),
    (4, "#3f86c0", "#ffffff"),
    (8, "#0b5fa5", "#ffffff"),
    (16, "#063a68", "#ffffff"),
];
const NONE: &str = "#e3e8ee";
/// The font size of the numbers.
const FONT_SIZE: f64 = 120.0;

/// The outline of a country.
pub(super) struct Outline {
    pub(super) code: &'static str,
    path: String,
    /// The position of the number: the point with the most room in the largest part of the country.
    pub(super) middle: (f64, f64),
    /// The distance from that point to the nearest border.
    room: f64,
}

/// The Equal Earth projection (Šavrič, Patterson and Jenny, 2018): degrees to tenths of a pixel.
fn project(longitude: f64, latitude: f64) -> (f64, f64) {
    const A: [f64; 4] = [1.340_264, -0.081_106, 0.000_893, 0.003_796];
    let [a1, a2, a3, a4] = A;
    let root = 3_f64.sqrt();
    let at = |latitude: f64| {
        let angle = (root / 2.0 * latitude.to_radians().sin()).asin();
        let (two, six) = (angle * angle, angle.powi(6));
        let down = 9.0 * a4 * six * two + 7.0 * a3 * six + 3.0 * a2 * two + a1;
        (2.0 * root * angle.cos() / (3.0 * down), angle * (a1 + a2 * two + six * (a3 + a4 * two)))
    };
    let scale = WIDTH / (at(0.0).0 * 360_f64.to_radians());
    let (across, up) = at(latitude);
    let x = WIDTH / 2.0 + scale * across * (longitude - MIDDLE).to_radians();
    (x, scale * (at(NORTH).1 - up))
}

/// The outlines, computed once.
pub(super) fn outlines() -> &'static [Outline] {
    static OUTLINES: OnceLock<Vec<Outline>> = OnceLock::new();
    OUTLINES.get_or_init(|| {
        let rows = include_str!("world.csv").lines().filter(|row| !row.starts_with('#')).skip(1);
        rows.filter_map(|row| row.split_once(',')).map(|(code, rings)| outline(code, rings)).collect()
    })
}

fn outline(code: &'static str, rings: &str) -> Outline {
    let (mut path, mut middle, mut largest) = (String::new(), ((0.0, 0.0), 0.0), 0.0);
    for ring in rings.split(';') {
        let numbers: Vec<f64> = ring.split(' ').filter_map(|it| it.parse().ok()).collect();
        let points = numbers.chunks_exact(2).filter_map(|pair| match pair {
            [longitude, latitude] => Some(project(longitude / 10.0, latitude / 10.0)),
            _ => None,
        });
        let points: Vec<_> = points.collect();
        let mut last: Option<(f64, f64)> = None;
        for (x, y) in points.iter().map(|(x, y)| (x.round(), y.round())) {
            // Writing into a string cannot fail.
            let _ = match last {
                None => write!(path, "M{x} {y}l"),
                Some((before_x, before_y)) => write!(path, "{} {} ", x - before_x, y - before_y),
            };
            last = Some((x, y));
        }
        path.push('z');
        let bounds = Frame::bounding_box(&points);
        let size = (bounds.east - bounds.west) * (bounds.south - bounds.north);
        if size > largest {
            (largest, middle) = (size, pole_of_inaccessibility(&points, &bounds));
        }
    }
    let (middle, room) = middle;
    Outline { code, path, middle, room }
}

/// The shade for a number, and the colour of text on it.
fn shade(count: u64) -> (&'static str, &'static str) {
    let shade = SHADES.iter().rev().find(|(least, ..)| count >= *least);
    shade.map_or((NONE, "#12263a"), |(_, shade, ink)| (*shade, *ink))
}

/// The name of a country.
fn name(code: &str, locale: Locale) -> String {
    label_of(&COUNTRIES, code).in_locale(locale).to_owned()
}

/// Draws the map. `counted` says what is counted in each country.
pub fn map(title: &str, counted: &str, counts: &[(Country, u64)], locale: Locale) -> String {
    let by_code: HashMap<&str, u64> =
        counts.iter().map(|(country, count)| (country.as_str(), *count)).collect();
    let named: Vec<_> =
        counts.iter().map(|(country, count)| (name(country.as_str(), locale), *count)).collect();
    let (title, about) = (escape(title), escape(&alt_text(counted, &named, locale)));
    let mut land = String::new();
    for Outline { code, path, .. } in outlines() {
        let Some(count) = by_code.get(code).copied().filter(|count| *count > 0) else {
            land.push_str(&format!("<path d=\"{path}\"/>\n"));
            continue;
        };
        let ((shade, _), count) = (shade(count), format_number(count, locale));
        let caption = escape(&format!("{}: {count}", name(code, locale)));
        land.push_str(&format!("<path fill=\"{shade}\" d=\"{path}\"><title>{caption}</title></path>\n"));
    }
    let numbers = numbers(&by_code, locale);
    format!(
        "<svg role=\"img\" aria-label=\"{title}\" width=\"1000\" height=\"520\" viewBox=\"0 0 10000 5200\" \
         xmlns=\"http://www.w3.org/2000/svg\">\n<title>{title}</title>\n<desc>{about}</desc>\n\
         <rect width=\"10000\" height=\"5200\" fill=\"#ffffff\"/>\n\
         <g fill=\"{NONE}\" stroke=\"#ffffff\" stroke-width=\"5\">\n{land}</g>\n\
         <g font-family=\"{FONT}\" font-size=\"{FONT_SIZE}\" font-weight=\"bold\" text-anchor=\"middle\" dominant-baseline=\"central\" \
         aria-hidden=\"true\">\n{numbers}</g>\n{}</svg>\n",
        legend(&title, counted)
    )
}

/// Draws the numbers: inside countries that are large enough, else beside them, so that no two numbers overlap.
fn numbers(counts: &HashMap<&str, u64>, locale: Locale) -> String {
    let counted = outlines().iter().filter_map(|it| Some((it, *counts.get(it.code)?)));
    let mut counted: Vec<_> = counted.filter(|(_, count)| *count > 0).collect();
    counted.sort_by(|(one, _), (other, _)| other.room.total_cmp(&one.room));
    let (mut occupied, mut numbers) = (Vec::new(), String::new());
    for (Outline { middle, room, .. }, count) in counted {
        let ((shade, ink), count) = (shade(count), format_number(count, locale));
        let half = (FONT_SIZE * 0.34 * count.len() as f64, FONT_SIZE * 0.36);
        let inside = Frame::at(*middle, half);
        if *room >= half.1 && *room >= 0.5 * half.0 && !occupied.iter().any(|it| inside.overlaps(it)) {
            let (x, y) = middle;
            numbers.push_str(&format!(
                "<text x=\"{x:.0}\" y=\"{y:.0}\" fill=\"{ink}\" stroke=\"{shade}\" stroke-width=\"30\" \
                 stroke-linejoin=\"round\" paint-order=\"stroke\">{count}</text>\n"
            ));
            occupied.push(inside);
            continue;
        }
        let (x, y) = free_position(*middle, half, &occupied, (WIDTH, f64::from(HEIGHT)));
        occupied.push(Frame::at((x, y), half));
        numbers.push_str(&format!(
            "<path d=\"M{:.0} {:.0}L{x:.0} {y:.0}\" stroke=\"#12263a\" stroke-width=\"10\"/>\n\
             <text x=\"{x:.0}\" y=\"{y:.0}\" fill=\"#12263a\" stroke=\"#ffffff\" stroke-width=\"45\" \
             stroke-linejoin=\"round\" paint-order=\"stroke\">{count}</text>\n",
            middle.0, middle.1
        ));
    }
    numbers
}

/// Draws the legend of the shades.
fn legend(title: &str, counted: &str) -> String {
    let mut legend = format!(
        "<g font-family=\"{FONT}\" fill=\"#1f2933\" aria-hidden=\"true\">\n\
         <text x=\"200\" y=\"{}\" font-size=\"200\" font-weight=\"bold\">{title}</text>\n\
         <text x=\"200\" y=\"{}\" font-size=\"160\">{}</text>\n",
        HEIGHT + 150,
        HEIGHT + 400,
        escape(counted)
    );
    let ends = SHADES.iter().skip(1).map(|(least, ..)| Some(least - 1)).chain([None]);
    for (index, ((least, shade, _), end)) in SHADES.iter().zip(ends).enumerate() {
        let x = 6_000 + 760 * index;
        let range = match end {
            Some(end) if end == *least => least.to_string(),
            Some(end) => format!("{least}–{end}"),
            None => format!("≥ {least}"),
        };
        legend.push_str(&format!(
            "<rect x=\"{x}\" y=\"{}\" width=\"220\" height=\"160\" fill=\"{shade}\"/>\n\
             <text x=\"{}\" y=\"{}\" font-size=\"160\">{range}</text>\n",
            HEIGHT + 270,
            x + 270,
            HEIGHT + 400
        ));
    }
    legend.push_str("</g>\n");
    legend
}
