//! Results on standard output and in a folder.

use std::collections::BTreeMap;

use clap::ValueEnum;

use super::failure::Failure;
use super::out_dir::OutDir;
use super::terminal::Terminal;
use crate::report::details;
use crate::report::pictures::{Picture, pictures};
use crate::report::plot::{Format, render};
use crate::report::result::{StoredResult, summary, write_csv, write_timeline};
use crate::report::text;

/// A format on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// One screen per configuration
    Text,
    /// One object, or an array for several configurations
    Json,
    /// One row per run
    Csv,
}

/// Prints results.
///
/// # Errors
/// Standard output cannot be written.
pub(super) fn print(
    results: &[StoredResult],
    output: Output,
    terminal: &mut Terminal<'_>,
) -> Result<(), Failure> {
    match (output, results) {
        (Output::Csv, _) => write_csv(results, terminal.out)?,
        (Output::Json, [result]) => terminal.out.write_all(summary(result).to_json().as_bytes())?,
        (Output::Json, _) => {
            let summaries: Vec<_> = results.iter().map(summary).collect();
            serde_json::to_writer_pretty(&mut *terminal.out, &summaries).map_err(std::io::Error::from)?;
            writeln!(terminal.out)?;
        }
        (Output::Text, _) => {
            for (index, result) in results.iter().enumerate() {
                if index > 0 {
                    writeln!(terminal.out)?;
                }
                text::write(result, terminal.style.colour, terminal.out)?;
                if terminal.style.verbose {
                    details::write(result, terminal.out)?;
                }
            }
            if results.len() > 1 {
                writeln!(terminal.out)?;
                text::write_table(results, terminal.style.colour, terminal.out)?;
            }
        }
    }
    Ok(())
}

/// Writes the files of one result into the folder, of several into a folder for each.
///
/// # Errors
/// Something cannot be written or drawn.
pub(super) fn write_folder(results: &[StoredResult], out: &OutDir) -> Result<(), Failure> {
    if let [result] = results {
        return write_result(result, out);
    }
    for (name, result) in folder_names(results).iter().zip(results) {
        write_result(result, &out.below(name)?)?;
    }
    Ok(())
}

fn write_result(result: &StoredResult, out: &OutDir) -> Result<(), Failure> {
    out.write("result.jsonl", |file| result.write(file))?;
    out.write("summary.json", |file| file.write_all(summary(result).to_json().as_bytes()))?;
    out.write("timeline.csv", |file| write_timeline(result, file))?;
    pictures(result).iter().try_for_each(|picture| write_picture(picture, out))
}

/// Writes a picture as SVG and as PNG.
///
/// # Errors
/// It cannot be drawn or written.
pub(super) fn write_picture(picture: &Picture, out: &OutDir) -> Result<(), Failure> {
    for (format, ending) in [(Format::Svg, "svg"), (Format::Png, "png")] {
        let drawn = render(&picture.chart, format, picture.size);
        let drawn = drawn.map_err(|error| Failure::Failed(format!("{}: {error}", picture.name)))?;
        out.write(&format!("{}.{ending}", picture.name), |file| file.write_all(&drawn))?;
    }
    Ok(())
}

/// A folder name for each result: the scenario's name in plain letters, numbered where two are
/// the same.
fn folder_names(results: &[StoredResult]) -> Vec<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let name = |result: &StoredResult| {
        let plain = plain_name(&result.header.name);
        let count = seen.entry(plain.clone()).or_default();
        *count += 1;
        if *count == 1 { plain } else { format!("{plain}-{count}") }
    };
    results.iter().map(name).collect()
}

fn plain_name(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let words: Vec<&str> = plain.split_whitespace().take(8).collect();
    if words.is_empty() { "result".to_owned() } else { words.join("-") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_in_plain_letters() {
        for (name, folder) in [
            ("default/web", "default-web"),
            ("rolling update, readiness probe only", "rolling-update-readiness-probe-only"),
            ("../..", "result"),
            ("무중단", "result"),
        ] {
            assert_eq!(plain_name(name), folder);
        }
    }
}
