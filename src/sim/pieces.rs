//! Parts of the loop that only whole runs use, with handles for `benches/path.rs`.

use super::event::{Event, Queue};
use crate::units::{Nanos, SimTime};

pub use super::path::fast::pieces::Settling;

/// The queue of control events with always as many pending, each of which is due again some time after it
/// was taken: the "hold" model by which event queues are compared.
#[derive(Debug)]
pub struct HeldQueue {
    queue: Queue,
    /// Changes with every event, so that the order does too.
    bits: u64,
}

impl HeldQueue {
    /// `pending` events, due within a second.
    pub fn new(pending: u32) -> HeldQueue {
        let mut held = HeldQueue { queue: Queue::default(), bits: 1 };
        (0..pending).for_each(|pod| held.push(SimTime::START, Event::PodBound(pod)));
        held
    }

    /// Takes the next event and schedules it anew within a second. When it was due.
    pub fn hold(&mut self) -> SimTime {
        let (at, event) = self.queue.pop().expect("as many as ever");
        self.push(at, event);
        at
    }

    fn push(&mut self, at: SimTime, event: Event) {
        self.bits = self.bits.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        self.queue.push(at + Nanos((self.bits >> 32) % 1_000_000_000), event);
    }
}
