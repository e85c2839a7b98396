//! Horizontal bars, so that names of any length fit beside them, or above them on small charts.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use vku_domain::kernel::error::Error;

use super::{
    COLOUR, Chart, GRID_COLOUR, MARGIN, Size, TEXT_COLOUR, TITLE_SIZE, alt_text, drawing_error,
    format_number, image, largest, no_data, scale, text_style, tick_step, truncate, width, wrap,
};

type Failed = DrawingAreaErrorKind<std::io::Error>;

/// The height of a line of text, in pixels.
const LINE: i32 = 18;

/// Draws a bar for each count, the first one on top.
///
/// Errors: none that a caller can cause.
pub fn bars(chart: &Chart) -> Result<String, Error> {
    let mut svg = String::new();
    draw(chart, &mut svg).map_err(drawing_error)?;
    image(&svg, &chart.title, &alt_text(&chart.counted, &chart.counts, chart.locale))
}

/// The positions of the parts, in pixels.
struct Layout {
    /// The height of a row.
    row: i32,
    /// The upper and lower edge of a bar, within its row.
    bar: (i32, i32),
    /// The upper edge of the first row.
    top: i32,
    /// Where bars begin, and where the longest one ends.
    across: (i32, i32),
    /// The lower edge of the last row.
    end: i32,
}

impl Layout {
    fn of(chart: &Chart) -> Self {
        let rows = i32::try_from(chart.counts.len()).unwrap_or(i32::MAX / 100).max(1);
        let widest = chart.counts.iter().map(|(name, _)| width(name)).max().unwrap_or_default();
        let widest = widest.min(chart.size.names()).max(width(&chart.by));
        let number = width(&format_number(largest(&chart.counts), chart.locale));
        let right = chart.size.width() - MARGIN - number - 8;
        let (row, bar, top, left) = match chart.size {
            Size::Full => (38, (7, 31), 84, MARGIN + widest + 10),
            Size::Small => (46, (22, 40), MARGIN, MARGIN),
        };
        Self { row, bar, top, across: (left, right.max(left + 1)), end: top + rows * row }
    }
}

fn draw(chart: &Chart, svg: &mut String) -> Result<(), Failed> {
    let layout = Layout::of(chart);
    let size = (chart.size.width().unsigned_abs(), (layout.end + 62).unsigned_abs());
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    root.fill(&WHITE)?;
    let middle = (layout.across.0 + layout.across.1) / 2;
    if chart.size == Size::Full {
        root.draw(&Text::new(chart.title.clone(), (MARGIN, 14), text_style(TITLE_SIZE)))?;
        let above = text_style(super::FONT_SIZE).pos(Pos::new(HPos::Right, VPos::Center));
        root.draw(&Text::new(chart.by.clone(), (layout.across.0 - 10, layout.top - 16), above))?;
    }
    if chart.counts.is_empty() {
        root.draw(&no_data(chart, (middle, layout.top + layout.row / 2)))?;
        return root.present();
    }
    axis(chart, &layout, &root)?;
    let below = text_style(super::FONT_SIZE).pos(Pos::new(HPos::Center, VPos::Top));
    root.draw(&Text::new(chart.counted.clone(), (middle, layout.end + 34), below))?;
    let mut top = layout.top;
    for (name, count) in &chart.counts {
        bar(chart, &layout, &root, top, (name, *count))?;
        top += layout.row;
    }
    let edge = vec![(layout.across.0, layout.top), (layout.across.0, layout.end)];
    root.draw(&PathElement::new(edge, TEXT_COLOUR.stroke_width(1)))?;
    root.present()
}

/// Draws the numbers below the bars, and a line up from each.
fn axis(chart: &Chart, layout: &Layout, root: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), Failed> {
    let max = largest(&chart.counts);
    let step = tick_step(max, if chart.size == Size::Full { 6 } else { 3 });
    let below = text_style(super::FONT_SIZE).pos(Pos::new(HPos::Center, VPos::Top));
    for tick in (0..=max / step).map(|number| number * step) {
        let x = scale(tick, max, layout.across);
        root.draw(&PathElement::new(vec![(x, layout.top), (x, layout.end)], GRID_COLOUR.stroke_width(1)))?;
        root.draw(&Text::new(format_number(tick, chart.locale), (x, layout.end + 8), below.clone()))?;
    }
    Ok(())
}

/// Draws a row: its name, its bar and its number.
fn bar(
    chart: &Chart,
    layout: &Layout,
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    top: i32,
    (name, count): (&str, u64),
) -> Result<(), Failed> {
    let plain = text_style(super::FONT_SIZE);
    let (upper, lower) = (top + layout.bar.0, top + layout.bar.1);
    let middle = (upper + lower) / 2;
    match chart.size {
        Size::Small => {
            let name = truncate(name, chart.size.width() - 2 * MARGIN);
            root.draw(&Text::new(name, (layout.across.0 + 4, top + 2), plain.clone()))?;
        }
        Size::Full => {
            let beside = plain.clone().pos(Pos::new(HPos::Right, VPos::Center));
            let lines = wrap(name, chart.size.names());
            let first = middle - LINE * (i32::try_from(lines.len()).unwrap_or(1) - 1) / 2;
            for (line, y) in lines.into_iter().zip((first..).step_by(LINE.unsigned_abs() as usize)) {
                root.draw(&Text::new(line, (layout.across.0 - 10, y), beside.clone()))?;
            }
        }
    }
    let end = scale(count, largest(&chart.counts), layout.across);
    root.draw(&Rectangle::new([(layout.across.0, upper), (end, lower)], COLOUR.filled()))?;
    let behind = plain.pos(Pos::new(HPos::Left, VPos::Center));
    root.draw(&Text::new(format_number(count, chart.locale), (end + 6, middle), behind))
}
