//! What is shaded: intervals of time, and values by place.

use super::*;

/// Of 100 s in all, from 20 to 40 and from 50 to 51: a fifth and a hundredth of the width, behind the line, and what
/// meets is one shade.
#[test]
fn spans_are_as_wide_as_they_last() {
    let span = |from, to, kind: &str| Span { from, to, kind: kind.into() };
    let series = |spans| TimeSeries {
        x: Axis::new("time", "s"),
        y: Axis::new("SINR", "dB"),
        series: vec![TimeLine {
            name: String::new(),
            points: vec![(0.0, 0.0), (100.0, 1.0)],
            is_mean: false,
        }],
        events: Vec::new(),
        spans,
    };
    let spans = vec![
        span(30.0, 40.0, "jammed"),
        span(20.0, 30.0, "jammed"),
        span(50.0, 51.0, "failed"),
        span(f64::NAN, 60.0, "failed"),
    ];
    let svg = Figure::new(series(spans.clone())).svg().unwrap();
    let shades: Vec<_> =
        elements(&svg, "rect").into_iter().filter(|rect| rect["opacity"] == "0.22").collect();
    // The entries of the legend come first.
    let [_, _, jammed, failed] = shades.as_slice() else { panic!("{shades:?}") };
    let line = elements(&svg, "polyline").into_iter().find(|line| line["stroke"] == "#0072B2").unwrap();
    let ends: Vec<f64> = line["points"]
        .split_whitespace()
        .map(|p| p.split_once(',').unwrap().0.parse().unwrap())
        .collect();
    let whole = ends[1] - ends[0];
    for (shade, from, share) in [(jammed, 0.2, 0.2), (failed, 0.5, 0.01)] {
        let start = (number(shade, "x") - ends[0]) / whole;
        assert!((start - from).abs() < 0.002, "{start} rather than {from}");
        let width = number(shade, "width") / whole;
        assert!((width - share).abs() < 0.002, "{width} rather than {share}");
    }
    assert!(texts(&svg).contains(&"jammed (2)".to_string()), "{:?}", texts(&svg));
    let at = |text: &str| svg.find(text).unwrap();
    assert!(at("opacity=\"0.22\"") < at("<polyline") || at("0.22") < svg.rfind("#0072B2").unwrap());
    // Intervals without values lengthen the axis, as events do.
    let longer = Figure::new(series(vec![span(150.0, 200.0, "off")])).svg().unwrap();
    assert!(texts(&longer).contains(&"200".to_string()), "{:?}", texts(&longer));
    let message = |spans| Figure::new(series(spans)).svg().unwrap_err().to_string();
    assert!(message(vec![span(2.0, 1.0, "off")]).contains("\"off\" ends at 1 before it begins at 2"));
    let many = (0..9).map(|kind| span(0.0, 1.0, &format!("kind {kind}"))).collect();
    assert!(message(many).contains("9 kinds of spans are too many"));
}

/// Four points in a square of 10 m by 10 m, two of them in one quarter.
#[test]
fn rasters_hold_the_means_of_their_squares() {
    let points =
        [(0.0, 0.0, 1.0), (10.0, 0.0, 5.0), (1.0, 9.0, 3.0), (2.0, 10.0, 4.0), (f64::NAN, 1.0, 9.0)];
    let value = Axis::new("SINR", "dB");
    let raster = Raster::of_points(value.clone(), points, 2).unwrap();
    assert_eq!((raster.x_m, raster.y_m, raster.side_m), (0.0, 0.0, 5.0));
    assert_eq!(raster.cells, [[Some(1.0), Some(5.0)], [Some(3.5), None]]);
    // Of a line along the east the squares are one row.
    let line = Raster::of_points(value.clone(), [(0.0, 7.0, 1.0), (30.0, 7.0, 2.0)], 3).unwrap();
    assert_eq!((line.side_m, line.cells), (10.0, vec![vec![Some(1.0), None, Some(2.0)]]));
    let point = Raster::of_points(value.clone(), [(3.0, 4.0, 7.0)], 40).unwrap();
    assert_eq!(point.cells, [[Some(7.0)]]);
    let error = Raster::of_points(value.clone(), [(1.0, f64::NAN, 7.0)], 4).unwrap_err().to_string();
    assert!(error.contains("no row has a place and a value"), "{error}");
    let bad = |raster: Raster| {
        let map = Map { raster: Some(raster), ..Map::default() };
        Figure::new(map).svg().unwrap_err().to_string()
    };
    let side = bad(Raster { side_m: 0.0, ..raster.clone() });
    assert!(side.contains("squares of 0 m"), "{side}");
    let mut torn = raster.clone();
    torn.cells[0].pop();
    assert!(bad(torn).contains("rows of 1 and 2 cells"));
    let many = Raster { cells: vec![vec![None; 300]; 300], ..raster };
    assert!(bad(many).contains("90000 cells are too many"));
}

/// Three squares of four have a value: each is drawn where it lies, in the colour of its value, and of its true shape.
#[test]
fn rasters_are_drawn_where_they_lie() {
    let raster = Raster {
        value: Axis::new("SINR", "dB"),
        x_m: -5.0,
        y_m: 20.0,
        side_m: 10.0,
        cells: vec![vec![Some(0.0), Some(30.0)], vec![None, Some(30.0)]],
    };
    let svg = Figure::new(Map { raster: Some(raster), ..Map::default() }).svg().unwrap();
    let of = |colour: &str| -> Vec<_> {
        // The bar has steps of the same colours, which are flat.
        let is_square = |e: &BTreeMap<String, String>| number(e, "height") > 200.0;
        elements(&svg, "rect").into_iter().filter(|e| e["fill"] == colour && is_square(e)).collect()
    };
    let ends = [0.0, 1.0].map(palette::sequential);
    let [low, high] = ends.map(|end| of(&format!("#{:02X}{:02X}{:02X}", end.0, end.1, end.2)));
    assert_eq!((low.len(), high.len()), (1, 2), "{svg}");
    let side = number(&low[0], "width");
    // The room for a title that there is not goes to the height.
    assert!((side / number(&low[0], "height") - 1.0).abs() < 0.05, "{low:?}");
    // The lower row, and to its east; the upper row lies above, in pixels less far down.
    assert!((number(&high[0], "x") - number(&low[0], "x") - side).abs() < 8.0);
    assert!((number(&high[0], "y") - number(&low[0], "y")).abs() < 8.0);
    assert_eq!(number(&high[1], "x"), number(&high[0], "x"));
    let up = number(&high[0], "y") - number(&high[1], "y");
    assert!((up - number(&low[0], "height")).abs() < 8.0, "{high:?}");
}
