//! A figure: a chart with a title and a size, as SVG or PNG.

use super::frame::Head;
use super::palette::PAPER;
use super::scene::Scene;
use super::{
    BoxPlot, Ecdf, Gantt, HeatMap, Histogram, Line, Map, PlotError, StackedShares, TimeSeries, font,
};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::prelude::{BitMapBackend, DrawingBackend, SVGBackend};
use std::fs;
use std::io::Write;
use std::path::Path;

/// SVG coordinates are whole numbers in plotters; these are fractions of a pixel.
const SVG_SCALE: u32 = 4;
/// Pixels are drawn this much smaller and then averaged, so that edges are smooth.
const PNG_SCALE: u32 = 3;

/// What a figure shows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Chart {
    /// Means over an axis, with bands.
    Line(Line),
    /// Empirical distribution functions.
    Ecdf(Ecdf),
    /// How often values fall where.
    Histogram(Histogram),
    /// Quartiles by group.
    BoxPlot(BoxPlot),
    /// A number for each pair of two axes.
    HeatMap(HeatMap),
    /// Shares of a whole.
    StackedShares(StackedShares),
    /// Values over time, and events.
    TimeSeries(TimeSeries),
    /// Places, links, trajectories and cells.
    Map(Map),
    /// What happened from when to when, by lane.
    Gantt(Gantt),
}

/// Conversions of each chart, and what is done with any of them.
macro_rules! charts {
    ($($chart:ident),*) => {
        $(impl From<$chart> for Chart {
            fn from(chart: $chart) -> Chart {
                Chart::$chart(chart)
            }
        })*

        impl Chart {
            fn draw(&self, scene: &mut Scene, head: Head<'_>) -> Result<(), PlotError> {
                match self {
                    $(Chart::$chart(chart) => chart.draw(scene, head),)*
                }
            }
        }
    };
}

charts!(Line, Ecdf, Histogram, BoxPlot, HeatMap, StackedShares, TimeSeries, Map, Gantt);

/// A chart with a title and a size.
///
/// ```
/// use stratosim::plot::{Axis, Figure, Line, LinePoint, LineSeries};
/// let point = |x, y| LinePoint { x, y, band: Some([0.9 * y, 1.1 * y]) };
/// let figure = Figure::new(Line {
///     x: Axis::new("phones", ""),
///     y: Axis::new("service time", "s"),
///     series: vec![LineSeries {
///         name: "nearest".into(),
///         points: vec![point(50.0, 0.2), point(100.0, 0.4), point(200.0, 0.9)],
///     }],
/// })
/// .title("How the crowd slows down");
/// let svg = figure.svg()?;
/// // All times are below a second, so that the axis is in milliseconds.
/// assert!(svg.contains("service time (ms)"));
/// # Ok::<(), stratosim::plot::PlotError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What it shows.
    pub chart: Chart,
    /// Its title; may be empty.
    pub title: String,
    /// What a reader must know beside it, in small letters below the title; may be empty.
    pub note: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels. A figure whose texts leave too little for the data is refused; it is made higher where a long legend would leave too little for the data.
    pub height: u32,
}

impl Figure {
    /// A figure of 960 by 600 pixels without a title.
    #[must_use]
    pub fn new(chart: impl Into<Chart>) -> Self {
        let chart = chart.into();
        Figure { chart, title: String::new(), note: String::new(), width: 960, height: 600 }
    }

    /// The same with this title.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        Figure { title: title.into(), ..self }
    }

    /// The same with this note.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Figure { note: note.into(), ..self }
    }

    /// The same in another size, in pixels.
    #[must_use]
    pub fn size(self, width: u32, height: u32) -> Self {
        Figure { width, height, ..self }
    }

    pub(super) fn scene(&self) -> Result<Scene, PlotError> {
        let allowed = 240..=8000;
        if !allowed.contains(&self.width) || !allowed.contains(&self.height) {
            return Err(PlotError::Size { width: self.width, height: self.height });
        }
        font::register()?;
        let mut scene = Scene::new(f64::from(self.width), f64::from(self.height));
        self.chart.draw(&mut scene, Head { title: &self.title, note: &self.note })?;
        Ok(scene)
    }

    /// Draws it on an area of any plotters backend, as large as fits. Texts are in the family that this
    /// module registers with plotters.
    ///
    /// # Errors
    /// If the chart has nothing to show, its data contradict themselves, or the backend refuses.
    pub fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
        let scene = self.scene()?;
        let (width, height) = area.dim_in_pixel();
        let scale = (f64::from(width) / scene.width).min(f64::from(height) / scene.height);
        scene.draw(area, scale, false)
    }

    /// The figure as an SVG document. Equal figures give equal texts.
    ///
    /// # Errors
    /// If the chart has nothing to show or its data contradict themselves.
    pub fn svg(&self) -> Result<String, PlotError> {
        let scene = self.scene()?;
        let (width, height) = (scene.width as u32, scene.height.ceil() as u32);
        let mut text = String::new();
        {
            let size = (width * SVG_SCALE, height * SVG_SCALE);
            let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
            area.fill(&PAPER).map_err(|error| PlotError::Drawing(error.to_string()))?;
            scene.draw(&area, f64::from(SVG_SCALE), false)?;
            area.present().map_err(|error| PlotError::Drawing(error.to_string()))?;
        }
        // It is drawn enlarged, and shown in its own size.
        let drawn = format!("width=\"{}\" height=\"{}\" viewBox", width * SVG_SCALE, height * SVG_SCALE);
        let shown = format!("width=\"{width}\" height=\"{height}\" viewBox");
        Ok(text.replacen(&drawn, &shown, 1))
    }

    /// The figure as a PNG file. Equal figures give equal bytes.
    ///
    /// # Errors
    /// If the chart has nothing to show or its data contradict themselves.
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        let scene = self.scene()?;
        let (width, height) = (scene.width as u32, scene.height.ceil() as u32);
        let large = (width * PNG_SCALE, height * PNG_SCALE);
        let mut pixels = vec![0xff; large.0 as usize * large.1 as usize * 3];
        {
            let area = BitMapBackend::with_buffer(&mut pixels, large).into_drawing_area();
            scene.draw(&area, f64::from(PNG_SCALE), true)?;
            area.present().map_err(|error| PlotError::Drawing(error.to_string()))?;
        }
        let pixels = averaged(&pixels, width as usize);
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(&pixels)?;
            writer.finish()
        });
        written.map_err(|error| PlotError::Drawing(error.to_string()))?;
        Ok(bytes)
    }

    /// Writes the figure to a file whose name ends in `.svg` or `.png`; its folders are made if there are
    /// none. The file appears whole or not at all, and replaces one of the same name.
    ///
    /// # Errors
    /// If the name ends otherwise, the figure cannot be drawn, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        let path = path.as_ref();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let bytes = match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("svg") => self.svg()?.into_bytes(),
            Some("png") => self.png()?,
            _ => return Err(PlotError::Extension { path: path.to_path_buf() }),
        };
        write_whole(path, &bytes)
    }
}

/// The mean colours of squares of pixels.
fn averaged(large: &[u8], width: usize) -> Vec<u8> {
    let scale = PNG_SCALE as usize;
    let row = width * scale * 3;
    let mut pixels = Vec::with_capacity(large.len() / (scale * scale));
    for rows in large.chunks_exact(row * scale) {
        for x in 0..width {
            for channel in 0..3 {
                let mut sum = 0_usize;
                for line in rows.chunks_exact(row) {
                    for step in 0..scale {
                        sum += usize::from(line[(x * scale + step) * 3 + channel]);
                    }
                }
                // The mean of bytes is one.
                pixels.push(((sum + scale * scale / 2) / (scale * scale)) as u8);
            }
        }
    }
    pixels
}

/// Writes a file under another name and then renames it, so that it is never seen half-written.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), PlotError> {
    let Some(name) = path.file_name() else {
        return Err(PlotError::Extension { path: path.to_path_buf() });
    };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(PlotError::io("create", parent))?;
    }
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".partial-{}", std::process::id()));
    let partial = path.with_file_name(hidden);
    let written = fs::File::create(&partial)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&partial, path));
    written.map_err(|error| {
        // Whatever was written of it is of no use; that it cannot be removed is no better news.
        let _ = fs::remove_file(&partial);
        PlotError::io("write", path)(error)
    })
}
