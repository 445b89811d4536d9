//! Settings: one knob, the text it is set to, and where that was said.
//!
//! Everything a user can say besides Kubernetes objects and the list of events is a setting:
//! flags, keys of scenario files, annotations and `--set` all become the same thing, in layers of
//! rising priority. The text of a value is the same in every layer: `8s`, `8s..15s` (a range of an
//! unknown), `median=8s,p99=15s` (a distribution), `25%`.

use crate::diag::Place;

/// Who said it; a later layer in this order wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// A `podloss.dev/...` annotation of the workload.
    Annotation,
    /// A scenario file that another one extends, by its rank; the nearer one has the higher rank.
    Extended(usize),
    /// The scenario file itself, which wins over those it extends.
    File,
    /// A flag of the command line.
    Flag,
    /// `--set`, or a point of a sweep.
    Override,
}

impl Layer {
    /// Whether it was said in a scenario file.
    pub fn is_file(self) -> bool {
        matches!(self, Layer::Extended(_) | Layer::File)
    }
}

/// One knob set to one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The knob's path with names filled in, such as `front_end.removal` or
    /// `containers.app.startup`, or `Kind/name:path` for a field of an object. A container nobody
    /// named stays `*`: `containers.*.startup` is a setting of the container that serves.
    pub path: String,
    /// The value as the user would write it on the command line.
    pub text: String,
    /// Who said it.
    pub layer: Layer,
    /// Where, for messages; flags have a place in the text of the command line.
    pub place: Option<Place>,
}

/// All settings of a case, weakest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    list: Vec<Setting>,
}

impl Settings {
    /// Adds a setting; among equals of one layer the later one wins.
    pub fn push(&mut self, setting: Setting) {
        let at = self.list.partition_point(|other| other.layer <= setting.layer);
        self.list.insert(at, setting);
    }

    /// The setting in force for a path.
    pub fn get(&self, path: &str) -> Option<&Setting> {
        self.list.iter().rev().find(|setting| setting.path == path)
    }

    /// Every setting, weakest first.
    pub fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.list.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(path: &str, text: &str, layer: Layer) -> Setting {
        Setting { path: path.into(), text: text.into(), layer, place: None }
    }

    #[test]
    fn the_strongest_layer_wins_and_within_it_the_last() {
        let mut settings = Settings::default();
        settings.push(setting("a", "flag", Layer::Flag));
        settings.push(setting("a", "file", Layer::File));
        settings.push(setting("a", "later file", Layer::File));
        settings.push(setting("b", "note", Layer::Annotation));
        assert_eq!(settings.get("a").map(|s| s.text.as_str()), Some("flag"));
        settings.push(setting("a", "override", Layer::Override));
        assert_eq!(settings.get("a").map(|s| s.text.as_str()), Some("override"));
        assert_eq!(settings.iter().map(|s| s.text.as_str()).next(), Some("note"));
        assert_eq!(settings.get("c"), None);
    }
}
