//! Whole runs of random clusters: controllers, kubelets, probes, propagation and autoscaler on the fast
//! request path and on the plain one.

use std::sync::Arc;

use proptest::prelude::*;

use super::arbitrary::{cluster, leaning, routed, two_tiers};
use super::{WatchedPath, reference, run_checked};

/// A few hundred by default; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(250)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// Conservation and the closed-loop identity are asserted inside every run.
    #[test]
    fn both_paths_tell_the_same_story(spec in cluster(), seed in any::<u64>()) {
        let outcome = reference::compare(&Arc::new(spec), seed, 0);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }

    /// An observer from outside finds nothing that cannot be: no answer before the start or after the
    /// end of a process, no change of a view without a cause, one end per request.
    #[test]
    fn nothing_happens_that_cannot_be(spec in cluster(), seed in any::<u64>()) {
        let (_, wrong) = run_checked(&Arc::new(spec), seed, 0, WatchedPath::Fast);
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// The same where the front end's processes are pods that roll, scale, crash and lose their nodes.
    #[test]
    fn both_paths_tell_the_same_story_of_two_tiers(spec in two_tiers(), seed in any::<u64>()) {
        let outcome = reference::compare(&Arc::new(spec), seed, 0);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }

    /// The same behind a traffic router, whose weights change as pods come and go.
    #[test]
    fn both_paths_tell_the_same_story_of_a_routed_canary(spec in routed(), seed in any::<u64>()) {
        let outcome = reference::compare(&Arc::new(spec), seed, 0);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }

    #[test]
    fn nothing_happens_behind_a_router_that_cannot_be(spec in routed(), seed in any::<u64>()) {
        let (_, wrong) = run_checked(&Arc::new(spec), seed, 0, WatchedPath::Fast);
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// The same where applications fail because of another container of their pod.
    #[test]
    fn both_paths_tell_the_same_story_of_what_applications_lean_on(spec in leaning(), seed in any::<u64>()) {
        let outcome = reference::compare(&Arc::new(spec), seed, 0);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }

    #[test]
    fn nothing_happens_to_leaning_applications_that_cannot_be(spec in leaning(), seed in any::<u64>()) {
        let (_, wrong) = run_checked(&Arc::new(spec), seed, 0, WatchedPath::Fast);
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// No request comes past an ingress pod, through one that does not take it, or out of one that has ended.
    #[test]
    fn nothing_happens_at_two_tiers_that_cannot_be(spec in two_tiers(), seed in any::<u64>()) {
        let (_, wrong) = run_checked(&Arc::new(spec), seed, 0, WatchedPath::Fast);
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
