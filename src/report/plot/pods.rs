//! The life of each pod as a bar: when it could serve, when traffic reached it, what it lost.

use super::axis::{Axis, range};
use super::colour::{BASELINE, Colour, GRID, INK, LOSS};
use super::frame::{Entry, Event, Legend, Span, Strip, Swatch};
use super::frame::{draw_input_axis, draw_note, draw_notice, input_axis_height};
use super::numbers::number;
use super::picture::{Anchor, Area, Picture};
use super::pod_rows::{Names, Rows};
use super::{Heading, Size};

/// One row per pod over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodTimeline {
    /// Title and subtitle.
    pub heading: Heading,
    /// What the time axis counts from; may be empty.
    pub x_label: String,
    /// The shown part of the time axis in seconds; without it, whatever the pods have.
    pub shown_s: Option<(f64, f64)>,
    /// From top to bottom. Pods of one revision should follow each other.
    pub pods: Vec<PodRow>,
    /// Vertical lines through all rows.
    pub events: Vec<Event>,
    /// Shaded stretches through all rows.
    pub spans: Vec<Span>,
}

/// One pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodRow {
    /// The pod's name.
    pub name: String,
    /// Which template it came from, such as `old` and `new`, or a hash.
    pub revision: String,
    /// What it did when. [`PodState::InRotation`] may overlap the others.
    pub segments: Vec<Segment>,
    /// What happened to it.
    pub marks: Vec<Mark>,
}

/// A stretch of a pod's life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// What the pod was.
    pub state: PodState,
    /// From when, in seconds.
    pub from_s: f64,
    /// Until when, in seconds.
    pub to_s: f64,
}

/// What a pod can be, in the order of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodState {
    /// Created and waiting for a node.
    Scheduled,
    /// Pulling images, running init containers, starting.
    Starting,
    /// Running, its readiness probe has not passed.
    RunningNotReady,
    /// Ready, but no front end sends it traffic yet.
    ReadyNotInRotation,
    /// Some front end sends it traffic. Once the stop signal is out, that is what loses requests.
    InRotation,
    /// Deleted, its preStop hook runs and it still serves.
    PreStop,
    /// After the stop signal.
    Stopping,
}

/// Something that happened to a pod at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// What.
    pub kind: MarkKind,
    /// When, in seconds.
    pub at_s: f64,
    /// How often; 1 for a kill.
    pub count: u64,
}

/// What can happen to a pod at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// Requests sent to this pod were lost.
    Lost,
    /// SIGKILL.
    Killed,
}

/// In rotation after the stop signal: the colour of danger, kept for this alone.
pub(super) const DANGER: Colour = Colour::rgb(0xff5a36);
/// SIGKILL.
pub(super) const KILL: Colour = INK;
/// More rows than this are no picture any more.
const MOST_ROWS: usize = 60;
/// The least height of a row in logical pixels.
const LEAST_ROW: f64 = 6.0;

/// The colour of a pod state in every chart.
pub fn state_colour(state: PodState) -> Colour {
    Colour::rgb(match state {
        PodState::Scheduled => 0xe9ecef,
        PodState::Starting => 0xcdd4db,
        PodState::RunningNotReady => 0xa7b2bd,
        PodState::ReadyNotInRotation => 0xb9d7ee,
        PodState::InRotation => 0x5f97c6,
        PodState::PreStop => 0xf6cf6b,
        PodState::Stopping => 0xd3c2a8,
    })
}

fn state_name(state: PodState) -> &'static str {
    match state {
        PodState::Scheduled => "scheduled",
        PodState::Starting => "starting",
        PodState::RunningNotReady => "not ready",
        PodState::ReadyNotInRotation => "ready",
        PodState::InRotation => "in rotation",
        PodState::PreStop => "preStop",
        PodState::Stopping => "after stop signal",
    }
}

impl PodTimeline {
    /// A size of this width in which every pod that is drawn gets a comfortable row.
    pub fn comfortable_size(&self, width: u32) -> Size {
        let rows = self.pods.len().clamp(4, MOST_ROWS);
        Size::new(width, 210 + 20 * u32::try_from(rows).unwrap_or(0))
    }
}

impl PodRow {
    /// How many requests were lost on this pod.
    pub(super) fn lost(&self) -> u64 {
        let lost = self.marks.iter().filter(|mark| mark.kind == MarkKind::Lost);
        lost.fold(0, |sum, mark| sum.saturating_add(mark.count))
    }

    fn stretches(&self, state: PodState) -> impl Iterator<Item = (f64, f64)> {
        self.segments
            .iter()
            .filter(move |segment| segment.state == state)
            .map(|segment| (segment.from_s, segment.to_s))
            .filter(|(from, to)| range([*from]).is_some() && range([*to]).is_some() && from < to)
    }

    /// When the pod was in rotation although its stop signal was out: until the front end lets go
    /// of it, even if the pod is long gone.
    pub(super) fn danger(&self) -> Vec<(f64, f64)> {
        let Some((stop, _)) = range(self.stretches(PodState::Stopping).map(|(from, _)| from)) else {
            return Vec::new();
        };
        overlaps(self.stretches(PodState::InRotation), (stop, f64::INFINITY))
    }

    /// When the pod was in rotation while its preStop hook ran: served, and soon over.
    pub(super) fn covered(&self) -> Vec<(f64, f64)> {
        let hooks = self.stretches(PodState::PreStop);
        hooks.flat_map(|hook| overlaps(self.stretches(PodState::InRotation), hook)).collect()
    }
}

fn overlaps(stretches: impl Iterator<Item = (f64, f64)>, with: (f64, f64)) -> Vec<(f64, f64)> {
    stretches.map(|(from, to)| (from.max(with.0), to.min(with.1))).filter(|(from, to)| from < to).collect()
}

pub(super) fn draw(chart: &PodTimeline, size: Size) -> Picture {
    let (mut picture, top) = Picture::titled(size, &chart.heading);
    let room = picture.room_below(top);
    let text = picture.style.text;

    let legend = Legend::new(&picture, room, "", entries(&most_telling(&chart.pods, MOST_ROWS)));
    legend.draw(&mut picture, top);
    let top = top + legend.height(&picture);

    let losses = chart.pods.iter().any(|pod| pod.lost() > 0);
    let names = Names::new(&picture, &chart.pods, room.width());
    let count = |pod: &PodRow| number(pod.lost() as f64);
    let counts = chart
        .pods
        .iter()
        .map(|pod| picture.text_width(&count(pod)))
        .fold(picture.text_width("lost"), f64::max);
    let (left, right) = (room.left + names.width, room.right - if losses { counts + text } else { 0.0 });
    let time = Axis::time(chart.time_range(), (((right - left) / (text * 7.0)) as usize).clamp(2, 12));
    let strip = Strip::new(&picture, &time, (left, right), &chart.events, &chart.spans);

    // Room for the head of the column of counts, if no label of the strip makes it anyway.
    let head = strip.height(&picture).max(if losses { text * 1.3 } else { 0.0 });
    let top = top + head;
    let axis_height = input_axis_height(&picture, &chart.x_label);
    let fitting = |height: f64| ((height / LEAST_ROW) as usize).min(MOST_ROWS);
    let mut height = room.bottom - axis_height - top;
    if chart.pods.len() > fitting(height) {
        height -= picture.style.row();
    }
    let shown = most_telling(&chart.pods, fitting(height).max(1));
    if shown.len() < chart.pods.len() {
        let note = left_out_note(&chart.pods, &shown);
        draw_note(&mut picture, &note);
    }

    // Few pods do not get bars as thick as walls.
    let row = (height / shown.len().max(1) as f64).clamp(1.0, text * 4.5);
    let area = Area {
        left,
        right,
        top,
        bottom: (top + row * shown.len().max(1) as f64).max(top + text * 4.0).round(),
    };
    strip.shade(&mut picture, area);
    for tick in &time.ticks {
        if let Some(share) = time.share(tick.value) {
            picture.vertical(left + share * (right - left), area.top, area.bottom, GRID);
        }
    }
    strip.draw_labels(&mut picture, area);
    strip.draw_lines(&mut picture, area);
    if shown.is_empty() {
        draw_notice(&mut picture, area, "no pods");
    }
    let rows = Rows { time: &time, area, row, largest: largest_mark(&chart.pods) };
    for (index, pod) in shown.iter().enumerate() {
        rows.draw_bar(&mut picture, index, pod);
    }
    for (index, pod) in shown.iter().enumerate() {
        rows.draw_marks(&mut picture, index, pod);
    }
    names.draw(&mut picture, &rows, &shown);
    if losses {
        picture.text(room.right, area.top - text * 0.5, Anchor::End, LOSS, "lost");
        rows.draw_counts(&mut picture, &shown, room.right);
    }
    picture.horizontal(area.bottom, area.left, area.right, BASELINE);
    draw_input_axis(&mut picture, &time, area, &chart.x_label);
    picture
}

impl PodTimeline {
    fn time_range(&self) -> Option<(f64, f64)> {
        self.shown_s.filter(|(from, to)| from <= to && range([*from, *to]).is_some()).or_else(|| {
            let segments = self.pods.iter().flat_map(|pod| &pod.segments);
            let marks = self.pods.iter().flat_map(|pod| &pod.marks).map(|mark| mark.at_s);
            range(segments.flat_map(|segment| [segment.from_s, segment.to_s]).chain(marks))
        })
    }
}

/// The legend of what occurs, and of nothing else.
fn entries(pods: &[&PodRow]) -> Vec<Entry> {
    use PodState::{InRotation, PreStop, ReadyNotInRotation, RunningNotReady, Scheduled, Starting, Stopping};
    let mut entries = Vec::new();
    let mut add =
        |swatch, colour, label: &str| entries.push(Entry { swatch, colour, label: label.to_owned() });
    for state in [Scheduled, Starting, RunningNotReady, ReadyNotInRotation, InRotation, PreStop] {
        if pods.iter().any(|pod| pod.stretches(state).next().is_some()) {
            add(Swatch::Box, state_colour(state), state_name(state));
        }
    }
    if pods.iter().any(|pod| !pod.covered().is_empty()) {
        add(Swatch::Split(state_colour(InRotation)), state_colour(PreStop), "preStop, in rotation");
    }
    if pods.iter().any(|pod| pod.stretches(Stopping).next().is_some()) {
        add(Swatch::Box, state_colour(Stopping), state_name(Stopping));
    }
    if pods.iter().any(|pod| !pod.danger().is_empty()) {
        add(Swatch::Box, DANGER, "still in rotation after stop signal");
    }
    if pods.iter().any(|pod| pod.marks.iter().any(|mark| mark.kind == MarkKind::Killed)) {
        add(Swatch::Bar, KILL, "SIGKILL");
    }
    if pods.iter().any(|pod| pod.lost() > 0) {
        add(Swatch::Dot, LOSS, "lost requests");
    }
    entries
}

/// The pods to draw, in their order: all, or those that lost most and then the first ones.
fn most_telling(pods: &[PodRow], most: usize) -> Vec<&PodRow> {
    let mut order: Vec<usize> = (0..pods.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(pods[index].lost()));
    order.truncate(most);
    order.sort_unstable();
    order.into_iter().map(|index| &pods[index]).collect()
}

fn left_out_note(pods: &[PodRow], shown: &[&PodRow]) -> String {
    let left_out = pods.len() - shown.len();
    let lost =
        |pods: &mut dyn Iterator<Item = &PodRow>| pods.fold(0_u64, |sum, pod| sum.saturating_add(pod.lost()));
    let missing = lost(&mut pods.iter()).saturating_sub(lost(&mut shown.iter().copied()));
    let with = match missing {
        0 => "none of which lost a request".to_owned(),
        missing => format!("with {} of the lost requests", number(missing as f64)),
    };
    format!("{} of {} pods are not drawn, {with}", number(left_out as f64), number(pods.len() as f64))
}

fn largest_mark(pods: &[PodRow]) -> u64 {
    pods.iter().flat_map(|pod| &pod.marks).map(|mark| mark.count).max().unwrap_or(1).max(1)
}
