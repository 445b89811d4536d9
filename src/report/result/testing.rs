//! A small stored result for tests.

use super::StoredResult;
use crate::study::testing::case;
use crate::study::{Options, Quiet, run};

/// Six runs of the small case, with effects.
pub(crate) fn stored() -> StoredResult {
    let study = run(&|o| case(o), Options::default(), &Quiet, &|| false).expect("a study");
    StoredResult::new(study).expect("expectations that can be judged")
}
