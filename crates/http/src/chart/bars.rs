//! Bars that lie, so that names of any length stand beside them.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use vku_domain::kernel::error::Error;

use super::{Chart, FONT, LETTERS, Size, TITLE, fitted, image, told, top, undrawn, width, written};

/// What a bar takes of the height, with the room around it.
const EACH: u32 = 30;
const COLOUR: RGBColor = RGBColor(11, 95, 165);
const INK: RGBColor = RGBColor(31, 41, 51);
const PALE: RGBColor = RGBColor(220, 226, 232);

/// A bar for each, the first one on top.
///
/// Errors: none that a caller can cause.
pub fn bars(chart: &Chart) -> Result<String, Error> {
    let mut svg = String::new();
    draw(chart, &mut svg).map_err(undrawn)?;
    image(&svg, &chart.title, &told(&chart.counted, &chart.counts, chart.tongue))
}

fn draw(chart: &Chart, svg: &mut String) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let counts = &chart.counts;
    let rows = i32::try_from(counts.len()).unwrap_or(i32::MAX).max(1);
    let size = chart.size;
    let height = size.title() + 84 + EACH * u32::try_from(rows).unwrap_or(1);
    let names = counts.iter().map(|(name, _)| width(name)).max().unwrap_or_default().min(size.names());
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
        .margin_right(48)
        .x_label_area_size(46)
        .y_label_area_size(names + 40)
        .build_cartesian_2d(0..end, (0..rows - 1).into_segmented())?;
    // The axis begins below, the list above.
    let place = |row: i32| usize::try_from(rows - 1 - row).unwrap_or(usize::MAX);
    let name = |at: &SegmentValue<i32>| match at {
        SegmentValue::CenterOf(row) => {
            counts.get(place(*row)).map(|(name, _)| fitted(name, names)).unwrap_or_default()
        }
        _ => String::new(),
    };
    plot.configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(PALE)
        .axis_style(INK)
        .label_style(letters.clone())
        .axis_desc_style(letters.clone())
        .x_desc(&chart.counted)
        .y_desc(&chart.by)
        .x_labels(if size == Size::Whole { 6 } else { 4 })
        .y_labels(counts.len().max(1))
        .x_label_formatter(&|count| written(*count, chart.tongue))
        .y_label_formatter(&name)
        .draw()?;
    let beside = letters.pos(Pos::new(HPos::Left, VPos::Center));
    for (row, (_, count)) in (0..rows).rev().zip(counts) {
        let (from, to) = ((0, SegmentValue::Exact(row)), (*count, SegmentValue::Exact(row + 1)));
        let mut bar = Rectangle::new([from, to], COLOUR.filled());
        bar.set_margin(5, 5, 0, 0);
        plot.draw_series([bar])?;
        let at = (*count, SegmentValue::CenterOf(row));
        plot.draw_series([
            EmptyElement::at(at) + Text::new(written(*count, chart.tongue), (6, 0), beside.clone())
        ])?;
    }
    root.present()
}
