//! The plots, as SVG files.

use std::path::Path;

use plotters::chart::{ChartBuilder, ChartContext, SeriesLabelPosition};
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::combinators::{IntoLogRange, LogCoord};
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::prelude::{IntoDrawingArea, LineSeries, PathElement, SVGBackend};
use plotters::style::{BLACK, Color, IntoFont, RGBColor, WHITE};

use crate::program::Kind;
use crate::report::{Plot, Report, Series, title};

/// Width and height in pixels.
const SIZE: (u32, u32) = (720, 400);

struct Description {
    plot: Plot,
    file: &'static str,
    caption: &'static str,
    unit: &'static str,
}

const PLOTS: [Description; 4] = [
    Description { plot: Plot::TurnTime, file: "turn-time.svg", caption: "Time of an image turn", unit: "ms" },
    Description { plot: Plot::BytesSent, file: "bytes-sent.svg", caption: "Sent in a turn", unit: "MB" },
    Description { plot: Plot::Memory, file: "memory.svg", caption: "Resident memory after a turn", unit: "MB" },
    Description { plot: Plot::ResumeTime, file: "resume-time.svg", caption: "Time of thread/resume", unit: "ms" },
];

/// Draws all plots into a folder.
pub(crate) fn draw_all(report: &Report, folder: &Path) {
    std::fs::create_dir_all(folder).expect("the folder can be created");
    for description in PLOTS {
        let series: Vec<&Series> = report.series.iter().filter(|series| series.plot == description.plot).collect();
        if series.iter().any(|series| series.points.len() > 1) {
            draw(&description, &series, &folder.join(description.file)).expect("an SVG file can be written");
        }
    }
}

/// Draws one plot. The vertical axis is logarithmic, because programs differ by orders of magnitude; the horizontal
/// axis is too if threads do.
fn draw(description: &Description, series: &[&Series], path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let points = || series.iter().flat_map(|series| &series.points);
    let max_x = points().map(|point| point.0).fold(1.0, f64::max);
    let low = points().map(|point| point.1).fold(f64::MAX, f64::min).max(0.01);
    let high = points().map(|point| point.1).fold(low, f64::max);
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root);
    chart
        .caption(format!("{} ({})", description.caption, description.unit), ("sans-serif", 18).into_font())
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60);
    let values = (low / 1.5..high * 2.0).log_scale();
    if max_x > 100.0 {
        let chart = chart.build_cartesian_2d((10.0..max_x).log_scale(), values)?;
        draw_series(chart, description, series)?;
    } else {
        draw_series(chart.build_cartesian_2d(1.0..max_x, values)?, description, series)?;
    }
    Ok(root.present()?)
}

fn draw_series<'a, X>(
    mut chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, LogCoord<f64>>>,
    description: &Description,
    series: &[&Series],
) -> Result<(), Box<dyn std::error::Error>>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .x_desc("images in the thread")
        .y_desc(description.unit)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| y.to_string())
        .light_line_style(WHITE)
        .draw()?;
    for series in series {
        let color = color(series.program);
        let line = LineSeries::new(series.points.iter().copied(), color.stroke_width(2));
        chart
            .draw_series(line)?
            .label(title(series.program))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    let mut labels = chart.configure_series_labels();
    Ok(labels.position(SeriesLabelPosition::UpperLeft).background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?)
}

/// Colors that remain distinct for people who confuse red and green.
fn color(kind: Kind) -> RGBColor {
    match kind {
        Kind::Easel => RGBColor(0, 114, 178),
        Kind::Baseline => RGBColor(230, 159, 0),
        Kind::Peer => RGBColor(120, 120, 120),
        Kind::Floor => RGBColor(0, 158, 115),
    }
}
