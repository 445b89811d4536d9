//! What a whole sweep looks like: its best points, all of them, and pictures.

mod csv;
mod pictures;
#[cfg(test)]
mod tests;
mod text;

pub use csv::write_csv;
pub use pictures::pictures;
pub use text::write_top;
