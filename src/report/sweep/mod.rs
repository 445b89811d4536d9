//! What a whole sweep looks like: its best points, all of them, and pictures.

mod columns;
mod csv;
#[cfg(feature = "parquet")]
mod parquet;
mod pictures;
#[cfg(test)]
mod tests;
mod text;

pub use csv::write_csv;
#[cfg(feature = "parquet")]
pub use parquet::write_parquet;
pub use pictures::pictures;
pub use text::write_top;
