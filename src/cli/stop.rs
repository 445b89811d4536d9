//! Being asked to stop: Ctrl-C and SIGTERM set a flag, and what is done so far is kept.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit_code;

/// Whether, and by which signal, the process was asked to stop.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    /// 0, or the exit code for the signal.
    code: Arc<AtomicUsize>,
}

impl Stop {
    /// Watches from now on. The first signal sets the flag; the second ends the process at once,
    /// for whoever does not want to wait.
    ///
    /// # Errors
    /// The system refuses the handlers.
    pub(super) fn watch() -> io::Result<Stop> {
        let code = Arc::new(AtomicUsize::new(0));
        let asked = Arc::new(AtomicBool::new(false));
        for (signal, exit) in [(SIGINT, exit_code::INTERRUPTED), (SIGTERM, exit_code::TERMINATED)] {
            // In this order: the first signal finds `asked` unset and sets it afterwards.
            flag::register_conditional_shutdown(signal, exit.into(), Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
            flag::register_usize(signal, Arc::clone(&code), exit.into())?;
        }
        Ok(Stop { code })
    }

    /// Whether a signal has come.
    pub(super) fn asked(&self) -> bool {
        self.code.load(Ordering::Relaxed) != 0
    }

    /// The exit code for the signal that has come.
    pub(super) fn exit_code(&self) -> Option<u8> {
        u8::try_from(self.code.load(Ordering::Relaxed)).ok().filter(|code| *code != 0)
    }
}
