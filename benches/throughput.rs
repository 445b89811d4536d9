//! Requests per second of whole runs of `scenarios/bench`, printed the way `limit-study` prints its
//! own, so that both can run side by side:
//! `cargo bench --bench throughput -- steady k1000 --requests 10000000 --reps 5`.

#![expect(
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "a bench reads the clock and prints what it read"
)]

mod scenario;

use std::time::Instant;

use podloss::sim;

/// The largest resident size of this process so far, KiB; 0 where the system does not say.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn measure(name: &str, requests: u64, reps: u32) {
    let spec = scenario::spec(name, requests);
    let timed = |_| {
        let begin = Instant::now();
        let result = sim::run(&spec, 1, 0, &|| false);
        (begin.elapsed().as_secs_f64(), result)
    };
    let (best, result) =
        (0..reps.max(1)).map(timed).min_by(|a, b| a.0.total_cmp(&b.0)).expect("at least one repetition");
    let count = result.tally.arrived as f64;
    let rollouts = &result.timeline.rollouts;
    println!(
        "{name}_rps={:.0} ns={:.2} mean_ms={:.3} n={} lost={} replicas={}..{} rollouts={}/{} peak_kib={}",
        count / best,
        best * 1e9 / count,
        result.tally.latency_ok.mean().unwrap_or(0.0) / 1e6,
        result.tally.arrived,
        result.tally.lost(),
        result.replicas.0,
        result.replicas.1,
        rollouts.iter().filter(|rollout| rollout.end.is_some()).count(),
        rollouts.len(),
        peak_kib(),
    );
}

fn main() {
    // Without the word that `cargo bench` adds this is a test of whether it runs at all.
    let benched = std::env::args().any(|word| word == "--bench");
    let (mut requests, mut reps) = if benched { (scenario::REQUESTS, 5) } else { (10_000, 1) };
    let mut chosen = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = |what: &str| -> u64 {
            let value = words.next().and_then(|text| text.parse().ok());
            value.unwrap_or_else(|| panic!("--{what} needs a whole number"))
        };
        match word.as_str() {
            "--bench" => {}
            "--requests" => requests = number("requests"),
            "--reps" => reps = u32::try_from(number("reps")).unwrap_or(u32::MAX),
            name => match scenario::NAMES.iter().find(|known| **known == name) {
                Some(known) => chosen.push(*known),
                None => panic!("`{name}` is no scenario of scenarios/bench; there are {:?}", scenario::NAMES),
            },
        }
    }
    if chosen.is_empty() {
        chosen = scenario::NAMES.to_vec();
    }
    for name in chosen {
        measure(name, requests, reps);
    }
}
