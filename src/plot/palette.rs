//! Colours, dashes and markers by which series are told apart, and the colours of numbers.

use super::scene::{Fill, Pixel, Scene, Stroke};
use plotters::style::RGBColor;
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};

pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
pub(super) const FAINT_INK: RGBColor = RGBColor(0x59, 0x59, 0x59);
pub(super) const GRID: RGBColor = RGBColor(0xe3, 0xe3, 0xe3);
pub(super) const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);
/// Where a heat map has no value.
pub(super) const NO_VALUE: RGBColor = RGBColor(0xd9, 0xd9, 0xd9);

/// The colours of Okabe and Ito (Color Universal Design, 2008), which people of all kinds of colour vision
/// tell apart, but for yellow, which is too pale for lines on white; grey stands in its place.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x00, 0x00, 0x00),
    RGBColor(0x80, 0x80, 0x80),
];

const DASHES: [&[f64]; 4] = [&[], &[9.0, 4.0], &[2.5, 3.5], &[11.0, 3.5, 2.5, 3.5]];

/// How many series are told apart at most: each pair of colour and dash once.
pub(super) const MOST_SERIES: usize = COLOURS.len() * DASHES.len();

/// The colour of a series.
pub(super) fn colour(series: usize) -> RGBColor {
    COLOURS[series % COLOURS.len()]
}

/// The fill of a part, the second round of colours paler than the first, and so on.
pub(super) fn fill(part: usize) -> Fill {
    let round = part / COLOURS.len();
    Fill { colour: colour(part), alpha: [1.0, 0.6, 0.35, 0.2][round % 4] }
}

/// The line of a series: no two of the first [`MOST_SERIES`] have both colour and dash in common, and
/// neighbours differ in both.
pub(super) fn stroke(series: usize, width: f64) -> Stroke {
    let dash = DASHES[(series + series / COLOURS.len()) % DASHES.len()];
    Stroke { dash, ..Stroke::new(colour(series), width) }
}

/// The colour of a number between 0 and 1: viridis, whose steps look equally large in colour and in grey.
pub(super) fn sequential(share: f64) -> RGBColor {
    ViridisRGB.get_color(share.clamp(0.0, 1.0) as f32)
}

/// Black or white, whichever is better to read on a colour (relative luminance of WCAG 2).
pub(super) fn ink_on(background: RGBColor) -> RGBColor {
    let linear = |channel: u8| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    let RGBColor(red, green, blue) = background;
    let luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    // The luminance at which both have the same contrast: (1.05 / (L + 0.05)) = ((L + 0.05) / 0.05).
    if luminance > 0.179 { INK } else { PAPER }
}

/// Draws the marker of a series.
pub(super) fn marker(scene: &mut Scene, series: usize, (x, y): Pixel, radius: f64, fill: Fill) {
    let corners = |corners: &[(f64, f64)]| -> Vec<Pixel> {
        corners.iter().map(|(dx, dy)| (x + dx * radius, y + dy * radius)).collect()
    };
    match series % 6 {
        0 => scene.disc((x, y), radius, fill),
        1 => scene.rectangle(
            (x - 0.9 * radius, y - 0.9 * radius),
            (x + 0.9 * radius, y + 0.9 * radius),
            fill,
        ),
        2 => scene.polygon(corners(&[(0.0, -1.25), (1.15, 0.85), (-1.15, 0.85)]), fill),
        3 => scene.polygon(corners(&[(0.0, -1.35), (1.35, 0.0), (0.0, 1.35), (-1.35, 0.0)]), fill),
        4 => scene.polygon(corners(&[(0.0, 1.25), (1.15, -0.85), (-1.15, -0.85)]), fill),
        _ => {
            let stroke = Stroke::new(fill, 0.6 * radius);
            scene.line(corners(&[(-1.0, -1.0), (1.0, 1.0)]), stroke);
            scene.line(corners(&[(-1.0, 1.0), (1.0, -1.0)]), stroke);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_series_look_the_same() {
        let look = |series: usize| {
            let stroke = stroke(series, 2.0);
            (stroke.fill.colour, stroke.dash)
        };
        for series in 0..MOST_SERIES {
            for other in 0..series {
                assert_ne!(look(series), look(other), "{series} and {other}");
            }
        }
        for series in 1..MOST_SERIES {
            assert_ne!(look(series).1, look(series - 1).1, "the dash of {series}");
        }
    }

    #[test]
    fn texts_are_readable_on_any_number_colour() {
        assert_eq!((ink_on(PAPER), ink_on(INK)), (INK, PAPER));
        assert_eq!((ink_on(sequential(0.0)), ink_on(sequential(1.0))), (PAPER, INK));
        assert_eq!(sequential(f64::MAX), sequential(1.0));
    }
}
