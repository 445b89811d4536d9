//! Cases that can be made once more with other settings, as `podloss why` does.

use podloss::config::case::{Case, Override};
use podloss::config::inputs::{COMMAND_LINE, Inputs};
use podloss::diag::Diagnostic;

/// What makes a case of these manifests and settings with others besides.
pub(crate) fn case_of(
    manifests: &str,
    line: &str,
    set: &[(&str, &str)],
) -> impl Fn(&[Override]) -> Result<Case, Vec<Diagnostic>> + use<> {
    let files = [(COMMAND_LINE, format!("web.yaml\n{line}")), ("web.yaml", manifests.to_owned())];
    let inputs = Inputs::stored(&files.map(|(name, text)| (name.to_owned(), text))).expect("inputs");
    let over = |&(knob, value): &(&str, &str)| Override { knob: knob.to_owned(), value: value.to_owned() };
    let set: Vec<Override> = set.iter().map(over).collect();
    move |more: &[Override]| inputs.case(&[&set, more].concat())
}
