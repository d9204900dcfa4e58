//! The union of piecewise linear sets, and one number of it.

/// A piecewise linear set, cut off or scaled.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Its points, x not decreasing.
    points: Vec<[f64; 2]>,
}

/// The side from which a place is looked at: what differs there is a step.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Left,
    Right,
}

impl Part {
    /// The set through these points, cut off at the height `at_most`.
    pub(super) fn cut(points: &[[f64; 2]], at_most: f64) -> Part {
        let mut cut: Vec<[f64; 2]> = Vec::with_capacity(2 * points.len());
        for (index, &[x, degree]) in points.iter().enumerate() {
            if let Some(&[before_x, before]) = index.checked_sub(1).map(|before| &points[before])
                && (before < at_most) != (degree < at_most)
                && degree != before
            {
                cut.push([before_x + (x - before_x) * (at_most - before) / (degree - before), at_most]);
            }
            cut.push([x, degree.min(at_most)]);
        }
        Part { points: cut }
    }

    /// The set through these points, multiplied by `factor`.
    pub(super) fn scaled(points: &[[f64; 2]], factor: f64) -> Part {
        Part { points: points.iter().map(|&[x, degree]| [x, degree * factor]).collect() }
    }

    /// The degree as it is approached from a side.
    fn degree(&self, x: f64, side: Side) -> f64 {
        let points = &self.points;
        let beyond = match side {
            Side::Left => points.partition_point(|point| point[0] < x),
            Side::Right => points.partition_point(|point| point[0] <= x),
        };
        match (beyond.checked_sub(1).map(|before| points[before]), points.get(beyond)) {
            (Some([left, low]), Some(&[right, high])) => {
                low + (high - low) * ((x - left) / (right - left))
            }
            (None, Some(&[_, edge])) | (Some([_, edge]), None) => edge,
            (None, None) => 0.0,
        }
    }
}

/// A piece of the union on which it is one line: from `x` to `to`, with the degrees at both ends.
#[derive(Clone, Copy, Debug)]
struct Piece {
    x: f64,
    to: f64,
    degree: f64,
    degree_to: f64,
}

/// The union of sets over a range, from left to right.
#[derive(Debug)]
pub(super) struct Union {
    pieces: Vec<Piece>,
}

impl Union {
    /// The maximum of the parts from `least` to `most`.
    pub(super) fn new(parts: &[Part], least: f64, most: f64) -> Union {
        let inner = parts.iter().flat_map(|part| &part.points).map(|point| point[0]);
        let mut places: Vec<f64> = inner.filter(|x| (least..=most).contains(x)).collect();
        places.extend([least, most]);
        // Between neighbours all parts are lines; where two of them cross, another one may be on top.
        places.sort_unstable_by(f64::total_cmp);
        places.dedup();
        let mut crossings = Vec::new();
        for pair in places.windows(2) {
            let (x, to) = (pair[0], pair[1]);
            for (index, part) in parts.iter().enumerate() {
                for other in &parts[..index] {
                    let first = part.degree(x, Side::Right) - other.degree(x, Side::Right);
                    let last = part.degree(to, Side::Left) - other.degree(to, Side::Left);
                    if first * last < 0.0 {
                        crossings.push(x + (to - x) * (first / (first - last)));
                    }
                }
            }
        }
        places.extend(crossings);
        places.sort_unstable_by(f64::total_cmp);
        places.dedup();
        let top = |x, side| parts.iter().map(|part| part.degree(x, side)).fold(0.0, f64::max);
        let piece = |pair: &[f64]| Piece {
            x: pair[0],
            to: pair[1],
            degree: top(pair[0], Side::Right),
            degree_to: top(pair[1], Side::Left),
        };
        Union { pieces: places.windows(2).map(piece).collect() }
    }

    /// The x of its centre of gravity; `None` if it has no area.
    pub(super) fn centroid(&self) -> Option<f64> {
        let (mut area, mut moment) = (0.0, 0.0);
        for piece in &self.pieces {
            let width = piece.to - piece.x;
            area += width * (piece.degree + piece.degree_to) / 2.0;
            // ∫ x f(x) of a line from one end to the other.
            moment += width
                * (piece.x * (2.0 * piece.degree + piece.degree_to)
                    + piece.to * (piece.degree + 2.0 * piece.degree_to))
                / 6.0;
        }
        (area > 0.0).then(|| moment / area)
    }

    /// The first and the last x at which it is highest; `None` if it is nowhere above 0.
    pub(super) fn highest(&self) -> Option<(f64, f64)> {
        let ends = |piece: &Piece| [(piece.x, piece.degree), (piece.to, piece.degree_to)];
        let all = || self.pieces.iter().flat_map(ends);
        let height = all().map(|(_, degree)| degree).fold(0.0, f64::max);
        if height <= 0.0 {
            return None;
        }
        // Lines that are level in exact arithmetic may differ by rounding.
        let mut top = all().filter(|&(_, degree)| degree >= height * (1.0 - 1e-12)).map(|(x, _)| x);
        let first = top.next()?;
        Some((first, top.next_back().unwrap_or(first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EDGE: [[f64; 2]; 3] = [[0.0, 0.0], [30.0, 1.0], [60.0, 0.0]];
    const CLOUD: [[f64; 2]; 3] = [[40.0, 0.0], [70.0, 1.0], [100.0, 0.0]];

    #[test]
    fn a_triangle_has_its_centroid_at_the_mean_of_its_corners() {
        let skew = [[0.0, 0.0], [30.0, 1.0], [90.0, 0.0]];
        let union = Union::new(&[Part::cut(&skew, 1.0)], 0.0, 100.0);
        assert!((union.centroid().unwrap() - 40.0).abs() < 1e-12);
        assert_eq!(union.highest(), Some((30.0, 30.0)));
        let union = Union::new(&[Part::scaled(&skew, 0.25)], 0.0, 100.0);
        assert!((union.centroid().unwrap() - 40.0).abs() < 1e-12);
    }

    /// Cut at 0.5, the triangle 0, 30, 60 is a trapezoid that is level from 15 to 45; the other one, cut
    /// at 0.4, is level from 52 to 88. The first falls as (60 - x) / 30 and the second rises as (x - 40)
    /// / 30: they meet at x = 50 with the degree 1/3.
    #[test]
    fn two_sets_are_united_as_drawn_by_hand() {
        let union = Union::new(&[Part::cut(&EDGE, 0.5), Part::cut(&CLOUD, 0.4)], 0.0, 100.0);
        // Areas: 3.75 + 15 + (45 to 50) 5 (1/2 + 1/3) / 2 + (50 to 52) 2 (1/3 + 2/5) / 2 + 36 * 0.4 +
        // 2.4.
        let areas = [3.75, 15.0, 25.0 / 12.0, 11.0 / 15.0, 14.4, 2.4];
        // Centres: of the rising triangle 10, level 30, of the falling piece 45 + 5 (1/2 + 2/3) / (3
        // (5/6)), of the rising one 50 + 2 (1/3 + 4/5) / (3 (11/15)), level 70, of the falling triangle
        // 92.
        let centres = [10.0, 30.0, 45.0 + 7.0 / 3.0, 50.0 + 34.0 / 33.0, 70.0, 92.0];
        let moment: f64 = areas.iter().zip(centres).map(|(area, centre)| area * centre).sum();
        let expected = moment / areas.iter().sum::<f64>();
        assert!((union.centroid().unwrap() - expected).abs() < 1e-9, "{:?}", union.centroid());
        let (first, last) = union.highest().unwrap();
        assert!((first - 15.0).abs() < 1e-9 && (last - 45.0).abs() < 1e-9);
    }

    #[test]
    fn what_no_rule_speaks_for_has_no_place() {
        let union = Union::new(&[Part::cut(&EDGE, 0.0)], 0.0, 100.0);
        assert_eq!((union.centroid(), union.highest()), (None, None));
        let union = Union::new(&[], 0.0, 1.0);
        assert_eq!((union.centroid(), union.highest()), (None, None));
    }

    fn degree(part: &Part, x: f64) -> f64 {
        part.degree(x, Side::Left).max(part.degree(x, Side::Right))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// The exact centroid is that of many thin slices.
        #[test]
        fn the_centroid_is_that_of_thin_slices(
            sets in prop::collection::vec(
                (prop::collection::vec((0.0..100.0f64, 0.0..=1.0f64), 1..6), 0.01..=1.0f64), 1..4
            )
        ) {
            let parts: Vec<Part> = sets
                .iter()
                .map(|(points, height)| {
                    let mut points: Vec<[f64; 2]> = points.iter().map(|&(x, y)| [x, y]).collect();
                    points.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]));
                    Part::cut(&points, *height)
                })
                .collect();
            let slices = 50_000;
            let (mut area, mut moment, mut height) = (0.0, 0.0, 0.0_f64);
            for slice in 0..slices {
                let x = 100.0 * (f64::from(slice) + 0.5) / f64::from(slices);
                let top = parts.iter().map(|part| degree(part, x)).fold(0.0, f64::max);
                area += top;
                moment += top * x;
                height = height.max(top);
            }
            let union = Union::new(&parts, 0.0, 100.0);
            if area / f64::from(slices) > 1e-3 {
                let found = union.centroid().unwrap();
                prop_assert!((found - moment / area).abs() < 0.05, "{} {}", found, moment / area);
                let (first, last) = union.highest().unwrap();
                prop_assert!((0.0..=100.0).contains(&first) && first <= last && last <= 100.0);
            }
        }
    }
}
