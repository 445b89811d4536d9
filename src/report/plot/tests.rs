//! Tests of whole pictures: what is on them, that nothing collides, that any data gives one.

use proptest::collection::vec;
use proptest::prelude::*;

use super::picture::{Anchor, Picture, Shape};
use super::*;

fn series(kind: SeriesKind) -> Series {
    Series { label: "502".into(), colour: status_colour("502"), kind }
}

fn time_chart(kinds: Vec<SeriesKind>) -> TimeChart {
    TimeChart {
        heading: Heading::new("Losses & <causes>", "one run"),
        panels: vec![Panel {
            series: kinds.into_iter().map(series).collect(),
            ..Panel::new("lost per second")
        }],
        events: vec![Event { at: 60.0, label: "rollout".into() }],
        ..TimeChart::default()
    }
}

fn pod(name: &str, segments: &[(PodState, f64, f64)], marks: &[(MarkKind, f64, u64)]) -> PodRow {
    PodRow {
        name: name.into(),
        revision: "old".into(),
        segments: segments.iter().map(|&(state, from_s, to_s)| Segment { state, from_s, to_s }).collect(),
        marks: marks.iter().map(|&(kind, at_s, count)| Mark { kind, at_s, count }).collect(),
    }
}

fn words(picture: &Picture) -> Vec<&str> {
    picture
        .shapes
        .iter()
        .filter_map(|shape| if let Shape::Text(text) = shape { Some(text.words.as_str()) } else { None })
        .collect()
}

fn svg(chart: &Chart, size: Size) -> String {
    String::from_utf8(render(chart, Format::Svg, size).unwrap()).unwrap()
}

/// The boxes of all texts: from the top of capitals to the bottom of descenders.
fn text_boxes(picture: &Picture) -> Vec<(&str, [f64; 4])> {
    let boxes = picture.shapes.iter().filter_map(|shape| {
        let Shape::Text(text) = shape else { return None };
        let width = font::width(&text.words, text.size, text.bold);
        let left = match text.anchor {
            Anchor::Start => text.x,
            Anchor::Middle => text.x - width / 2.0,
            Anchor::End => text.x - width,
        };
        let (top, bottom) = (text.baseline - text.size * 0.73, text.baseline + text.size * 0.22);
        Some((text.words.as_str(), [left, top, left + width, bottom]))
    });
    boxes.collect()
}

/// What a reader would call a defect: a text that touches another one or the edge.
fn text_defect(picture: &Picture) -> Option<String> {
    let boxes = text_boxes(picture);
    let (width, height) = (f64::from(picture.width), f64::from(picture.height));
    for (index, (words, [left, top, right, bottom])) in boxes.iter().enumerate() {
        if *left < 0.0 || *top < 0.0 || *right > width || *bottom > height {
            return Some(format!("{words:?} leaves the picture: {left:.1} {top:.1} {right:.1} {bottom:.1}"));
        }
        for (other, [l, t, r, b]) in &boxes[..index] {
            if left < r && l < right && top < b && t < bottom {
                return Some(format!("{words:?} touches {other:?}"));
            }
        }
    }
    None
}

#[test]
fn the_svg_has_the_texts_and_one_element_per_shape() {
    let line = SeriesKind::Line((0..100).map(|s| (f64::from(s), f64::from(s % 7))).collect());
    let bars = SeriesKind::Area((0..100).map(|s| (f64::from(s), 2.0)).collect());
    let chart = Chart::Time(time_chart(vec![line, bars]));
    let text = svg(&chart, Size::DEFAULT);
    assert!(text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1200\" height=\"600\""));
    assert!(text.ends_with("</svg>\n"));
    for expected in
        ["Losses &amp; &lt;causes&gt;", "one run", "lost per second", "rollout", "0 s", "90 s", "502"]
    {
        assert!(text.contains(&format!(">\n{expected}\n</text>")), "{expected}");
    }
    assert_eq!(text.matches("<polyline").count(), 2, "the line and its swatch");
    assert_eq!(text.matches("<polygon").count(), 1, "the area");
    assert!(text.contains("font-family=\"DejaVu Sans, Verdana"));
    let picture = draw(&chart, Size::DEFAULT);
    let elements =
        ["<text", "<rect", "<polyline", "<polygon", "<circle"].map(|tag| text.matches(tag).count());
    assert_eq!(elements.iter().sum::<usize>(), picture.shapes.len() + 1, "all shapes and the background");
}

#[test]
fn control_characters_do_not_break_the_svg() {
    let mut chart = time_chart(vec![]);
    chart.heading = Heading::new("a\u{0}b\nc\u{1b}[0m", "\u{ffff}");
    let text = svg(&Chart::Time(chart), Size::SMALL);
    assert!(text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{ffff}')), "{text:?}");
    assert!(text.contains("a b c [0m"));
}

#[test]
fn the_png_has_its_size_and_the_pure_colours() {
    let bars = SeriesKind::Area((0..600).map(|s| (f64::from(s), f64::from(s * 37 % 91))).collect());
    let line = SeriesKind::Line((0..600).map(|s| (f64::from(s), f64::from(s * 53 % 97))).collect());
    let chart = Chart::Time(time_chart(vec![bars, line]));
    for (size, want) in [(Size::SMALL, (1600, 800)), (Size { density: 1, ..Size::new(500, 300) }, (500, 300))]
    {
        let bytes = render(&chart, Format::Png, size).unwrap();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((frame.width, frame.height), want);
        assert_eq!(frame.color_type, png::ColorType::Rgb);
        let count = |colour: Colour| {
            pixels.chunks(3).filter(|pixel| *pixel == [colour.red, colour.green, colour.blue]).count()
        };
        assert!(count(status_colour("502")) > pixels.len() / 60, "the area has its exact colour");
        assert!(count(Colour::rgb(0xffffff)) > pixels.len() / 12, "the paper is white");
    }
}

#[test]
fn nothing_lost_is_said_in_words() {
    let zeros = SeriesKind::Area((0..60).map(|s| (f64::from(s), 0.0)).collect());
    let mut chart = time_chart(vec![zeros]);
    chart.panels[0].when_empty = "no request was lost".into();
    let picture = draw(&Chart::Time(chart.clone()), Size::SMALL);
    assert!(words(&picture).contains(&"no request was lost"));
    assert!(!words(&picture).contains(&"502"), "a status that did not occur is not in the legend");

    chart.panels[0].series = vec![series(SeriesKind::Area(vec![(0.0, 1.0), (1.0, 0.0)]))];
    let picture = draw(&Chart::Time(chart), Size::SMALL);
    assert!(!words(&picture).contains(&"no request was lost"));
}

#[test]
fn in_rotation_after_the_stop_signal_is_drawn_as_danger() {
    use PodState::{InRotation, PreStop, Stopping};
    let danger = |segments: &[(PodState, f64, f64)]| {
        let chart = PodTimeline {
            pods: vec![pod("a", segments, &[])],
            shown_s: Some((0.0, 100.0)),
            ..PodTimeline::default()
        };
        let picture = draw(&Chart::Pods(chart), Size::DEFAULT);
        let legend = words(&picture).contains(&"still in rotation after stop signal");
        let bars: Vec<f64> = picture
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Rect { left, right, fill, .. } if *fill == pods::DANGER => Some(right - left),
                _ => None,
            })
            .collect();
        // The legend shows the colour once more.
        assert_eq!(bars.len(), if legend { 2 } else { 0 });
        bars.last().copied().unwrap_or(0.0)
    };
    assert!(danger(&[(InRotation, 0.0, 40.0), (PreStop, 30.0, 50.0), (Stopping, 50.0, 60.0)]) < 0.5, "safe");
    let ten = danger(&[(InRotation, 0.0, 40.0), (Stopping, 30.0, 60.0)]);
    let twenty = danger(&[(InRotation, 0.0, 50.0), (Stopping, 30.0, 35.0)]);
    assert!(ten > 50.0, "{ten}");
    assert!(
        (twenty - 2.0 * ten).abs() <= 2.0,
        "until the front end lets go, even of a dead pod: {ten} {twenty}"
    );
}

#[test]
fn pods_that_lost_requests_are_drawn_first_and_the_others_counted() {
    let pods = (0..100).map(|index| {
        let lost = if index % 5 == 4 { vec![(MarkKind::Lost, 10.0, 3)] } else { Vec::new() };
        pod(&format!("pod-{index}"), &[(PodState::InRotation, 0.0, 20.0)], &lost)
    });
    let chart = Chart::Pods(PodTimeline { pods: pods.collect(), ..PodTimeline::default() });
    let tall = draw(&chart, Size::new(1200, 1400));
    let said = words(&tall);
    assert!(said.contains(&"40 of 100 pods are not drawn, none of which lost a request"), "{said:?}");
    let names: Vec<&str> = said.iter().copied().filter(|word| word.starts_with("pod-")).collect();
    assert_eq!(names.len(), 60);
    assert!((0..20).all(|index| names.contains(&format!("pod-{}", index * 5 + 4).as_str())));
    assert!(names.contains(&"pod-0") && !names.contains(&"pod-98"));

    let low = draw(&chart, Size::new(600, 200));
    let note = words(&low).into_iter().find(|word| word.contains("not drawn")).unwrap().to_owned();
    assert!(note.contains("of the lost requests"), "{note}");
}

#[test]
fn heat_map_numbers_appear_only_if_all_fit() {
    let map = |size: u32| {
        let labels: Vec<String> = (0..size).map(|value| format!("{value} s")).collect();
        let cells = (0..size).map(|row| (0..size).map(|column| f64::from(row * column * 100)).collect());
        let chart =
            HeatMap { columns: labels.clone(), rows: labels, cells: cells.collect(), ..HeatMap::default() };
        draw(&Chart::Heat(chart), Size::SMALL)
    };
    assert!(words(&map(5)).contains(&"1,600"));
    let many = map(40);
    assert_eq!(
        words(&many).iter().filter(|word| word.parse::<u32>().is_ok()).count(),
        1,
        "only the key's zero"
    );
    assert_eq!(text_defect(&many), None);
}

#[test]
fn scatter_labels_that_find_no_room_are_counted() {
    let point =
        |label: String| ScatterPoint { x: 1.0, y: 1.0, size: 1.0, label, colour: OK, important: false };
    let scatter = |points| Scatter {
        heading: Heading::default(),
        x_label: "pod-hours".into(),
        y_label: "lost".into(),
        y: YAxis::Count,
        size_label: String::new(),
        points,
    };
    let picture = draw(
        &Chart::Scatter(scatter((0..60).map(|index| point(format!("point {index}"))).collect())),
        Size::DEFAULT,
    );
    let shown = words(&picture).iter().filter(|word| word.starts_with("point ")).count();
    assert!((1..60).contains(&shown));
    assert!(words(&picture).contains(&format!("{} labels found no room", 60 - shown).as_str()));
}

#[test]
fn sizes_out_of_bounds_are_refused() {
    let chart = Chart::Time(time_chart(vec![]));
    let cases = [
        (Size::new(100, 400), "picture width of 100 pixels: choose 160 to 8000, such as 1200 x 600"),
        (Size::new(400, 9_000), "picture height of 9000 pixels: choose 160 to 8000, such as 1200 x 600"),
        (
            Size { density: 0, ..Size::SMALL },
            "picture density of 0: choose 1 to 4 image pixels per logical pixel",
        ),
    ];
    for (size, want) in cases {
        assert_eq!(render(&chart, Format::Svg, size).unwrap_err().to_string(), want);
    }
}

/// Numbers as they come: mostly sensible, sometimes anything.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => 0.0..1_000.0_f64,
        2 => Just(0.0),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(1e300),
        1 => Just(-1e300),
        1 => Just(1e-300),
        1 => Just(1e15),
        1 => -1e6..1e6_f64,
    ]
}

fn points() -> impl Strategy<Value = Vec<(f64, f64)>> {
    let any = vec((number(), number()), 0..30);
    let equal = (number(), number(), 1..5_usize).prop_map(|(x, y, count)| vec![(x, y); count]);
    let dense = vec(0.0..50.0_f64, 1000..3000)
        .prop_map(|ys| ys.into_iter().enumerate().map(|(x, y)| (x as f64, y)).collect());
    prop_oneof![6 => any, 1 => equal, 1 => dense]
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z ]{0,12}", 1 => "[a-z]{30,80}", 1 => "\\PC{0,8}"]
}

fn y_axis() -> impl Strategy<Value = YAxis> {
    prop_oneof![Just(YAxis::Linear), Just(YAxis::Count), Just(YAxis::Logarithmic)]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    vec((number(), label()).prop_map(|(at, label)| Event { at, label }), 0..8)
}

fn any_time_chart() -> impl Strategy<Value = Chart> {
    let kind = (points(), 0..5).prop_map(|(points, kind)| match kind {
        0 => SeriesKind::Line(points),
        1 => SeriesKind::Step(points),
        2 => SeriesKind::Area(points),
        3 => SeriesKind::Points(points),
        _ => SeriesKind::Band(points.into_iter().map(|(x, y)| (x, y, y + 5.0)).collect()),
    });
    let row = (label(), kind).prop_map(|(label, kind)| Series { label, colour: status_colour("503"), kind });
    let panel = (label(), y_axis(), vec(row, 0..4), -1.0..3.0_f64)
        .prop_map(|(label, y, series, weight)| Panel { y, series, weight, ..Panel::new(label) });
    let spans =
        vec((number(), number(), label()).prop_map(|(from, to, label)| Span { from, to, label }), 0..3);
    (label(), label(), vec(panel, 0..3), events(), spans, proptest::option::of((number(), number())))
        .prop_map(|(title, x_label, panels, events, spans, shown_s)| {
            let heading = Heading::new(title, "subtitle");
            Chart::Time(TimeChart { heading, x_label, shown_s, panels, events, spans })
        })
}

fn any_pods() -> impl Strategy<Value = Chart> {
    let state = prop_oneof![
        Just(PodState::Scheduled),
        Just(PodState::RunningNotReady),
        Just(PodState::InRotation),
        Just(PodState::PreStop),
        Just(PodState::Stopping),
    ];
    let segment =
        (state, number(), number()).prop_map(|(state, from_s, to_s)| Segment { state, from_s, to_s });
    let mark = (any::<bool>(), number(), prop_oneof![0..1000_u64, Just(u64::MAX)]).prop_map(
        |(lost, at_s, count)| Mark {
            kind: if lost { MarkKind::Lost } else { MarkKind::Killed },
            at_s,
            count,
        },
    );
    let row = (label(), 0..3_u32, vec(segment, 0..5), vec(mark, 0..5)).prop_map(
        |(name, revision, segments, marks)| PodRow {
            name,
            revision: format!("r{revision}"),
            segments,
            marks,
        },
    );
    (label(), vec(row, 0..80), events()).prop_map(|(title, pods, events)| {
        Chart::Pods(PodTimeline { heading: Heading::new(title, ""), pods, events, ..PodTimeline::default() })
    })
}

fn any_other_chart() -> impl Strategy<Value = Chart> {
    let range = (label(), y_axis(), points(), events()).prop_map(|(label, y, points, markers)| {
        let points = points.into_iter().map(|(x, middle)| RangePoint {
            x,
            middle,
            lo: middle - 3.0,
            hi: middle + 9.0,
        });
        Chart::Range(RangeChart {
            heading: Heading::new("range", label.clone()),
            x_label: label.clone(),
            y_label: label.clone(),
            y,
            points: points.collect(),
            middle_label: label,
            band_label: "band".into(),
            markers,
            when_empty: "nothing".into(),
        })
    });
    let latency = (label(), y_axis(), vec(points(), 0..3)).prop_map(|(label, y, curves)| {
        let curves = curves.into_iter().map(|points| {
            let points = points.into_iter().map(|(x, y)| (x.min(100.0), y)).collect();
            PercentileCurve { label: label.clone(), colour: OK, points }
        });
        let form = LatencyForm::ByPercentile(curves.collect());
        Chart::Latency(LatencyChart {
            heading: Heading::new("latency", ""),
            y,
            form,
            when_empty: "nothing".into(),
        })
    });
    let heat = (vec(label(), 0..40), vec(label(), 0..30), vec(vec(number(), 0..50), 0..30)).prop_map(
        |(columns, rows, cells)| {
            Chart::Heat(HeatMap {
                columns,
                rows,
                cells,
                framed: Some((1, 1)),
                y_label: "knob".into(),
                ..HeatMap::default()
            })
        },
    );
    let scatter = (label(), y_axis(), vec((number(), number(), number(), label()), 0..30)).prop_map(
        |(name, y, points)| {
            let points = points.into_iter().map(|(x, y, size, label)| ScatterPoint {
                x,
                y,
                size,
                important: label.len() % 2 == 0,
                label,
                colour: OK,
            });
            Chart::Scatter(Scatter {
                heading: Heading::new("scatter", ""),
                x_label: name.clone(),
                y_label: name.clone(),
                y,
                size_label: name,
                points: points.collect(),
            })
        },
    );
    prop_oneof![range, latency, heat, scatter]
}

fn any_chart() -> impl Strategy<Value = Chart> {
    prop_oneof![2 => any_time_chart(), 1 => any_pods(), 2 => any_other_chart()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_data_gives_a_picture_without_colliding_texts(
        chart in any_chart(),
        width in 480_u32..1600,
        height in 360_u32..1200,
    ) {
        let picture = draw(&chart, Size::new(width, height));
        prop_assert_eq!(text_defect(&picture), None);
    }

    #[test]
    fn any_data_and_any_size_gives_the_same_bytes_twice(
        chart in any_chart(),
        width in 160_u32..700,
        height in 160_u32..500,
        density in 1_u32..3,
    ) {
        let size = Size { width, height, density };
        for format in [Format::Svg, Format::Png] {
            let bytes = render(&chart, format, size).unwrap();
            prop_assert_eq!(bytes, render(&chart, format, size).unwrap());
        }
    }
}
