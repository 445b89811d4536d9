//! Which share of a plan a process runs.

/// Shard `index` of `count`, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    count: u64,
}

/// Looks up a variable of the environment.
pub type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// What is looked for without `--shard`, for help.
pub const ENVIRONMENT_HELP: &str = "\
Without --shard the environment decides, in this order: PODLOSS_SHARD=3/8; Slurm arrays
(SLURM_ARRAY_TASK_ID and _MIN, _STEP, _COUNT); Kubernetes Indexed Jobs (JOB_COMPLETION_INDEX with
PODLOSS_SHARD_COUNT); AWS Batch (AWS_BATCH_JOB_ARRAY_INDEX, _SIZE); GitLab (CI_NODE_INDEX, _TOTAL);
CircleCI (CIRCLE_NODE_INDEX, _TOTAL); Buildkite (BUILDKITE_PARALLEL_JOB, _COUNT); GNU parallel
(PARALLEL_SEQ with PODLOSS_SHARD_COUNT). Else one shard runs everything.";

impl Shard {
    /// Everything.
    pub const WHOLE: Shard = Shard { index: 1, count: 1 };

    /// A shard of so many.
    ///
    /// # Errors
    /// In words, if there is no such shard.
    pub fn new(index: u64, count: u64) -> Result<Shard, String> {
        if index == 0 || index > count {
            return Err(format!(
                "there is no shard {index} of {count}: shards count from 1, such as 1/{}",
                count.max(1)
            ));
        }
        Ok(Shard { index, count })
    }

    /// Reads `3/8`.
    ///
    /// # Errors
    /// In words, if it is not of that form.
    pub fn parse(text: &str) -> Result<Shard, String> {
        let numbers =
            text.split_once('/').and_then(|(i, n)| Some((i.trim().parse().ok()?, n.trim().parse().ok()?)));
        let (index, count) = numbers.ok_or_else(|| format!("`{text}` is no shard: write 3/8"))?;
        Shard::new(index, count)
    }

    /// What the environment says, and the variable that said it; `None` if it says nothing.
    ///
    /// # Errors
    /// In words, for variables that make no sense or where the number of shards is missing.
    pub fn from_environment(get: &Lookup<'_>) -> Result<Option<(Shard, &'static str)>, String> {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let whole = |name: &str| -> Result<Option<u64>, String> {
            let parse = |value: String| {
                value.trim().parse::<u64>().map_err(|_| format!("{name}={value} is not a whole number"))
            };
            get(name).map(parse).transpose()
        };
        let told = |shard: Result<Shard, String>, name: &'static str| {
            shard.map(|shard| Some((shard, name))).map_err(|error| format!("{name}: {error}"))
        };
        if let Some(text) = get("PODLOSS_SHARD") {
            return told(Shard::parse(&text), "PODLOSS_SHARD");
        }
        if let Some(task) = whole("SLURM_ARRAY_TASK_ID")? {
            let count = whole("SLURM_ARRAY_TASK_COUNT")?.ok_or_else(|| {
                "SLURM_ARRAY_TASK_ID is set, but SLURM_ARRAY_TASK_COUNT is not: every task would run everything".to_owned()
            })?;
            // An array may begin anywhere and leave numbers out: --array=10-40:10.
            let first = whole("SLURM_ARRAY_TASK_MIN")?.ok_or_else(|| {
                "SLURM_ARRAY_TASK_ID is set, but SLURM_ARRAY_TASK_MIN is not: every task would be the first".to_owned()
            })?;
            let step = whole("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
            let index = task.checked_sub(first).map_or(0, |past| past / step + 1);
            return told(Shard::new(index, count), "SLURM_ARRAY_TASK_ID");
        }
        // Index, number of jobs, and whether the index counts from 0. An Indexed Job does not tell the
        // number of its siblings. Source: the vendors' lists of variables.
        for (name, count_name, from_zero) in [
            ("JOB_COMPLETION_INDEX", "PODLOSS_SHARD_COUNT", true),
            ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", true),
            ("CI_NODE_INDEX", "CI_NODE_TOTAL", false),
            ("CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", true),
            ("BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", true),
        ] {
            if let Some(index) = whole(name)? {
                let count = whole(count_name)?.ok_or_else(|| {
                    format!(
                        "{name} is set, but {count_name}, the number of jobs, is not: every job would run everything"
                    )
                })?;
                return told(Shard::new(index.saturating_add(u64::from(from_zero)), count), name);
            }
        }
        // PARALLEL_SEQ numbers the jobs from 1; PARALLEL_JOBSLOT is used again and again and says nothing.
        if let (Some(index), Some(count)) = (whole("PARALLEL_SEQ")?, whole("PODLOSS_SHARD_COUNT")?) {
            return told(Shard::new(index, count), "PARALLEL_SEQ");
        }
        Ok(None)
    }

    /// The parts of this shard: every n-th, so that neighbours, which take alike, are shared out.
    pub fn parts(self, parts: u64) -> impl Iterator<Item = u64> {
        (self.index - 1..parts).step_by(usize::try_from(self.count).unwrap_or(usize::MAX))
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Option<(Shard, &'static str)>, String> {
        let get = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Shard::from_environment(&get)
    }

    #[test]
    fn every_engine_counts_in_its_own_way() {
        for (variables, name, shard) in [
            (
                &[("PODLOSS_SHARD", "3/8"), ("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "2")][..],
                "PODLOSS_SHARD",
                "3/8",
            ),
            (
                &[
                    ("SLURM_ARRAY_TASK_ID", "30"),
                    ("SLURM_ARRAY_TASK_MIN", "10"),
                    ("SLURM_ARRAY_TASK_STEP", "10"),
                    ("SLURM_ARRAY_TASK_COUNT", "4"),
                ],
                "SLURM_ARRAY_TASK_ID",
                "3/4",
            ),
            (&[("JOB_COMPLETION_INDEX", "0"), ("PODLOSS_SHARD_COUNT", "5")], "JOB_COMPLETION_INDEX", "1/5"),
            (
                &[("AWS_BATCH_JOB_ARRAY_INDEX", "4"), ("AWS_BATCH_JOB_ARRAY_SIZE", "5")],
                "AWS_BATCH_JOB_ARRAY_INDEX",
                "5/5",
            ),
            (
                &[
                    ("SLURM_ARRAY_TASK_ID", "7"),
                    ("SLURM_ARRAY_TASK_MIN", "0"),
                    ("SLURM_ARRAY_TASK_COUNT", "8"),
                ],
                "SLURM_ARRAY_TASK_ID",
                "8/8",
            ),
            (&[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "2")], "CI_NODE_INDEX", "2/2"),
            (&[("CIRCLE_NODE_INDEX", "1"), ("CIRCLE_NODE_TOTAL", "2")], "CIRCLE_NODE_INDEX", "2/2"),
            (
                &[("BUILDKITE_PARALLEL_JOB", "0"), ("BUILDKITE_PARALLEL_JOB_COUNT", "2")],
                "BUILDKITE_PARALLEL_JOB",
                "1/2",
            ),
            (
                &[("PARALLEL_SEQ", "4"), ("PODLOSS_SHARD_COUNT", "4"), ("PARALLEL_JOBSLOT", "1")],
                "PARALLEL_SEQ",
                "4/4",
            ),
        ] {
            let (found, said) = from(variables).expect("sense").expect("a shard");
            assert_eq!((found.to_string().as_str(), said), (shard, name));
        }
        assert_eq!(from(&[]), Ok(None));
        assert_eq!(from(&[("PARALLEL_SEQ", "4"), ("CI_NODE_TOTAL", "3")]), Ok(None));
        for variables in [
            &[("JOB_COMPLETION_INDEX", "0")][..],
            &[("JOB_COMPLETION_INDEX", "5"), ("PODLOSS_SHARD_COUNT", "5")],
            &[("AWS_BATCH_JOB_ARRAY_INDEX", "0")],
            &[("PODLOSS_SHARD", "9/8")],
            &[("PODLOSS_SHARD", "0/8")],
            &[("PODLOSS_SHARD", "3")],
            &[("PODLOSS_SHARD", "3/8/9")],
            &[("PODLOSS_SHARD", "-1/8")],
            &[("SLURM_ARRAY_TASK_ID", "3")],
            &[("SLURM_ARRAY_TASK_ID", "three"), ("SLURM_ARRAY_TASK_COUNT", "8")],
            // --array=1,5,9 leaves numbers out in no regular way.
            &[("SLURM_ARRAY_TASK_ID", "9"), ("SLURM_ARRAY_TASK_MIN", "1"), ("SLURM_ARRAY_TASK_COUNT", "3")],
            &[("SLURM_ARRAY_TASK_ID", "1"), ("SLURM_ARRAY_TASK_MIN", "2"), ("SLURM_ARRAY_TASK_COUNT", "3")],
            &[("CI_NODE_INDEX", "x"), ("CI_NODE_TOTAL", "2")],
            &[("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "2")],
            &[("CI_NODE_INDEX", "1")],
            &[("CIRCLE_NODE_INDEX", "2"), ("CIRCLE_NODE_TOTAL", "2")],
            &[("BUILDKITE_PARALLEL_JOB", "1"), ("BUILDKITE_PARALLEL_JOB_COUNT", "1.5")],
            &[("PARALLEL_SEQ", "5"), ("PODLOSS_SHARD_COUNT", "4")],
        ] {
            assert!(from(variables).is_err(), "{variables:?}");
        }
    }

    #[test]
    fn shards_share_all_parts_and_none_twice() {
        for count in 1..=16 {
            let shards = (1..=count).map(|index| Shard::new(index, count).expect("a shard"));
            let mut parts: Vec<u64> = shards.flat_map(|shard| shard.parts(37)).collect();
            parts.sort_unstable();
            assert_eq!(parts, (0..37).collect::<Vec<_>>(), "{count}");
        }
    }
}
