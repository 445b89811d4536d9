//! The hash that tells one case from another.

use super::request::{Argument, arguments};
use crate::diag::SourceText;
use std::sync::Arc;

/// FNV-1a with 64 bits: short, stable and defined in ten lines. It tells inputs apart; it does not
/// guard against forgery.
#[derive(Clone, Copy)]
struct Fnv(u64);

impl Fnv {
    const NEW: Fnv = Fnv(0xcbf2_9ce4_8422_2325);

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// One part: its length goes in front, so that moving a border between parts shows.
    fn part(&mut self, text: &str) {
        self.bytes(&(text.len() as u64).to_le_bytes());
        self.bytes(text.as_bytes());
    }
}

/// The hash of a case: 16 hexadecimal digits over the flags and the contents of all files, in the
/// order they are read. Where files lie, seed and number of runs do not count: the same case read
/// from another folder has the same hash.
pub(super) fn case_hash(command_line: &str, files: &[Arc<SourceText>]) -> String {
    let mut fnv = Fnv::NEW;
    for (argument, _) in arguments(command_line) {
        match argument {
            Argument::Path(_) | Argument::Flag("from" | "seed" | "runs" | "trace", _) => {}
            Argument::Flag(name, value) => {
                fnv.part(name);
                fnv.part(value);
            }
        }
    }
    for file in files {
        fnv.part("");
        fnv.part(&file.text);
    }
    format!("{:016x}", fnv.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_is_the_published_one() {
        let mut fnv = Fnv::NEW;
        fnv.bytes(b"foobar");
        assert_eq!(fnv.0, 0x8594_4171_f739_67e8);
    }

    #[test]
    fn contents_count_and_places_do_not() {
        let files = |name: &str, text: &str| vec![SourceText::new(name, text)];
        let hash = |line: &str, name: &str, text: &str| case_hash(line, &files(name, text));
        let base = hash("web.yaml\n--rps 9\n--seed 1\n", "web.yaml", "a: 1");
        assert_eq!(hash("dir/web.yaml\n--rps 9\n--runs 3\n", "dir/web.yaml", "a: 1"), base);
        assert_eq!(base.len(), 16);
        for other in [
            hash("web.yaml\n--rps 8\n", "web.yaml", "a: 1"),
            hash("web.yaml\n--conns 9\n", "web.yaml", "a: 1"),
            hash("web.yaml\n--rps 9\n--set preStop=5s\n", "web.yaml", "a: 1"),
            hash("web.yaml\n--rps 9\n", "web.yaml", "a: 2"),
        ] {
            assert_ne!(other, base);
        }
    }
}
