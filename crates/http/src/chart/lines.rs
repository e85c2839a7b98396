//! A line through what comes one after the other, such as years.

use plotters::prelude::*;
use vku_domain::kernel::error::Error;

use super::{Chart, FONT, LETTERS, Size, TITLE, image, told, top, undrawn, width, written};

const COLOUR: RGBColor = RGBColor(11, 95, 165);
const INK: RGBColor = RGBColor(31, 41, 51);
const PALE: RGBColor = RGBColor(220, 226, 232);

/// A line from the first to the last.
///
/// Errors: none that a caller can cause.
pub fn lines(chart: &Chart) -> Result<String, Error> {
    let mut svg = String::new();
    draw(chart, &mut svg).map_err(undrawn)?;
    image(&svg, &chart.title, &told(&chart.counted, &chart.counts, chart.tongue))
}

fn draw(chart: &Chart, svg: &mut String) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let counts = &chart.counts;
    let columns = i32::try_from(counts.len()).unwrap_or(i32::MAX).max(1);
    let size = chart.size;
    let height = size.title() + if size == Size::Whole { 384 } else { 264 };
    let root = SVGBackend::with_string(svg, (size.width(), height)).into_drawing_area();
    root.fill(&WHITE)?;
    let letters = (FONT, LETTERS).into_font().color(&INK);
    let end = top(counts);
    let mut builder = ChartBuilder::on(&root);
    if size == Size::Whole {
        builder.caption(&chart.title, (FONT, TITLE).into_font().color(&INK));
    }
    let mut plot = builder
        .margin(12)
        .margin_right(32)
        .x_label_area_size(46)
        .y_label_area_size(width(&written(end, chart.tongue)) + 48)
        .build_cartesian_2d((0..columns - 1).into_segmented(), 0..end)?;
    let widest = counts.iter().map(|(name, _)| width(name) + 12).max().unwrap_or(1);
    let shown = usize::try_from(size.width() * 4 / 5 / widest).unwrap_or(1).clamp(1, counts.len().max(1));
    let name = |at: &SegmentValue<i32>| match at {
        SegmentValue::CenterOf(column) => {
            let place = usize::try_from(*column).unwrap_or(usize::MAX);
            counts.get(place).map(|(name, _)| name.clone()).unwrap_or_default()
        }
        _ => String::new(),
    };
    plot.configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(PALE)
        .axis_style(INK)
        .label_style(letters.clone())
        .axis_desc_style(letters)
        .x_desc(&chart.by)
        .y_desc(&chart.counted)
        .x_labels(shown)
        .y_labels(6)
        .x_label_formatter(&name)
        .y_label_formatter(&|count| written(*count, chart.tongue))
        .draw()?;
    let points =
        || (0..columns).zip(counts).map(|(column, (_, count))| (SegmentValue::CenterOf(column), *count));
    plot.draw_series(LineSeries::new(points(), COLOUR.stroke_width(2)))?;
    plot.draw_series(points().map(|point| Circle::new(point, 4, COLOUR.filled())))?;
    root.present()
}
