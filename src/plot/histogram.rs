//! Histograms.

use super::axis::{Axis, Fit, Ruler};
use super::frame::{Frame, Head, ROOM_X, ROOM_Y, Side};
use super::legend::{Entry, Key};
use super::palette::{MOST_SERIES, PAPER, colour, stroke};
use super::scene::{Fill, Pixel, Scene, Stroke};
use super::statistics::quantile;
use super::{PlotError, Sample, check_series};

const MOST_BINS: usize = 80;
const WIDTH: f64 = 2.0;

/// How often the values of each sample fall into bins of equal width (of equal ratio on a logarithmic axis).
/// A single sample is drawn as bars of counts, several as outlines of shares, so that samples of different
/// sizes can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// What the values are.
    pub x: Axis,
    /// The samples, at most 32.
    pub samples: Vec<Sample>,
    /// How many bins, 1 to 1000; by the rule of Freedman and Diaconis (1981) if left out, at most 80.
    pub bins: Option<usize>,
}

impl Histogram {
    pub(super) fn draw(&self, scene: &mut Scene, head: Head<'_>) -> Result<(), PlotError> {
        check_series(self.samples.len(), MOST_SERIES)?;
        if let Some(bins) = self.bins.filter(|bins| !(1..=1000).contains(bins)) {
            return Err(PlotError::Inconsistent(format!("{bins} bins cannot be drawn; give 1 to 1000")));
        }
        let values = self.samples.iter().flat_map(|sample| sample.values.iter().copied());
        let fit = Fit { tight: true, ..Fit::default() };
        let x = Ruler::new(&self.x, values, fit, ROOM_X)?;
        // Along the axis all values are between 0 and 1, whatever its scale.
        let shares: Vec<Vec<f64>> = self
            .samples
            .iter()
            .map(|sample| sample.sorted().into_iter().map(|value| x.share(value)).collect())
            .collect();
        let bins = self.bins.unwrap_or_else(|| {
            shares.iter().filter(|sample| !sample.is_empty()).map(|s| bins_for(s)).max().unwrap_or(1)
        });
        let counts: Vec<Vec<usize>> = shares.iter().map(|sample| count(sample, bins)).collect();
        let is_single = self.samples.len() == 1;
        let heights: Vec<Vec<f64>> = counts
            .iter()
            .zip(&shares)
            .map(|(counts, values)| {
                let whole = if is_single { 1.0 } else { values.len().max(1) as f64 };
                counts.iter().map(|&count| count as f64 / whole).collect()
            })
            .collect();
        let label = match shares.as_slice() {
            [only] => format!("values in bin (of {})", only.len()),
            _ => "share of values in bin".into(),
        };
        let fit = Fit { with_zero: true, ..Fit::default() };
        let y = Ruler::new(&Axis::new(label, ""), heights.iter().flatten().copied(), fit, ROOM_Y)?;
        let legend: Vec<Entry> = self
            .samples
            .iter()
            .zip(&shares)
            .enumerate()
            .filter(|(_, (_, values))| !values.is_empty())
            .filter(|(_, (sample, _))| !(is_single && sample.name.is_empty()))
            .map(|(index, (sample, values))| {
                let key = match is_single {
                    true => Key::Area(colour(index).into()),
                    false => Key::Series { series: index, width: WIDTH, has_markers: false },
                };
                Entry::new(sample.counted(values.len()), key)
            })
            .collect();
        let frame = Frame::draw(scene, head, &legend, Side::Numbers(x), Side::Numbers(y), 0.0)?;
        let edge = |bin: usize| frame.left + bin as f64 / bins as f64 * (frame.right - frame.left);
        for (index, heights) in heights.iter().enumerate() {
            if shares[index].is_empty() {
                continue;
            }
            if is_single {
                for (bin, &height) in heights.iter().enumerate().filter(|(_, height)| **height > 0.0) {
                    let corners = [(edge(bin), frame.y(height)), (edge(bin + 1), frame.y(0.0))];
                    scene.rectangle(corners[0], corners[1], colour(index));
                    if edge(bin + 1) - edge(bin) > 4.0 {
                        scene.outline(corners[0], corners[1], Stroke::new(PAPER, 0.8));
                    }
                }
                continue;
            }
            let mut outline: Vec<Pixel> = vec![(edge(0), frame.y(0.0))];
            for (bin, &height) in heights.iter().enumerate() {
                outline.extend([(edge(bin), frame.y(height)), (edge(bin + 1), frame.y(height))]);
            }
            outline.push((edge(bins), frame.y(0.0)));
            scene.polygon(outline.clone(), Fill { colour: colour(index), alpha: 0.1 });
            scene.line(outline, stroke(index, WIDTH));
        }
        Ok(())
    }
}

/// The number of bins for sorted values between 0 and 1.
fn bins_for(sorted: &[f64]) -> usize {
    let spread = quantile(sorted, 0.75) - quantile(sorted, 0.25);
    let width = 2.0 * spread / (sorted.len() as f64).cbrt();
    let range = sorted.last().unwrap_or(&0.0) - sorted.first().unwrap_or(&0.0);
    let bins = if width > 0.0 { (range / width).ceil() } else { (sorted.len() as f64).sqrt().ceil() };
    // The bins cover the whole axis, of which these values may have a part only.
    let bins = if range > 0.0 { bins / range } else { bins };
    bins.clamp(1.0, MOST_BINS as f64) as usize
}

fn count(values: &[f64], bins: usize) -> Vec<usize> {
    let mut counts = vec![0; bins];
    for value in values {
        // The cast rounds down, and the last bin has its upper end.
        counts[((value * bins as f64) as usize).min(bins - 1)] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_what_falls_into_them() {
        assert_eq!(count(&[0.0, 0.1, 0.5, 0.99, 1.0], 4), [2, 0, 1, 2]);
        // 1000 even values: the quartiles are half apart, so that a bin is 2 * 0.5 / 10 = 0.1 wide.
        let even: Vec<f64> = (0..1000).map(|index| f64::from(index) / 999.0).collect();
        assert_eq!(bins_for(&even), 10);
        assert_eq!(bins_for(&[0.5; 16]), 4);
        assert_eq!(bins_for(&[0.5]), 1);
    }
}
