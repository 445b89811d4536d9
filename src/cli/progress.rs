//! A bar on standard error while long work goes on.

#![expect(clippy::disallowed_types, reason = "progress is the one thing that follows the machine's clock")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that is over sooner needs no bar.
const PATIENCE: Duration = Duration::from_millis(800);

/// Counts finished pieces of work, and shows them once the work takes longer than about a second.
/// Shared by all threads that work.
pub(super) struct Progress {
    shown: bool,
    what: Mutex<String>,
    total: AtomicU64,
    done: AtomicU64,
    began: Instant,
    bar: OnceLock<ProgressBar>,
}

impl Progress {
    /// Nothing is ever drawn unless `shown`.
    pub(super) fn new(shown: bool) -> Progress {
        Progress {
            shown,
            what: Mutex::default(),
            total: AtomicU64::new(0),
            done: AtomicU64::new(0),
            began: Instant::now(),
            bar: OnceLock::new(),
        }
    }

    /// More work has turned up: so many pieces of it.
    pub(super) fn expect(&self, what: &str, more: u64) {
        let total = self.total.fetch_add(more, Ordering::Relaxed) + more;
        *self.what.lock().unwrap_or_else(PoisonError::into_inner) = what.to_owned();
        if let Some(bar) = self.bar.get() {
            bar.set_length(total);
            bar.set_message(what.to_owned());
        }
    }

    /// One more piece is done.
    pub(super) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.shown && (self.bar.get().is_some() || self.began.elapsed() >= PATIENCE) {
            self.bar.get_or_init(|| self.draw()).set_position(done);
        }
    }

    fn draw(&self) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(
            Some(self.total.load(Ordering::Relaxed)),
            ProgressDrawTarget::stderr_with_hz(10),
        );
        let style = ProgressStyle::with_template("{bar:40} {pos} of {len}, {eta} left: {msg}")
            .expect("a template that indicatif knows");
        bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        bar.set_message(self.what.lock().unwrap_or_else(PoisonError::into_inner).clone());
        bar
    }
}

impl Drop for Progress {
    /// The bar leaves no trace.
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
