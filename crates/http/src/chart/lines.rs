//! Line charts of values in sequence, such as years.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use vku_domain::kernel::error::Error;

use super::{
    COLOUR, Chart, FONT_SIZE, GRID_COLOUR, MARGIN, Size, TEXT_COLOUR, TITLE_SIZE, alt_text, drawing_error,
    format_number, image, largest, no_data, scale, text_style, tick_step, width,
};

/// Draws a line from the first count to the last.
///
/// Errors: none that a caller can cause.
pub fn lines(chart: &Chart) -> Result<String, Error> {
    let mut svg = String::new();
    draw(chart, &mut svg).map_err(drawing_error)?;
    image(&svg, &chart.title, &alt_text(&chart.counted, &chart.counts, chart.locale))
}

fn draw(chart: &Chart, svg: &mut String) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let (height, top) = match chart.size {
        Size::Full => (440, 90),
        Size::Small => (280, 40),
    };
    let root = SVGBackend::with_string(svg, (chart.size.width().unsigned_abs(), height)).into_drawing_area();
    root.fill(&WHITE)?;
    let plain = text_style(FONT_SIZE);
    let centred = |vertical| plain.clone().pos(Pos::new(HPos::Center, vertical));
    if chart.size == Size::Full {
        root.draw(&Text::new(chart.title.clone(), (MARGIN, 14), text_style(TITLE_SIZE)))?;
    }
    // The axis ends at the first step that is not below the largest count.
    let max = largest(&chart.counts);
    let step = tick_step(max, 4);
    let max = max.div_ceil(step).saturating_mul(step);
    let left = MARGIN + width(&format_number(max, chart.locale)) + 10;
    let (across, down) =
        ((left, chart.size.width() - MARGIN), (i32::try_from(height).unwrap_or(440) - 68, top));
    if chart.counts.is_empty() {
        root.draw(&no_data(chart, ((across.0 + across.1) / 2, (down.0 + down.1) / 2)))?;
        return root.present();
    }
    root.draw(&Text::new(chart.counted.clone(), (MARGIN, top - 30), plain.clone()))?;
    for tick in (0..=max / step).map(|number| number * step) {
        let y = scale(tick, max, down);
        let line = if tick == 0 { TEXT_COLOUR.stroke_width(1) } else { GRID_COLOUR.stroke_width(1) };
        root.draw(&PathElement::new(vec![(across.0, y), (across.1, y)], line))?;
        let beside = plain.clone().pos(Pos::new(HPos::Right, VPos::Center));
        root.draw(&Text::new(format_number(tick, chart.locale), (across.0 - 8, y), beside))?;
    }
    let columns = u64::try_from(chart.counts.len()).unwrap_or(u64::MAX);
    let at = |column: u64| scale(2 * column + 1, 2 * columns, across);
    let widest = chart.counts.iter().map(|(name, _)| width(name) + 12).max().unwrap_or(1);
    let fitting = usize::try_from(((across.1 - across.0) / widest).max(1)).unwrap_or(1);
    let named = chart.counts.len().div_ceil(fitting).max(1);
    let mut points = Vec::with_capacity(chart.counts.len());
    for (column, (name, count)) in (0..columns).zip(&chart.counts) {
        let x = at(column);
        points.push((x, scale(*count, max, down)));
        // Counted from the last one backwards, so that the newest has a name.
        if (columns - 1 - column).is_multiple_of(named as u64) {
            root.draw(&PathElement::new(vec![(x, down.0), (x, down.0 + 5)], TEXT_COLOUR.stroke_width(1)))?;
            root.draw(&Text::new(name.clone(), (x, down.0 + 10), centred(VPos::Top)))?;
        }
    }
    let by = ((across.0 + across.1) / 2, down.0 + 36);
    root.draw(&Text::new(chart.by.clone(), by, centred(VPos::Top)))?;
    root.draw(&PathElement::new(points.clone(), COLOUR.stroke_width(2)))?;
    for point in points {
        root.draw(&Circle::new(point, 4, COLOUR.filled()))?;
    }
    root.present()
}
