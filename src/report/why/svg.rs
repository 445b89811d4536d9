//! The story as one picture: a lane per place, time downwards, so that every moment has a line for
//! its words.

use std::fmt::Write as _;

use super::{seconds, signed};
use crate::study::why::{Lane, Story};

const WIDTH: u32 = 1180;
const MARGIN: u32 = 24;
const CLOCK: u32 = 92;
const TOP: u32 = 96;
const ROW: u32 = 30;
const REQUEST: &str = "#d6336c";
const INK: &str = "#212529";
const GREY: &str = "#868e96";
const FONT: &str = "font-family=\"DejaVu Sans, Verdana, sans-serif\"";

/// An SVG document.
pub fn picture(story: &Story) -> String {
    let rows = u32::try_from(story.moments.len()).unwrap_or(0);
    let bottom = TOP + rows * ROW + 16;
    let height = bottom + 44;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    label(&mut svg, MARGIN, 34, 18, INK, "bold", &title(story));
    let (zero, what) = &story.zero;
    let subtitle = format!("times count from {what}, {:.3} s into run {}", zero.run_secs(), story.run);
    label(&mut svg, MARGIN, 56, 12, GREY, "normal", &subtitle);
    lanes(&mut svg, bottom);
    let mut before: Option<(u32, u32)> = None;
    for (row, moment) in (0_u32..).zip(&story.moments) {
        let y = TOP + row * ROW + ROW / 2;
        let x = lane_x(moment.lane);
        let colour = if moment.of_request { REQUEST } else { INK };
        if moment.of_request {
            if let Some((x0, y0)) = before {
                line(&mut svg, (x0, y0), (x, y), REQUEST, 2);
            }
            before = Some((x, y));
        }
        let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"4\" fill=\"{colour}\"/>");
        let clock = signed(seconds(moment.at, *zero));
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" font-size=\"11\" text-anchor=\"end\" fill=\"{GREY}\" {FONT}>{clock}</text>",
            MARGIN + CLOCK - 16,
            y + 4
        );
        label(&mut svg, x + 10, y + 4, 12, colour, "normal", &moment.words);
    }
    if let Some(saving) = &story.counterfactual.saved_by {
        let words = format!("saved by {}", super::change_words(saving));
        label(&mut svg, MARGIN, bottom + 26, 13, "#2b8a3e", "bold", &words);
    }
    svg.push_str("</svg>\n");
    svg
}

fn title(story: &Story) -> String {
    match &story.lost {
        Some(lost) => format!("Request {} gets {}: {}", story.request, lost.status, lost.cause),
        None => {
            format!("Request {} is answered after {} failed attempts", story.request, story.attempts.len())
        }
    }
}

/// The lanes lie so that words of one do not reach far into the next but one.
fn lane_x(lane: Lane) -> u32 {
    let index = u32::try_from(Lane::ALL.iter().position(|other| *other == lane).unwrap_or(0)).unwrap_or(0);
    MARGIN + CLOCK + index * 250
}

fn lanes(svg: &mut String, bottom: u32) {
    for lane in Lane::ALL {
        let x = lane_x(lane);
        line(svg, (x, TOP - 8), (x, bottom), "#dee2e6", 1);
        label(svg, x, TOP - 16, 12, GREY, "bold", lane.word());
    }
}

fn line(svg: &mut String, from: (u32, u32), to: (u32, u32), colour: &str, width: u32) {
    let _ = writeln!(
        svg,
        "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn label(svg: &mut String, x: u32, y: u32, size: u32, colour: &str, weight: &str, words: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"{colour}\" {FONT}>{}</text>",
        escaped(words)
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
