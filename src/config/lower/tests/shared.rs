//! Real manifests beside the project, if they are there.

use super::*;
use crate::config::lower::code;
use crate::config::manifest::Source;
use crate::sim;

/// Every workload of every file lowers and runs.
#[test]
fn real_manifests_lower_and_run() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/manifests");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not there", folder.display());
        return;
    };
    let mut seen = 0;
    for file in files {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let read = read_manifests(&[Source::Text { name: name.clone(), text }]);
        let manifests = read.unwrap_or_else(|errors| panic!("{name}: {errors:#?}"));
        for deployment in &manifests.deployments {
            let workload = format!("{}/deploy/{}", deployment.meta.namespace, deployment.meta.name);
            let told = |settings: &[(&str, &str)]| {
                let mut described = described(&manifests, settings);
                described.load = open(50.0, 90);
                lower(&described)
            };
            let lowered = told(&[("workload", &workload)]).or_else(|errors| {
                // Node ports behind a load balancer are refused, and the refusal says what to write.
                let refused =
                    errors.iter().any(|e| e.code == code::FRONT_END && e.message.contains("aws-nlb`"));
                assert!(refused, "{name} {workload}: {errors:#?}");
                told(&[("workload", &workload), ("front-end", "aws-nlb")])
            });
            let lowered = lowered.unwrap_or_else(|errors| panic!("{name} {workload}: {errors:#?}"));
            let result = sim::run(&lowered.spec, 1, 0, &|| false);
            assert!(result.tally.ok() + result.tally.lost() > 4_000, "{name} {workload}");
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen}");
}
