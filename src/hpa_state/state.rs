//! The owned form of what one reconcile looks at, with the names that the model leaves out.

use std::collections::BTreeMap;

use crate::model::hpa::{Conditions, History, HpaSpec, Input, Options, PodRequests, PodView, Samples, Scale};
use crate::units::SimTime;

/// Everything that one reconcile looks at, owned and with names.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The controller's clock.
    pub now: SimTime,
    /// Flags and version.
    pub options: Options,
    /// The autoscaler's spec.
    pub hpa: HpaSpec,
    /// The target's sizes.
    pub scale: Scale,
    /// The pods, see [`Input::pods`].
    pub pods: Vec<PodView>,
    /// Requests by template, see [`Input::requests`].
    pub requests: Vec<PodRequests>,
    /// Answers of the metrics APIs, see [`Input::samples`].
    pub samples: Vec<Samples>,
    /// What the previous reconcile left.
    pub history: History,
    /// The conditions in the autoscaler's status.
    pub conditions: Conditions,
    /// Names by pod index; those beyond the pods belong to samples of unknown pods.
    pub names: Vec<String>,
    /// What the reader of the input should know, such as numbers that it lacks.
    pub remarks: Vec<String>,
}

impl State {
    /// What the model decides on.
    pub fn input(&self) -> Input<'_> {
        Input {
            now: self.now,
            options: &self.options,
            hpa: &self.hpa,
            scale: self.scale,
            pods: &self.pods,
            requests: &self.requests,
            samples: &self.samples,
            history: &self.history,
            conditions: &self.conditions,
        }
    }
}

/// Pods by name, while an input is read.
#[derive(Debug, Default)]
pub(super) struct PodTable {
    pub pods: Vec<PodView>,
    pub requests: Vec<PodRequests>,
    pub names: Vec<String>,
    index: BTreeMap<String, u32>,
}

impl PodTable {
    /// Adds a pod; `false` if the name is taken. Requests like those of the pod before share
    /// its entry.
    pub(super) fn add(&mut self, name: &str, requests: PodRequests, pod: PodView) -> bool {
        if self.index.contains_key(name) {
            return false;
        }
        if self.requests.last() != Some(&requests) {
            self.requests.push(requests);
        }
        self.index(name);
        self.pods.push(PodView { requests: index_u32(self.requests.len() - 1), ..pod });
        true
    }

    /// The index of a pod that has been added.
    pub(super) fn known(&self, name: &str) -> Option<u32> {
        self.index.get(name).copied()
    }

    /// The index of a pod; a name that no pod has gets one beyond the pods. All pods must have
    /// been added before.
    pub(super) fn index(&mut self, name: &str) -> u32 {
        if let Some(index) = self.index.get(name) {
            return *index;
        }
        let index = index_u32(self.names.len());
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), index);
        index
    }
}

fn index_u32(index: usize) -> u32 {
    u32::try_from(index).expect("no input has four billion pods")
}
