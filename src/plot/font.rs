//! The embedded font, and how wide its texts are.

use super::PlotError;
use plotters::style::{FontDesc, FontFamily, FontStyle, TextStyle, register_font};
use std::sync::OnceLock;

/// DejaVu Sans with the letters, digits and signs that labels have; its terms are beside it.
const BYTES: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans-subset.ttf");

/// The family, as SVG viewers look for it; plotters knows the embedded font by the same name.
pub(super) const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// What plotters calls the size of a text, over the size of its em in SVG.
const SIZE_OVER_EM: f64 = 1.24;

/// The height from the deepest descent to the highest ascent of this font, over its em: what the rasteriser
/// takes for the size.
const HEIGHT_OVER_EM: f64 = 1.164;

/// What makes texts in pixels as large as in SVG.
pub(super) const RASTER_SIZE: f64 = HEIGHT_OVER_EM / SIZE_OVER_EM;

/// How much higher plotters sets texts in pixels than in SVG, in ems.
pub(super) const RASTER_DOWN: f64 = 0.17;

/// Makes the embedded font known to plotters, once a process.
pub(super) fn register() -> Result<(), PlotError> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    if *REGISTERED.get_or_init(|| register_font(FAMILY, FontStyle::Normal, BYTES).is_ok()) {
        Ok(())
    } else {
        Err(PlotError::Drawing("the embedded font cannot be read".into()))
    }
}

fn description(size_px: f64) -> FontDesc<'static> {
    FontDesc::new(FontFamily::Name(FAMILY), size_px * SIZE_OVER_EM, FontStyle::Normal)
}

/// The style of a text of this size.
pub(super) fn style(size_px: f64) -> TextStyle<'static> {
    TextStyle::from(description(size_px))
}

/// The width of a text in pixels.
pub(super) fn width(text: &str, size_px: f64) -> f64 {
    // Measured large, since plotters rounds to whole pixels.
    const ENLARGED: f64 = 16.0;
    description(size_px * ENLARGED * RASTER_SIZE)
        .box_size(text)
        .map_or(0.0, |(width, _)| f64::from(width) / ENLARGED)
}

/// The text, or as much of its beginning and end as fits.
pub(super) fn fitted(text: &str, size_px: f64, most_px: f64) -> String {
    if width(text, size_px) <= most_px {
        return text.to_string();
    }
    let characters: Vec<char> = text.chars().collect();
    let shortened = |kept: usize| -> String {
        let head = kept.div_ceil(2);
        let (start, end) = (&characters[..head], &characters[characters.len() - (kept - head)..]);
        start.iter().chain(&['…']).chain(end).collect()
    };
    let mut kept = characters.len().saturating_sub(1);
    // Names have tens of characters, so that trying one after the other is fast enough.
    kept = kept.min(200);
    while kept > 1 && width(&shortened(kept), size_px) > most_px {
        kept -= 1;
    }
    shortened(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_measured_and_shortened_to_fit() {
        register().unwrap();
        // In DejaVu Sans all digits are equally wide.
        let one = width("1", 16.0);
        // 1303 of 2048 units to the em.
        assert!((one - 16.0 * 1303.0 / 2048.0).abs() < 0.1, "{one}");
        assert!((width("111111", 16.0) - 6.0 * one).abs() < 0.5);
        assert!((width("1", 32.0) - 2.0 * one).abs() < 0.2);
        assert_eq!(fitted("edge-1", 16.0, 500.0), "edge-1");
        let short = fitted("a-node-with-a-very-long-name-17", 16.0, 100.0);
        assert!(short.starts_with("a-n") && short.ends_with("17") && short.contains('…'), "{short}");
        assert!(width(&short, 16.0) <= 100.0);
        assert_eq!(fitted("wide", 16.0, 0.0), "w…");
    }
}
