//! All charts together: geometry, awkward data, bytes.

mod shades;

use super::*;
use proptest::prelude::*;
use quick_xml::events::Event;
use std::collections::BTreeMap;

/// Numbers that wander, the same each time.
fn wander(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        // Numerical Recipes' quick generator: these are test data.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    (0..count).map(|_| next()).collect()
}

fn sample(name: &str, values: Vec<f64>) -> Sample {
    Sample { name: name.into(), values }
}

fn line_chart() -> Line {
    let series = |name: &str, scale: f64| LineSeries {
        name: name.into(),
        points: [50.0, 100.0, 200.0, 400.0]
            .map(|x| LinePoint { x, y: scale * x, band: Some([0.9 * scale * x, 1.1 * scale * x]) })
            .to_vec(),
    };
    Line {
        x: Axis::new("phones", ""),
        y: Axis::new("service time", "s"),
        series: vec![
            series("nearest", 0.01),
            series("cloud only", 0.004),
            series("least loaded", 0.006),
        ],
    }
}

/// One figure of each chart, as they are meant to be.
fn gallery() -> Vec<(&'static str, Figure)> {
    let skewed =
        |seed| wander(500, seed).into_iter().map(|u: f64| -(1.0 - u).ln()).collect::<Vec<f64>>();
    let ecdf = Ecdf {
        x: Axis::new("service time", "s"),
        samples: vec![sample("augmented reality", skewed(1)), sample("health", skewed(2))],
    };
    let histogram = Histogram {
        x: Axis::new("upload", "B"),
        samples: vec![sample("", skewed(3).iter().map(|v| v * 1e6).collect())],
        bins: None,
    };
    let histograms = Histogram { samples: ecdf.samples.clone(), ..histogram.clone() };
    let box_sample = |group: &str, by: &str, seed| BoxSample {
        group: group.into(),
        by: by.into(),
        values: skewed(seed),
    };
    let boxes = BoxPlot {
        x: Axis::new("policy", ""),
        y: Axis::new("service time", "s"),
        boxes: vec![
            box_sample("nearest", "edge", 1),
            box_sample("nearest", "cloud", 2),
            box_sample("least_loaded_of_all_nodes", "edge", 3),
            box_sample("least_loaded_of_all_nodes", "cloud", 4),
        ],
    };
    let heat = HeatMap {
        x: Axis::new("phones", ""),
        columns: ["50", "100", "200", "400"].map(String::from).to_vec(),
        y: Axis::new("policy", ""),
        rows: ["nearest", "cloud only", "least loaded"].map(String::from).to_vec(),
        value: Axis::new("service time", "s"),
        cells: vec![
            vec![Some(0.1), Some(0.3), Some(0.9), Some(3.1)],
            vec![Some(1.0), Some(1.1), None, Some(1.4)],
            vec![Some(0.1), Some(0.2), Some(0.4), Some(0.9)],
        ],
    };
    let shares = StackedShares {
        x: Axis::new("time", "s"),
        columns: Columns::Intervals((0..=60).map(|bin| f64::from(bin) * 10.0).collect()),
        whole: "share of tasks".into(),
        parts: vec![
            Part { name: "done".into(), amounts: wander(60, 7).iter().map(|v| 20.0 + v).collect() },
            Part { name: "missed deadline".into(), amounts: wander(60, 8) },
            Part { name: "unfinished".into(), amounts: (0..60).map(f64::from).collect() },
        ],
    };
    let time_line = |name: &str, seed| TimeLine {
        name: name.into(),
        points: wander(120, seed).into_iter().enumerate().map(|(i, v)| (5.0 * i as f64, v)).collect(),
        is_mean: true,
    };
    let event = |time, kind: &str| super::Event { time, kind: kind.into() };
    let series = TimeSeries {
        x: Axis::new("time", "s"),
        y: Axis::new("utilisation", ""),
        series: vec![time_line("edge", 1), time_line("cloud", 5)],
        events: vec![event(100.0, "failed"), event(180.0, "repaired"), event(333.0, "failed")],
        spans: vec![Span { from: 100.0, to: 180.0, kind: "down".into() }],
    };
    let place = |name: &str, kind: &str, x_m, y_m| Place {
        name: name.into(),
        kind: kind.into(),
        colour: None,
        x_m,
        y_m,
    };
    let map = Map {
        places: vec![
            place("cloud", "cloud", 500.0, 950.0),
            place("edge-0", "edge", 200.0, 300.0),
            place("edge-1", "edge", 800.0, 300.0),
        ],
        links: vec![[0, 1], [0, 2]],
        trajectories: vec![Trajectory {
            colours: Vec::new(),
            name: "phone".into(),
            points: (0..100)
                .map(|i| f64::from(i) * 0.1)
                .map(|a| (500.0 + 60.0 * a, 300.0 + 90.0 * a.sin()))
                .collect(),
        }],
        cells: vec![
            Disc { x_m: 200.0, y_m: 300.0, radius_m: 300.0 },
            Disc { x_m: 800.0, y_m: 300.0, radius_m: 300.0 },
        ],
        ..Map::default()
    };
    let track_map = Map {
        places: vec![place("drone", "home", 50.0, 40.0), place("ap", "access point", 400.0, 40.0)],
        trajectories: vec![Trajectory {
            name: "drone".into(),
            points: vec![(50.0, 40.0), (300.0, 200.0), (600.0, 200.0), (50.0, 40.0)],
            colours: vec![0, 2, 3, 3],
        }],
        way_names: ["cruising", "", "on station", "returning"].map(String::from).to_vec(),
        outlines: vec![Outline {
            name: "field".into(),
            corners: vec![(200.0, 100.0), (700.0, 100.0), (700.0, 350.0), (200.0, 300.0)],
        }],
        ..Map::default()
    };
    let value_map = Map {
        places: map.places[1..].to_vec(),
        raster: Some(Raster {
            value: Axis::new("SINR", "dB"),
            x_m: 100.0,
            y_m: 200.0,
            side_m: 100.0,
            cells: (0..4)
                .map(|row| (0..9).map(|x| (x != row).then_some(f64::from(x * row))).collect())
                .collect(),
        }),
        ..Map::default()
    };
    let bar = |lane, start, end, kind: &str| Bar { lane, start, end, kind: kind.into() };
    let gantt = Gantt {
        x: Axis::new("time", "s"),
        y: Axis::new("node", ""),
        lanes: vec!["edge-0".into(), "edge-1".into(), "cloud".into()],
        bars: vec![
            bar(0, 0.0, 30.0, "done"),
            bar(0, 10.0, 50.0, "done"),
            bar(1, 20.0, 90.0, "lost"),
            bar(2, 0.0, 100.0, "done"),
        ],
    };
    vec![
        (
            "line",
            Figure::new(line_chart())
                .title("Lines")
                .note("Bands: 95 % confidence of the mean over 5 seeds."),
        ),
        ("ecdf", Figure::new(ecdf).title("Distribution")),
        ("histogram", Figure::new(histogram).title("Histogram")),
        ("histograms", Figure::new(histograms)),
        ("box", Figure::new(boxes).title("Boxes")),
        ("heat", Figure::new(heat).title("Heat map")),
        ("shares", Figure::new(shares).title("Shares")),
        ("series", Figure::new(series).title("Time series")),
        ("map", Figure::new(map).title("Map")),
        ("tracks", Figure::new(track_map).title("Tracks by phase")),
        ("value map", Figure::new(value_map).title("Values by place")),
        ("gantt", Figure::new(gantt).title("Gantt")),
    ]
}

/// The elements of a kind in an SVG document: their attributes.
fn elements(svg: &str, tag: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = quick_xml::Reader::from_str(svg);
    let mut found = Vec::new();
    loop {
        let element = match reader.read_event().expect("it is well-formed") {
            Event::Start(element) | Event::Empty(element) => element,
            Event::Eof => return found,
            _ => continue,
        };
        if element.name().as_ref() == tag {
            let attributes = element.attributes().map(|attribute| {
                let attribute = attribute.expect("it is well-formed");
                (attribute.key.as_ref().to_string(), attribute.value.to_string())
            });
            found.push(attributes.collect());
        }
    }
}

/// The texts of an SVG document, in order.
fn texts(svg: &str) -> Vec<String> {
    let lines = svg.lines().collect::<Vec<_>>();
    let texts = lines.windows(2).filter(|pair| pair[0].starts_with("<text"));
    texts.map(|pair| pair[1].to_string()).collect()
}

fn number(element: &BTreeMap<String, String>, attribute: &str) -> f64 {
    element[attribute].parse().expect("it is a number")
}

/// Heights of the rectangles of a colour, in the order in which they are drawn, without that of the legend.
fn heights(svg: &str, colour: &str) -> Vec<f64> {
    let is_data = |element: &&BTreeMap<String, String>| element["fill"] == colour;
    let of_colour = elements(svg, "rect");
    of_colour.iter().filter(is_data).map(|element| number(element, "height")).collect()
}

#[test]
fn every_chart_has_its_axes_and_legend() {
    for (name, expected) in [
        ("line", &["service time (s)", "phones", "nearest", "cloud only", "least loaded", "400"][..]),
        ("ecdf", &["service time (s)", "share of values at most this", "health (n = 500)"]),
        ("histogram", &["upload (MB)", "values in bin (of 500)"]),
        ("histograms", &["share of values in bin", "augmented reality (n = 500)"]),
        (
            "box",
            &["policy", "service time (s)", "nearest", "least_loaded_of_all_nodes", "edge", "cloud"],
        ),
        ("heat", &["policy", "phones", "service time (s)", "3.1", "no value"]),
        ("shares", &["share of tasks", "time (s)", "missed deadline (1.1 %)"]),
        ("series", &["utilisation", "time (s)", "edge", "failed (2)", "repaired (1)", "down (1)"]),
        ("map", &["east (m)", "north (m)", "edge (2)", "links (2)", "cells (2)", "edge-0"]),
        ("value map", &["SINR (dB)", "east (m)", "edge (2)", "edge-1", "20"]),
        ("gantt", &["node", "time (s)", "edge-1", "done", "lost"]),
    ] {
        let gallery = gallery();
        let (_, figure) = gallery.iter().find(|(own, _)| *own == name).unwrap();
        let svg = figure.svg().unwrap();
        let found = texts(&svg);
        for text in expected {
            assert!(found.contains(&(*text).to_string()), "{name}: {text:?} is not in {found:?}");
        }
        for element in elements(&svg, "text") {
            assert!(element["font-family"].contains("sans-serif"), "{name}");
        }
    }
}

/// Whatever is drawn lies within the figure, texts by the ends that their anchors leave.
#[test]
fn nothing_leaves_the_figure() {
    for (name, figure) in gallery() {
        let scene = figure.scene().unwrap();
        let svg = figure.svg().unwrap();
        let (width, height) = (scene.width * 4.0, scene.height * 4.0);
        let lines = svg.lines().collect::<Vec<_>>();
        let texts = texts(&svg);
        assert_eq!(elements(&svg, "text").len(), texts.len());
        for (element, text) in elements(&svg, "text").iter().zip(&texts) {
            let long = font::width(text, number(element, "font-size"));
            let (before, after) = match element["text-anchor"].as_str() {
                "start" => (0.0, long),
                "middle" => (long / 2.0, long / 2.0),
                _ => (long, 0.0),
            };
            let (x, y) = (number(element, "x"), number(element, "y"));
            let (low, high, end) = match element.contains_key("transform") {
                true => (y - after, y + before, height),
                false => (x - before, x + after, width),
            };
            assert!(low >= 0.0 && high <= end, "{name}: {text:?} from {low} to {high} of {end}");
        }
        assert!(lines.len() > 10);
        for line in elements(&svg, "polyline") {
            for pair in line["points"].split_whitespace() {
                let (x, y) = pair.split_once(',').unwrap();
                let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                assert!((0.0..=width).contains(&x) && (0.0..=height).contains(&y), "{name}: {pair}");
            }
        }
    }
}

/// The area that each text of an SVG covers, in its own units: left, top, right, bottom.
fn areas(svg: &str) -> Vec<(String, [f64; 4])> {
    let area = |(element, text): (&BTreeMap<String, String>, String)| {
        let size = number(element, "font-size");
        let long = font::width(&text, size);
        let (before, after) = match element["text-anchor"].as_str() {
            "start" => (0.0, long),
            "middle" => (long / 2.0, long / 2.0),
            _ => (long, 0.0),
        };
        // Digits and capitals, by where the baseline is moved to.
        let (above, below) = match element["dy"].as_str() {
            "0.76em" => (0.0, 0.76 * size),
            "0.5ex" => (0.37 * size, 0.37 * size),
            _ => (size, -0.27 * size),
        };
        let (x, y) = (number(element, "x"), number(element, "y"));
        let area = match element.contains_key("transform") {
            true => [x - above, y - after, x + below, y + before],
            false => [x - before, y - above, x + after, y + below],
        };
        (text, area)
    };
    elements(svg, "text").iter().zip(texts(svg)).map(area).collect()
}

/// Small figures have texts that keep clear of each other, or say that there is no room for them.
#[test]
fn no_text_covers_another_in_figures_of_any_size() {
    let mut figures = gallery();
    let mut wordy = line_chart();
    wordy.y = Axis::new("tasks service time 95th percentile of all of them", "s");
    wordy.x = Axis::new("phones that walk through the whole of the town", "");
    let title = "How long tasks take from their creation to the arrival of their results";
    figures.push(("wordy", Figure::new(wordy).title(title).note(title)));
    let mut cramped = Vec::new();
    for (width, height) in
        [(240, 240), (300, 300), (360, 360), (240, 600), (600, 240), (480, 300), (960, 600)]
    {
        for (name, figure) in &figures {
            let svg = match figure.clone().size(width, height).svg() {
                Ok(svg) => svg,
                Err(PlotError::Cramped { direction, by }) => {
                    assert!(by > 0, "{name}");
                    cramped.push((*name, width, direction));
                    continue;
                }
                Err(error) => panic!("{name}: {error}"),
            };
            let areas = areas(&svg);
            for (index, (text, [left, top, right, bottom])) in areas.iter().enumerate() {
                let wide = f64::from(width * 4);
                assert!(*left >= 0.0 && *right <= wide && *top >= 0.0, "{name} {width}: {text:?}");
                for (other, area) in &areas[..index] {
                    // A pixel of the figure is four units.
                    let apart = *left > area[2] - 4.0
                        || area[0] > right - 4.0
                        || *top > area[3] - 4.0
                        || area[1] > bottom - 4.0;
                    assert!(apart, "{name}, {width} x {height}: {text:?} covers {other:?}");
                }
            }
        }
    }
    assert!(cramped.contains(&("heat", 240, "wider")), "{cramped:?}");
    assert!(cramped.contains(&("wordy", 240, "higher")), "{cramped:?}");
    assert!(cramped.iter().all(|(_, width, _)| *width < 960), "{cramped:?}");
    // What is asked for is enough.
    let (_, heat) = &figures[5];
    let Err(PlotError::Cramped { by, .. }) = heat.clone().size(240, 400).svg() else {
        panic!("there is no room")
    };
    heat.clone().size(240 + by, 400).svg().unwrap();
}

/// 3 values in the first of two bins and 1 in the second.
#[test]
fn bars_are_as_high_as_their_counts() {
    let histogram = |samples| Histogram { x: Axis::new("x", ""), samples, bins: Some(2) };
    let svg = Figure::new(histogram(vec![sample("", vec![0.0, 0.1, 0.4, 1.0])])).svg().unwrap();
    let found = heights(&svg, "#0072B2");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!((found[0] / found[1] - 3.0).abs() < 0.01, "{found:?}");
    let named = Figure::new(histogram(vec![sample("all", vec![0.0, 1.0])])).svg().unwrap();
    assert!(texts(&named).contains(&"all (n = 2)".to_string()));
}

/// 1 and 3 of the first column, 2 and 2 of the second.
#[test]
fn shares_are_as_high_as_their_part_of_the_column() {
    let part = |name: &str, amounts: [f64; 3]| Part { name: name.into(), amounts: amounts.to_vec() };
    let shares = StackedShares {
        x: Axis::new("", ""),
        columns: Columns::Names(["a", "b", "nothing"].map(String::from).to_vec()),
        whole: String::new(),
        parts: vec![part("low", [1.0, 20.0, 0.0]), part("high", [3.0, 20.0, 0.0])],
    };
    let svg = Figure::new(shares).svg().unwrap();
    let (low, high) = (&heights(&svg, "#0072B2")[1..], &heights(&svg, "#D55E00")[1..]);
    assert_eq!((low.len(), high.len()), (2, 2), "the empty column is blank");
    let whole = low[0] + high[0];
    for (found, expected) in [(low[0], 0.25), (high[0], 0.75), (low[1], 0.5), (high[1], 0.5)] {
        assert!((found / whole - expected).abs() < 0.005, "{found} of {whole}, expected {expected}");
    }
}

#[test]
fn lines_have_bands_and_points_where_they_belong() {
    let svg = Figure::new(line_chart()).svg().unwrap();
    let bands = elements(&svg, "polygon").into_iter().filter(|band| band["opacity"] == "0.17");
    let bands: Vec<_> = bands.collect();
    assert_eq!(bands.len(), 3);
    // Four points there and four back.
    assert!(bands.iter().all(|band| band["points"].split_whitespace().count() == 8));
    // The first line has discs for markers: four, and one in the legend.
    let discs = elements(&svg, "circle");
    assert_eq!(discs.len(), 5);
    let (x, y): (Vec<f64>, Vec<f64>) =
        discs[1..].iter().map(|disc| (number(disc, "cx"), number(disc, "cy"))).unzip();
    let share = |v: &[f64]| (v[1] - v[0]) / (v[3] - v[0]);
    // 100 lies a seventh of the way from 50 to 400, on both axes.
    assert!((share(&x) - 1.0 / 7.0).abs() < 0.01 && (share(&y) - 1.0 / 7.0).abs() < 0.01, "{x:?} {y:?}");
}

#[test]
fn a_long_legend_makes_the_figure_higher_and_hides_nothing() {
    let series = |count: usize| TimeSeries {
        x: Axis::new("time", "s"),
        y: Axis::new("load", ""),
        series: (0..count)
            .map(|index| TimeLine {
                name: format!("a-node-with-a-rather-long-name-to-tell-it-from-others-{index}"),
                points: vec![(0.0, 0.0), (1.0, index as f64)],
                is_mean: false,
            })
            .collect(),
        events: Vec::new(),
        spans: Vec::new(),
    };
    let figure = Figure::new(series(32));
    let scene = figure.scene().unwrap();
    assert!(scene.height > 800.0, "{}", scene.height);
    let found = texts(&figure.svg().unwrap());
    for index in 0..32 {
        assert!(found.iter().any(|text| text.ends_with(&format!("others-{index}"))), "{index}");
    }
    let error = Figure::new(series(33)).svg().unwrap_err().to_string();
    assert!(error.contains("33 series are too many") && error.contains("at most 32"), "{error}");
}

#[test]
fn names_are_text_and_never_markup() {
    let mut chart = line_chart();
    chart.series[0].name = "<script>alert('&')</script>".into();
    let svg = Figure::new(chart).title("a < b & \"c\"").svg().unwrap();
    assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;"), "{svg}");
    assert!(elements(&svg, "script").is_empty());
}

#[test]
fn pictures_have_their_size_and_show_something() {
    let figure = Figure::new(line_chart()).size(480, 300);
    let bytes = figure.png().unwrap();
    let decoder = png::Decoder::new(std::io::Cursor::new(&bytes));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (480, 300));
    let colours: std::collections::BTreeSet<&[u8]> = pixels.chunks(3).collect();
    // Paper, ink, and the three lines.
    for colour in [[255; 3], [0x00, 0x72, 0xb2], [0xd5, 0x5e, 0x00], [0x00, 0x9e, 0x73]] {
        assert!(colours.contains(&colour[..]), "{colour:?}");
    }
    assert_eq!(bytes, figure.png().unwrap());
}

#[test]
fn equal_figures_give_equal_bytes() {
    for ((name, figure), (_, again)) in gallery().into_iter().zip(gallery()) {
        assert_eq!(figure.svg().unwrap(), again.svg().unwrap(), "{name}");
    }
}

#[test]
fn any_backend_can_be_drawn_on() {
    use plotters::drawing::IntoDrawingArea;
    let mut text = String::new();
    {
        let area = plotters::prelude::SVGBackend::with_string(&mut text, (320, 200)).into_drawing_area();
        Figure::new(line_chart()).draw(&area).unwrap();
    }
    assert!(text.contains("service time (s)") && text.contains("width=\"320\""));
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let message = |chart: Chart| Figure::new(chart).svg().unwrap_err().to_string();
    let gallery: BTreeMap<_, _> = gallery().into_iter().map(|(name, f)| (name, f.chart)).collect();
    let mut line = line_chart();
    line.series.iter_mut().flat_map(|series| &mut series.points).for_each(|point| point.y = f64::NAN);
    assert!(message(line.into()).contains("nothing to draw: \"phones\" has no finite values"));
    let empty = Line { series: Vec::new(), ..line_chart() };
    assert!(message(empty.into()).contains("no series"));
    let log = Line { x: Axis::new("load", "").logarithmic(), ..line_chart() };
    assert!(Figure::new(log.clone()).svg().is_ok());
    let mut zero = log;
    zero.series[0].points[0].x = 0.0;
    assert!(message(zero.into()).contains("the axis \"load\" is logarithmic, but 0"));
    let Chart::HeatMap(mut heat) = gallery["heat"].clone() else { panic!("it is a heat map") };
    heat.cells.pop();
    assert!(message(heat.into()).contains("3 rows and 4 columns"));
    let Chart::Gantt(mut gantt) = gallery["gantt"].clone() else { panic!("it is a Gantt chart") };
    gantt.bars[0].end = -1.0;
    assert!(message(gantt.clone().into()).contains("ends at -1 before it begins at 0"));
    gantt.bars[0].lane = 7;
    assert!(message(gantt.into()).contains("lane 7 of 3"));
    let Chart::StackedShares(mut shares) = gallery["shares"].clone() else { panic!("they are shares") };
    shares.parts[0].amounts[0] = -1.0;
    assert!(message(shares.clone().into()).contains("-1 cannot be a part"));
    shares.parts[0].amounts.pop();
    assert!(message(shares.into()).contains("59 amounts for 60 columns"));
    let map = Map { links: vec![[0, 1]], ..Map::default() };
    assert!(message(map.into()).contains("a link joins places [0, 1], but there are 0"));
    assert!(message(Map::default().into()).contains("nothing has a place"));
    let tiny = Figure::new(line_chart()).size(10, 300).svg().unwrap_err().to_string();
    assert!(tiny.contains("10 x 300"), "{tiny}");
}

#[test]
fn files_appear_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let figure = Figure::new(line_chart()).size(300, 240);
    let path = directory.path().join("deep/down/line.svg");
    figure.save(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), figure.svg().unwrap());
    let error = figure.save(directory.path().join("line.pdf")).unwrap_err().to_string();
    assert!(error.contains("line.pdf is neither an .svg nor a .png file"), "{error}");
    let error = figure.save(path.join("below/line.svg")).unwrap_err().to_string();
    assert!(error.contains("cannot create") && error.contains("line.svg/below"), "{error}");
    // A folder of the name of the file: what was written beside it is gone again.
    let taken = directory.path().join("taken.svg");
    std::fs::create_dir(&taken).unwrap();
    assert!(matches!(figure.save(&taken), Err(PlotError::Io { action: "write", .. })));
    let names: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

/// Times of a day at ten a second: drawn with what can be seen of them.
#[test]
fn large_data_make_small_figures() {
    let count = 864_000;
    let points = (0..count).map(|i| (f64::from(i) / 10.0, f64::from(i % 977))).collect();
    let series = TimeSeries {
        x: Axis::new("time", "s"),
        y: Axis::new("load", ""),
        series: vec![TimeLine { name: "one".into(), points, is_mean: false }],
        events: (0..count)
            .step_by(10)
            .map(|i| super::Event { time: f64::from(i) / 10.0, kind: "seen".into() })
            .collect(),
        spans: (0..count / 2)
            .map(|i| f64::from(i) / 5.0)
            .map(|from| Span { from, to: from + 0.1, kind: "short".into() })
            .collect(),
    };
    let svg = Figure::new(series).svg().unwrap();
    assert!(svg.len() < 1_000_000, "{}", svg.len());
    assert!(texts(&svg).contains(&"time (h)".to_string()));
    let values = wander(300_000, 9);
    let ecdf = Ecdf { x: Axis::new("x", ""), samples: vec![sample("", values)] };
    assert!(Figure::new(ecdf).svg().unwrap().len() < 100_000);
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -10.0..10.0_f64,
        1 => prop::num::f64::ANY,
        1 => Just(0.0),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any numbers, any scales, any names: a picture or an error, never a panic.
    #[test]
    fn no_data_make_a_chart_panic(
        numbers in prop::collection::vec((any_number(), any_number()), 0..12),
        names in prop::collection::vec(any::<String>(), 3),
        log: bool,
    ) {
        let axis = |name: &String| Axis {
            label: name.clone(),
            unit: "s".into(),
            scale: if log { Scale::Logarithmic } else { Scale::Linear },
        };
        let values: Vec<f64> = numbers.iter().map(|pair| pair.0).collect();
        let name = &names[0];
        let one = vec![sample(name, values.clone())];
        let two = vec![sample(name, values.clone()), sample(&names[1], numbers.iter().map(|n| n.1).collect())];
        let line = |points: &[(f64, f64)]| LineSeries {
            name: name.clone(),
            points: points.iter().map(|&(x, y)| LinePoint { x, y, band: Some([y - x, y + x]) }).collect(),
        };
        let charts: Vec<Chart> = vec![
            Line { x: axis(name), y: axis(&names[1]), series: vec![line(&numbers), line(&[])] }.into(),
            Ecdf { x: axis(name), samples: two.clone() }.into(),
            Histogram { x: axis(name), samples: one, bins: None }.into(),
            Histogram { x: axis(name), samples: two, bins: Some(3) }.into(),
            BoxPlot {
                x: axis(name),
                y: axis(&names[1]),
                boxes: names.iter().map(|group| BoxSample {
                    group: group.clone(), by: names[2].clone(), values: values.clone(),
                }).collect(),
            }.into(),
            HeatMap {
                x: axis(name),
                columns: numbers.iter().map(|_| names[1].clone()).collect(),
                y: axis(name),
                rows: names.clone(),
                value: axis(name),
                cells: names.iter().map(|_| values.iter().copied().map(Some).collect()).collect(),
            }.into(),
            StackedShares {
                x: axis(name),
                columns: Columns::Intervals(values.clone()),
                whole: name.clone(),
                parts: vec![Part { name: name.clone(), amounts: values.iter().skip(1).map(|v| v.abs()).collect() }],
            }.into(),
            TimeSeries {
                x: axis(name),
                y: axis(name),
                series: vec![TimeLine { name: name.clone(), points: numbers.clone(), is_mean: log }],
                events: values.iter().map(|&time| super::Event { time, kind: names[2].clone() }).collect(),
                spans: numbers.iter().map(|&(a, b)| Span { from: a.min(b), to: a.max(b), kind: name.clone() }).collect(),
            }.into(),
            Map {
                places: numbers.iter().map(|&(x_m, y_m)| Place {
                    colour: None,
                    name: name.clone(), kind: names[1].clone(), x_m, y_m,
                }).collect(),
                links: Vec::new(),
                trajectories: vec![Trajectory {
                    name: name.clone(),
                    colours: (0..numbers.len() / 2).collect(),
                    points: numbers.clone(),
                }],
                cells: numbers.iter().map(|&(x_m, radius_m)| Disc { x_m, y_m: 0.0, radius_m }).collect(),
                raster: numbers.first().map(|&(x_m, side_m)| Raster {
                    value: axis(name), x_m, y_m: side_m, side_m,
                    cells: vec![values.iter().copied().map(Some).collect(); 2],
                }),
                way_names: names.clone(),
                outlines: vec![Outline { name: name.clone(), corners: numbers.clone() }],
            }.into(),
            Gantt {
                x: axis(name),
                y: axis(name),
                lanes: names.clone(),
                bars: numbers.iter().map(|&(a, b)| Bar {
                    lane: 1, start: a.min(b), end: a.max(b), kind: names[2].clone(),
                }).collect(),
            }.into(),
        ];
        for chart in charts {
            if let Ok(svg) = Figure::new(chart).title(&names[2]).note(name).size(300, 260).svg() {
                prop_assert!(!svg.contains("NaN") && !svg.contains("inf,"), "{}", svg);
            }
        }
    }
}
