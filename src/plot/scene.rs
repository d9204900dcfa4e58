//! What a figure shows, as shapes in fractions of a pixel, and their drawing by plotters.
//!
//! Charts put shapes into a scene, and one place hands them to plotters. So no chart is written twice for two
//! backends, a figure can grow while it is laid out, and shapes are not rounded to whole pixels: the scene
//! is drawn enlarged.

use super::PlotError;
use super::font;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, RGBColor, ShapeStyle};

/// Beyond this many pixels nothing can be seen.
const FAR: f64 = 20_000.0;

/// A place in pixels, from the upper left corner.
pub(super) type Pixel = (f64, f64);

/// A colour and how much it covers, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fill {
    pub(super) colour: RGBColor,
    pub(super) alpha: f64,
}

impl From<RGBColor> for Fill {
    fn from(colour: RGBColor) -> Self {
        Fill { colour, alpha: 1.0 }
    }
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stroke {
    pub(super) fill: Fill,
    pub(super) width: f64,
    /// Lengths of ink and gaps in turn; empty for an unbroken line.
    pub(super) dash: &'static [f64],
}

impl Stroke {
    pub(super) fn new(fill: impl Into<Fill>, width: f64) -> Self {
        Stroke { fill: fill.into(), width, dash: &[] }
    }
}

/// How a text looks and which point of it is given.
#[derive(Clone, Copy)]
pub(super) struct Type {
    pub(super) size: f64,
    pub(super) colour: RGBColor,
    pub(super) horizontal: HPos,
    pub(super) vertical: VPos,
    /// Whether it reads upwards.
    pub(super) upwards: bool,
}

#[derive(Clone)]
enum Shape {
    Line { points: Vec<Pixel>, stroke: Stroke },
    Polygon { points: Vec<Pixel>, fill: Fill },
    Rectangle { corners: [Pixel; 2], fill: Fill },
    Disc { centre: Pixel, radius: f64, fill: Fill },
    Text { at: Pixel, text: String, face: Type },
}

/// The shapes of a figure, those behind first.
#[derive(Clone)]
pub(super) struct Scene {
    pub(super) width: f64,
    pub(super) height: f64,
    shapes: Vec<Shape>,
}

impl Scene {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Scene { width, height, shapes: Vec::new() }
    }

    /// A line through all points, broken into dashes if its stroke says so.
    pub(super) fn line(&mut self, mut points: Vec<Pixel>, stroke: Stroke) {
        // Far outside, dashes would be without number.
        points.retain(|point| point.0.is_finite() && point.1.is_finite());
        for point in &mut points {
            *point = (point.0.clamp(-FAR, FAR), point.1.clamp(-FAR, FAR));
        }
        if stroke.dash.is_empty() {
            self.shapes.push(Shape::Line { points, stroke });
            return;
        }
        let solid = Stroke { dash: &[], ..stroke };
        for points in dashes(&points, stroke.dash) {
            self.shapes.push(Shape::Line { points, stroke: solid });
        }
    }

    pub(super) fn polygon(&mut self, points: Vec<Pixel>, fill: impl Into<Fill>) {
        self.shapes.push(Shape::Polygon { points, fill: fill.into() });
    }

    /// A filled rectangle between two opposite corners, in any order.
    pub(super) fn rectangle(&mut self, a: Pixel, b: Pixel, fill: impl Into<Fill>) {
        let corners = [(a.0.min(b.0), a.1.min(b.1)), (a.0.max(b.0), a.1.max(b.1))];
        self.shapes.push(Shape::Rectangle { corners, fill: fill.into() });
    }

    /// The outline of a rectangle.
    pub(super) fn outline(&mut self, a: Pixel, b: Pixel, stroke: Stroke) {
        self.line(vec![a, (b.0, a.1), b, (a.0, b.1), a], stroke);
    }

    pub(super) fn disc(&mut self, centre: Pixel, radius: f64, fill: impl Into<Fill>) {
        self.shapes.push(Shape::Disc { centre, radius, fill: fill.into() });
    }

    pub(super) fn circle(&mut self, centre: Pixel, radius: f64, stroke: Stroke) {
        let turns = (0..=72).map(|step| f64::from(step) / 72.0 * std::f64::consts::TAU);
        let points = turns.map(|a| (centre.0 + radius * a.cos(), centre.1 + radius * a.sin()));
        self.line(points.collect(), stroke);
    }

    pub(super) fn text(&mut self, text: impl Into<String>, at: Pixel, face: Type) {
        self.shapes.push(Shape::Text { at, text: text.into(), face });
    }

    /// Draws everything, enlarged by `scale`. Where lines become pixels at once (`is_raster`), each piece of
    /// a line is drawn on its own: plotters would draw a thick zigzag as one polygon that cuts itself.
    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        scale: f64,
        is_raster: bool,
    ) -> Result<(), PlotError> {
        font::register()?;
        let painter = Painter { area, scale, is_raster };
        self.shapes.iter().try_for_each(|shape| painter.paint(shape)).map_err(|error| match error {
            DrawingAreaErrorKind::BackendError(error) => PlotError::Drawing(error.to_string()),
            error => PlotError::Drawing(error.to_string()),
        })
    }
}

struct Painter<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
    scale: f64,
    is_raster: bool,
}

impl<DB: DrawingBackend> Painter<'_, DB> {
    fn at(&self, point: Pixel) -> (i32, i32) {
        // The cast saturates, so that nothing wraps around, and plotters has room to add to it.
        let whole = |value: f64| (value * self.scale).clamp(-1e6, 1e6).round() as i32;
        (whole(point.0), whole(point.1))
    }

    fn size(&self, length: f64) -> u32 {
        (length * self.scale).round().max(1.0) as u32
    }

    fn style(&self, fill: Fill) -> ShapeStyle {
        fill.colour.mix(fill.alpha).filled()
    }

    fn paint(&self, shape: &Shape) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
        match shape {
            Shape::Line { points, stroke } => self.line(points, stroke),
            Shape::Polygon { points, fill } => {
                let points: Vec<_> = points.iter().map(|&point| self.at(point)).collect();
                self.area.draw(&Polygon::new(points, self.style(*fill)))
            }
            Shape::Rectangle { corners, fill } => {
                let [a, b] = corners.map(|corner| self.at(corner));
                self.area.draw(&Rectangle::new([a, b], self.style(*fill)))
            }
            Shape::Disc { centre, radius, fill } => {
                self.area.draw(&Circle::new(self.at(*centre), self.size(*radius), self.style(*fill)))
            }
            Shape::Text { at, text, face } => {
                let (at, size) = if self.is_raster {
                    // Where SVG viewers have it, and as large.
                    let down = font::RASTER_DOWN * face.size;
                    let (x, y) = if face.upwards { (down, 0.0) } else { (0.0, down) };
                    (&(at.0 + x, at.1 + y), face.size * font::RASTER_SIZE)
                } else {
                    (at, face.size)
                };
                let mut style = font::style(size * self.scale);
                style.color = face.colour.to_backend_color();
                style.pos = Pos::new(face.horizontal, face.vertical);
                if face.upwards {
                    style = style.transform(FontTransform::Rotate270);
                }
                self.area.draw_text(text, &style, self.at(*at))
            }
        }
    }

    fn line(
        &self,
        points: &[Pixel],
        stroke: &Stroke,
    ) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
        let mut whole: Vec<(i32, i32)> = points.iter().map(|&point| self.at(point)).collect();
        whole.dedup();
        if whole.len() < 2 {
            return Ok(());
        }
        let style = self.style(stroke.fill).stroke_width(self.size(stroke.width));
        if !self.is_raster || stroke.fill.alpha < 1.0 {
            return self.area.draw(&PathElement::new(whole, style));
        }
        let radius = (stroke.width * self.scale / 2.0).floor() as u32;
        for pair in whole.windows(2) {
            self.area.draw(&PathElement::new(pair.to_vec(), style))?;
        }
        if radius > 0 {
            for point in &whole[1..whole.len() - 1] {
                self.area.draw(&Circle::new(*point, radius, style))?;
            }
        }
        Ok(())
    }
}

/// The inked pieces of a line.
fn dashes(points: &[Pixel], pattern: &[f64]) -> Vec<Vec<Pixel>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<Pixel> = points.first().copied().into_iter().collect();
    let (mut part, mut left) = (0, pattern[0]);
    for pair in points.windows(2) {
        let [mut from, to] = [pair[0], pair[1]];
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            let is_ink = part % 2 == 0;
            if length < left || !length.is_finite() {
                left -= length;
                if is_ink {
                    piece.push(to);
                }
                break;
            }
            let share = if length > 0.0 { left / length } else { 1.0 };
            from = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
            if is_ink {
                piece.push(from);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![from];
            }
            part = (part + 1) % pattern.len();
            left = pattern[part];
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ink of 3 and gaps of 2 along a line of 4 and then 4 downwards: 0-3, 5-8, the second around no corner.
    #[test]
    fn dashes_go_around_corners() {
        let pieces = dashes(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0)], &[3.0, 2.0]);
        assert_eq!(pieces, [vec![(0.0, 0.0), (3.0, 0.0)], vec![(4.0, 1.0), (4.0, 4.0)]]);
        let pieces = dashes(&[(0.0, 0.0), (2.0, 0.0), (2.0, 4.0)], &[3.0, 2.0]);
        assert_eq!(pieces, [vec![(0.0, 0.0), (2.0, 0.0), (2.0, 1.0)], vec![(2.0, 3.0), (2.0, 4.0)]]);
        assert!(dashes(&[], &[3.0, 2.0]).is_empty());
        assert!(dashes(&[(1.0, 1.0); 3], &[3.0, 2.0]).len() <= 1);
    }
}
