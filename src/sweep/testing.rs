//! A sweep over a small service, in memory.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Cursor};

use super::*;
use crate::config::inputs::{COMMAND_LINE, Inputs};
use crate::study::{Metric, Quiet};

const WEB: &str = include_str!("../../scenarios/demo/web.yaml");

pub(crate) fn inputs() -> Inputs {
    let line =
        "web.yaml\n--rps 20\n--duration 20s\n--latency 20ms\n--startup 2s\n--event rollout@3s\n--runs 2\n";
    let texts = [(COMMAND_LINE.to_owned(), line.to_owned()), ("web.yaml".to_owned(), WEB.to_owned())];
    Inputs::stored(&texts).expect("a case")
}

pub(crate) fn axis(knob: &str, values: &[&str]) -> Axis {
    Axis { knob: knob.to_owned(), values: values.iter().map(|value| (*value).to_owned()).collect() }
}

pub(crate) fn metrics() -> Vec<(String, Metric)> {
    let names = ["lost", "rollouts_with_loss", "p99", "pod_hours", "rollout_time"];
    names.map(|name| (name.to_owned(), Metric::parse(name).expect("a metric"))).into()
}

pub(super) fn plan(inputs: &Inputs) -> Plan<'_> {
    let axes =
        vec![axis("preStop", &["0s", "2s", "5s", "10s", "20s", "29s"]), axis("removal", &["1s", "4s", "8s"])];
    Plan::new(inputs, "test", axes, metrics()).expect("a plan")
}

/// Part files in memory.
#[derive(Default)]
pub(crate) struct Files {
    pub(super) header: Option<Header>,
    pub(super) parts: BTreeMap<String, Vec<u8>>,
    pub(super) taken: u64,
}

pub(super) fn name(part: u64) -> String {
    format!("part-{:06}.jsonl", part + 1)
}

impl Sink for Files {
    type Error = io::Error;

    fn has(&self, part: u64) -> bool {
        self.parts.contains_key(&name(part))
    }

    fn take(&mut self, part: u64, rows: Vec<Row>) -> io::Result<()> {
        self.taken += 1;
        let file = self.parts.entry(name(part)).or_default();
        write_part(self.header.as_ref().expect("a plan"), part, &rows, file)
    }
}

impl Files {
    pub(crate) fn of(plan: &Plan<'_>) -> Files {
        Files { header: Some(plan.header.clone()), ..Files::default() }
    }

    pub(crate) fn run(&mut self, plan: &Plan<'_>, index: u64, count: u64) {
        let shard = Shard::new(index, count).expect("a shard");
        assert!(run(plan, shard, Some(2), &Quiet, &|| false, self).expect("memory takes everything"));
    }

    pub(super) fn merge(&self) -> Result<Vec<u8>, MergeError> {
        let names: Vec<String> = self.parts.keys().cloned().collect();
        let open = |file: &str| -> io::Result<Box<dyn BufRead>> {
            let bytes = self.parts.get(file).cloned().ok_or(io::ErrorKind::NotFound)?;
            Ok(Box::new(Cursor::new(bytes)))
        };
        let mut out = Vec::new();
        merge(&names, &open, &mut out).map(|_| out)
    }

    pub(crate) fn merged(&self) -> Merged {
        let bytes = self.merge().expect("a sweep");
        read_merged("sweep.jsonl", &mut &bytes[..]).expect("a sweep")
    }

    pub(super) fn refusal(&self) -> String {
        self.merge().expect_err("a refusal").to_string()
    }
}

/// All parts of the small plan.
pub(crate) fn whole() -> Files {
    let inputs = inputs();
    let plan = plan(&inputs);
    let mut files = Files::of(&plan);
    files.run(&plan, 1, 1);
    files
}

pub(crate) fn by_loss() -> Order {
    Order { name: "lost".to_owned(), metric: Metric::Lost }
}
