//! Randomness: named streams, and distributions that give the same integers on every build.
//!
//! Nothing draws from a shared generator. A [`Streams`] belongs to one run; every concern asks it
//! for its own stream by name, so that a change in one place of the model moves no draw elsewhere.

mod dist;
mod normal;
mod stream;
mod table;

pub use dist::Dist;
pub use stream::{Keyed, Sequence, Stream, Streams};
pub use table::{Sampler, UnitExponential};
