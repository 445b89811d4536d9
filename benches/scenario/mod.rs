//! The scenarios whose speed podloss states, read as a user's are.

use std::sync::Arc;

use podloss::config::case::Override;
use podloss::config::inputs::{Inputs, Request};
use podloss::sim::spec::SimSpec;

/// Files of `scenarios/bench`.
pub(crate) const NAMES: [&str; 8] =
    ["steady", "calm", "patient", "steady-cpu", "steady-closed", "steady-lc", "k1000", "k10000"];

/// Each of them has about so many requests, unless its load is cut or stretched.
pub(crate) const REQUESTS: u64 = 10_000_000;

/// A scenario with its load so long that there are about `requests` requests.
pub(crate) fn spec(name: &str, requests: u64) -> Arc<SimSpec> {
    let path = format!("{}/scenarios/bench/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let request = Request { paths: vec![path], ..Request::default() };
    let inputs = Inputs::read(&request, &mut std::io::empty()).unwrap_or_else(|e| panic!("{e:#?}"));
    let case = |overrides: &[Override]| inputs.case(overrides).unwrap_or_else(|e| panic!("{e:#?}"));
    let whole = case(&[]).spec.load.duration().as_secs_f64();
    let cut = (whole * requests as f64 / REQUESTS as f64 * 1e3).round();
    case(&[Override { knob: "duration".into(), value: format!("{cut}ms") }]).spec
}
