//! Writing `result.jsonl`.

use std::io::{self, Write};

use super::StoredResult;
use super::lines::{Line, Sums};

impl StoredResult {
    /// Writes the stored form. The same result gives the same bytes.
    ///
    /// # Errors
    /// What the destination says.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = |line: Line| {
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")
        };
        line(Line::Header(Box::new(self.header.clone())))?;
        for run in &self.runs {
            line(Line::Run(Box::new(run.clone())))?;
        }
        line(Line::Sums(Box::new(Sums::of(self))))
    }
}
