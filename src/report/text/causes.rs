//! The table of losses: status, cause, how many, when, and what ends it.

use super::WIDTH;
use super::number::{about, seconds, wrap};
use super::paint::{Line, Tone};
use crate::account::CauseTally;
use crate::model::outcome::{Cause, Status};
use crate::report::result::StoredResult;

pub(super) fn header() -> Line {
    let text = format!(
        " {:<6} {:<18} {:>8}  {:<13} {:<11} what ends it",
        "status", "cause", "lost", "GET / POST", "when"
    );
    Line::toned(text, Tone::Faint)
}

/// The rows, the largest loss first, each as one or two lines.
pub(super) fn rows(result: &StoredResult) -> Vec<Vec<Line>> {
    let mut causes: Vec<_> = result.total.causes.iter().collect();
    causes.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.count));
    causes.into_iter().map(|(&(status, cause), tally)| row(result, status, cause, tally)).collect()
}

fn row(result: &StoredResult, status: Status, cause: Cause, tally: &CauseTally) -> Vec<Line> {
    let runs = result.runs.len().max(1) as f64;
    let mean = |count: u64| about(count as f64 / runs);
    let methods = format!("{} / {}", mean(tally.count - tally.posts), mean(tally.posts));
    let when = when(result.first_event_s(), tally);
    let (status, cause_text) = (status.as_str(), cause.as_str());
    let text = format!(" {status:<6} {cause_text:<18} {:>8}  {methods:<13} {when:<11} ", mean(tally.count));
    let remedy = result.remedies.iter().find(|r| (r.status.as_str(), r.cause) == (status, cause));
    // Long statuses and counts push the remedy to the right, but never out of the line.
    let room = WIDTH - text.chars().count().min(WIDTH - 20);
    let mut remedy = wrap(remedy.map_or("", |remedy| remedy.short.as_str()), room).into_iter();
    let mut lines = vec![Line::plain(text + &remedy.next().unwrap_or_default())];
    lines.extend(remedy.map(|more| Line::plain(format!("{:width$}{more}", "", width = WIDTH - room))));
    lines
}

/// First and last loss, counted from the first planned event where all come after it.
fn when(event_s: f64, tally: &CauseTally) -> String {
    let (first, last) = (tally.first_ns as f64 / 1e9, tally.last_ns as f64 / 1e9);
    if event_s > 0.0 && first >= event_s {
        format!("+{}..+{} s", seconds(first - event_s), seconds(last - event_s))
    } else {
        format!("{}..{} s", seconds(first), seconds(last))
    }
}

/// What else happened, and how many rows of the table found no room.
pub(super) fn also(result: &StoredResult, hidden: usize) -> Vec<Line> {
    let total = &result.total;
    let runs = result.runs.len().max(1) as f64;
    let mean = |count: u64| about(count as f64 / runs);
    let mut words = Vec::new();
    if hidden > 0 {
        words.push(format!("{hidden} more cause{}", if hidden == 1 { "" } else { "s" }));
    }
    let at_ingress = total.causes.values().map(|tally| tally.at_ingress).sum();
    if at_ingress > 0 {
        words.push(format!("{} of them at ingress pods", mean(at_ingress)));
    }
    words.push(format!("{} sent twice", mean(total.sent_twice)));
    words.push(format!("{} executed but answered 5xx", mean(total.executed_but_5xx)));
    if let (Some(median), Some(p99)) = (total.latency_ok.quantile(0.5), total.latency_ok.quantile(0.99)) {
        words.push(format!("median {:.0} ms, p99 {:.0} ms", median as f64 / 1e6, p99 as f64 / 1e6));
    }
    let open = result.runs.iter().filter(|run| run.rollouts_open > 0).count();
    if open > 0 {
        words.push(format!("{open} runs ended with a rollout NOT finished"));
    }
    words.extend(deadlines(result));
    words.extend(drains(result));
    let lines = wrap(&format!("also: {}", words.join(", ")), WIDTH - 1);
    lines.into_iter().map(|line| Line::plain(format!(" {line}"))).collect()
}

/// Drains that did not end, and what stood in their way.
fn drains(result: &StoredResult) -> Option<String> {
    let open: Vec<_> =
        result.runs.iter().filter_map(|run| run.drains.as_ref().filter(|drains| drains.open > 0)).collect();
    let budget = open.iter().find_map(|drains| drains.refused_by.as_deref());
    let by = budget.map_or_else(String::new, |budget| format!(", refused by {budget}"));
    (!open.is_empty()).then(|| format!("{} runs ended with a drain NOT finished{by}", open.len()))
}

/// When rollouts had not moved for `progressDeadlineSeconds`, in the runs where one had not.
fn deadlines(result: &StoredResult) -> Option<String> {
    let exceeded = result.runs.iter().filter_map(|run| run.deadline_exceeded_ns);
    let at: Vec<u64> = exceeded.map(|ns| ns / 1_000_000_000).collect();
    let (first, last) = (at.iter().min()?, at.iter().max()?);
    let when = if first == last { first.to_string() } else { format!("{first}..{last}") };
    let runs = if at.len() == result.runs.len() { String::new() } else { format!(" in {} runs", at.len()) };
    Some(format!("ProgressDeadlineExceeded at {when} s{runs}"))
}
