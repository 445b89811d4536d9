//! The `podloss` command: parse, dispatch, exit code.

fn main() {}
