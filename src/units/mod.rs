//! Units: time, quantities, and the ways users write and read them.
//!
//! Everything the simulator computes with is an integer: nanoseconds for time, thousandths for
//! CPU. Floats appear where statistics begin.

mod duration;
mod int_or_percent;
mod number;
mod quantity;
mod time;

pub use duration::{DurationError, format_duration, parse_duration};
pub use int_or_percent::IntOrPercent;
pub use number::{decimals, grouped};
pub use quantity::{QuantityError, parse_quantity_milli};
pub use time::{Nanos, SimTime};
