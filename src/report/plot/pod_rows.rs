//! The rows of a pod timeline: names, bars, marks and counts.

use super::axis::Axis;
use super::colour::{BASELINE, INK, LOSS, MUTED, PAPER};
use super::font;
use super::numbers::number;
use super::picture::{Anchor, Area, Picture, shorten};
use super::pods::{DANGER, KILL, MarkKind, PodRow, PodState, Segment, state_colour};

/// Where rows and instants lie.
pub(super) struct Rows<'a> {
    pub time: &'a Axis,
    pub area: Area,
    /// The height of a row.
    pub row: f64,
    /// The largest count of any mark: the largest dot.
    pub largest: u64,
}

impl Rows<'_> {
    fn top(&self, index: usize) -> f64 {
        self.area.top + self.row * index as f64
    }

    fn middle(&self, index: usize) -> f64 {
        self.top(index) + self.row / 2.0
    }

    /// The pixel columns of a stretch, cut to what is shown.
    fn columns(&self, (from, to): (f64, f64)) -> Option<(f64, f64)> {
        let (from, to) = (from.max(self.time.lo), to.min(self.time.hi));
        if from >= to {
            return None;
        }
        Some((self.across(from)?, self.across(to)?))
    }

    fn across(&self, at: f64) -> Option<f64> {
        self.time.share(at).map(|share| self.area.left + share * (self.area.right - self.area.left))
    }

    pub(super) fn draw_bar(&self, picture: &mut Picture, index: usize, pod: &PodRow) {
        let half = (self.row * 0.34).min(picture.style.text * 1.1);
        let middle = self.middle(index);
        let (top, bottom) =
            ((middle - half).round(), (middle + half).round().max((middle - half).round() + 2.0));
        let fill = |picture: &mut Picture, stretch, (top, bottom): (f64, f64), colour| {
            if let Some((left, right)) = self.columns(stretch) {
                // Whole pixels: where two states meet, no third one shines through.
                let (left, right) = (left.round(), right.round());
                picture.rect(left, top, right.max(left + 1.0), bottom, colour);
            }
        };
        let mut segments: Vec<&Segment> = pod.segments.iter().collect();
        // In rotation covers the states of a living pod; the end of its life covers that.
        segments.sort_by_key(|segment| segment.state);
        for segment in segments {
            fill(picture, (segment.from_s, segment.to_s), (top, bottom), state_colour(segment.state));
        }
        for stretch in pod.covered() {
            fill(
                picture,
                stretch,
                ((middle + half * 0.1).round(), bottom),
                state_colour(PodState::InRotation),
            );
        }
        // Higher than any bar, so that it is seen without knowing the colours.
        let over = (self.row * 0.16).clamp(1.0, picture.style.text * 0.4);
        for stretch in pod.danger() {
            fill(picture, stretch, ((top - over).round(), (bottom + over).round()), DANGER);
        }
    }

    pub(super) fn draw_marks(&self, picture: &mut Picture, index: usize, pod: &PodRow) {
        let middle = self.middle(index);
        let bar_half = (self.row * 0.5).min(picture.style.text * 1.5);
        // Behind the losses that it causes, and higher than their dot.
        for mark in pod.marks.iter().filter(|mark| mark.kind == MarkKind::Killed) {
            if let Some(x) = self.across(mark.at_s) {
                let (x, top, bottom) = (x.round(), (middle - bar_half).round(), (middle + bar_half).round());
                picture.rect(x - 2.0, top, x + 2.0, bottom, PAPER);
                picture.rect(x - 1.0, top, x + 1.0, bottom, KILL);
            }
        }
        // Dots stand apart and leave the bar behind them visible.
        let most = (self.row * 0.32).clamp(2.5, picture.style.text * 0.6);
        let least = (most * 0.35).max(1.6);
        for (x, count) in self.gathered(pod, most * 2.0 + 2.0) {
            let share = (count as f64 / self.largest as f64).min(1.0).sqrt();
            let radius = least + (most - least) * share;
            picture.disc(x, middle, radius + 0.8, PAPER);
            picture.disc(x, middle, radius, LOSS);
        }
    }

    /// Losses in pixels; those within `width` of the first are added up at their mean.
    fn gathered(&self, pod: &PodRow, width: f64) -> Vec<(f64, u64)> {
        let lost = pod.marks.iter().filter(|mark| mark.kind == MarkKind::Lost && mark.count > 0);
        let mut found: Vec<(f64, u64)> =
            lost.filter_map(|mark| Some((self.across(mark.at_s)?, mark.count))).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut dots = Vec::new();
        let mut rest = &found[..];
        while let Some(&(first, _)) = rest.first() {
            let (near, further) = rest.split_at(rest.partition_point(|(x, _)| *x <= first + width));
            let sum = near.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
            let mean = near.iter().map(|(x, count)| x * (*count as f64 / sum as f64)).sum();
            dots.push((mean, sum));
            rest = further;
        }
        dots
    }

    pub(super) fn draw_counts(&self, picture: &mut Picture, shown: &[&PodRow], right: f64) {
        let text = picture.style.text;
        let mut free_from = f64::NEG_INFINITY;
        for (index, pod) in shown.iter().enumerate() {
            let baseline = self.middle(index) + text * 0.36;
            if pod.lost() > 0 && baseline - text * 0.8 >= free_from {
                picture.text(right, baseline, Anchor::End, LOSS, &number(pod.lost() as f64));
                free_from = baseline + text * 0.2;
            }
        }
    }
}

/// The two columns left of the bars: revision and name.
pub(super) struct Names {
    /// Of both columns, with the space behind them.
    pub width: f64,
    revision_width: f64,
    name_room: f64,
}

impl Names {
    pub(super) fn new(picture: &Picture, pods: &[PodRow], room: f64) -> Names {
        let text = picture.style.text;
        let widest = |words: &mut dyn Iterator<Item = &str>| {
            words.map(|words| picture.text_width(words)).fold(0.0, f64::max)
        };
        let revision_width = widest(&mut pods.iter().map(|pod| pod.revision.as_str())).min(room * 0.12);
        let name_room = widest(&mut pods.iter().map(|pod| pod.name.as_str())).min(room * 0.22);
        let gap = if revision_width > 0.0 { text } else { 0.0 };
        Names {
            width: revision_width + gap + name_room + text * 0.8,
            revision_width: revision_width + gap,
            name_room,
        }
    }

    pub(super) fn draw(&self, picture: &mut Picture, rows: &Rows<'_>, shown: &[&PodRow]) {
        let text = picture.style.text;
        let left = picture.style.margin;
        let mut before: Option<&str> = None;
        let mut revision_free_from = f64::NEG_INFINITY;
        let mut free_from = f64::NEG_INFINITY;
        // Where rows are too low for a name each, those that lost requests come first.
        let tight = rows.row < text * 1.05;
        for (index, pod) in shown.iter().enumerate() {
            let baseline = rows.middle(index) + text * 0.36;
            let begins = before != Some(pod.revision.as_str());
            if begins && before.is_some() {
                picture.horizontal(rows.top(index), left, rows.area.right, BASELINE.with_alpha(120));
            }
            before = Some(&pod.revision);
            if begins && baseline - text * 0.8 >= revision_free_from {
                let revision = shorten(&pod.revision, text, false, self.revision_width - text * 0.5);
                picture.text(left, baseline, Anchor::Start, INK, &revision);
                revision_free_from = baseline + text * 0.2;
            }
            if baseline - text * 0.8 >= free_from && (!tight || pod.lost() > 0) {
                let name = tail(&pod.name, text, self.name_room);
                picture.text(rows.area.left - text * 0.6, baseline, Anchor::End, MUTED, &name);
                free_from = baseline + text * 0.2;
            }
        }
    }
}

/// The end of a name that is too long: pods of one Deployment differ in their last letters.
fn tail(name: &str, size: f64, room: f64) -> String {
    if font::width(name, size, false) <= room + 0.01 {
        return name.to_owned();
    }
    let starts: Vec<usize> = name.char_indices().map(|(at, _)| at).skip(1).collect();
    let cut = |start: usize| format!("…{}", &name[start..]);
    let first = starts.partition_point(|&start| font::width(&cut(start), size, false) > room);
    starts.get(first).map_or_else(|| "…".to_owned(), |&start| cut(start))
}
