//! Kinds of the area `deployment`.

use super::{null_default, read};
use crate::model::deployment::{
    DeploymentSpec, DeploymentView, ReplicaSetView, SizeAnnotations, Strategy, cleanup_unhealthy, new_size,
    reconcile_new, reconcile_old, resolve_fenceposts, scale_all, scale_down_old, sync,
};
use crate::model::replica_set::SlowStart;
use crate::units::{IntOrPercent, SimTime};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The Deployment of an input; not every kind gives all of it.
#[derive(Deserialize)]
struct SpecInput {
    #[serde(default, alias = "deployment_replicas", alias = "desired", deserialize_with = "null_default")]
    replicas: u32,
    #[serde(default, deserialize_with = "null_default")]
    strategy: StrategyInput,
    #[serde(default)]
    max_surge: Value,
    #[serde(default)]
    max_unavailable: Value,
}

#[derive(Default, Deserialize)]
enum StrategyInput {
    #[default]
    RollingUpdate,
    Recreate,
}

fn spec(input: &Value) -> Result<DeploymentSpec, String> {
    let given: SpecInput = read(input)?;
    let strategy = match given.strategy {
        StrategyInput::Recreate => Strategy::Recreate,
        StrategyInput::RollingUpdate => Strategy::RollingUpdate {
            max_surge: limit(&given.max_surge)?,
            max_unavailable: limit(&given.max_unavailable)?,
        },
    };
    Ok(DeploymentSpec { replicas: given.replicas, strategy, paused: false })
}

/// An integer or a text in percent, as the API has them; an absent one is zero there.
fn limit(value: &Value) -> Result<IntOrPercent, String> {
    let parsed = match value {
        Value::Null => Some(IntOrPercent::Int(0)),
        Value::Number(number) => {
            number.as_u64().and_then(|number| u32::try_from(number).ok()).map(IntOrPercent::Int)
        }
        Value::String(text) if text.ends_with('%') => IntOrPercent::parse(text),
        _ => None,
    };
    parsed.ok_or_else(|| format!("input: {value} is neither a count nor a text such as \"25%\""))
}

/// A ReplicaSet of an input.
#[derive(Deserialize)]
struct SetInput {
    #[serde(default, deserialize_with = "null_default")]
    name: String,
    replicas: u32,
    available: u32,
    created_s: Option<u64>,
    desired_annotation: Option<u32>,
    max_annotation: Option<u32>,
}

impl SetInput {
    /// Where the kind gives no time of creation, the place in the oldest-first list stands for it.
    fn view(&self, place: u64) -> ReplicaSetView {
        ReplicaSetView {
            created: SimTime(self.created_s.unwrap_or(place)),
            replicas: self.replicas,
            available: self.available,
            annotations: SizeAnnotations {
                desired: self.desired_annotation.unwrap_or(0),
                max: self.max_annotation.unwrap_or(0),
            },
        }
    }
}

/// The ReplicaSets of an input.
#[derive(Deserialize)]
struct SetsInput {
    old_rss: Vec<SetInput>,
    new_rs: Option<SetInput>,
}

impl SetsInput {
    /// All sets, the new one last, and its index.
    fn views(&self) -> (Vec<ReplicaSetView>, Option<usize>) {
        let all = self.old_rss.iter().chain(&self.new_rs);
        let views = (0..).zip(all).map(|(place, set)| set.view(place)).collect();
        (views, self.new_rs.as_ref().map(|_| self.old_rss.len()))
    }

    /// Name and size of every old set, of the new one too if `views` has it.
    fn sizes(&self, views: &[ReplicaSetView]) -> Value {
        let all = self.old_rss.iter().chain(&self.new_rs);
        let sizes = all.zip(views).map(|(set, view)| (set.name.clone(), json!(view.replicas)));
        Value::Object(sizes.collect::<Map<_, _>>())
    }
}

pub(super) fn fenceposts(input: &Value) -> Result<Value, String> {
    let given: SpecInput = read(input)?;
    // A value that cannot be read is what some of these vectors are about.
    let (Ok(surge), Ok(unavailable)) = (limit(&given.max_surge), limit(&given.max_unavailable)) else {
        return Ok(json!({"error": true}));
    };
    let limits = resolve_fenceposts(surge, unavailable, given.replicas);
    Ok(json!({"surge": limits.surge, "unavailable": limits.unavailable}))
}

pub(super) fn max_unavailable(input: &Value) -> Result<Value, String> {
    let given: SpecInput = read(input)?;
    // Upstream drops the error of a limit that cannot be read, and both are zero then.
    if limit(&given.max_surge).and(limit(&given.max_unavailable)).is_err() {
        return Ok(json!({"max_unavailable": 0}));
    }
    Ok(json!({"max_unavailable": spec(input)?.max_unavailable()}))
}

pub(super) fn new_rs_new_replicas(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Sizes {
        total_spec_replicas: u64,
        new_rs_replicas: u32,
    }
    let sizes: Sizes = read(input)?;
    let replicas = new_size(&spec(input)?, sizes.total_spec_replicas, sizes.new_rs_replicas);
    Ok(json!({"new_rs_replicas": replicas}))
}

pub(super) fn reconcile_new_rs(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Sizes {
        old_rs_replicas: u32,
        new_rs_replicas: u32,
    }
    let Sizes { old_rs_replicas: old, new_rs_replicas: new } = read(input)?;
    let replicas = reconcile_new(&spec(input)?, u64::from(old) + u64::from(new), new);
    Ok(json!({"scaled": replicas != new, "new_rs_replicas": replicas}))
}

pub(super) fn reconcile_old_rs(input: &Value) -> Result<Value, String> {
    let given: SetsInput = read(input)?;
    let (mut views, new) = given.views();
    let step = reconcile_old(&spec(input)?, &mut views, new.ok_or("input: new_rs is missing")?);
    // Upstream ends the step with an error, and "not scaled", when a status is stale; what was
    // written before that stays.
    let scaled = step.removed > 0 && !step.stale;
    Ok(json!({"scaled": scaled, "old_rss": given.sizes(&views[..given.old_rss.len()])}))
}

pub(super) fn cleanup_unhealthy_pods(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Limit {
        max_cleanup: u32,
    }
    let given: SetsInput = read(input)?;
    let (mut views, new) = given.views();
    let step = cleanup_unhealthy(&mut views, new, read::<Limit>(input)?.max_cleanup);
    Ok(json!({"cleaned": step.removed, "old_rss": given.sizes(&views[..given.old_rss.len()])}))
}

pub(super) fn scale_down_old_rss(input: &Value) -> Result<Value, String> {
    let given: SetsInput = read(input)?;
    let (mut views, new) = given.views();
    let removed = scale_down_old(&spec(input)?, &mut views, new);
    Ok(json!({"scaled": removed > 0, "old_rss": given.sizes(&views[..given.old_rss.len()])}))
}

pub(super) fn proportional_scale(input: &Value) -> Result<Value, String> {
    let given: SetsInput = read(input)?;
    let (mut views, new) = given.views();
    for resize in scale_all(&spec(input)?, &views, new) {
        views[resize.set].replicas = resize.replicas;
    }
    Ok(json!({"replicas": given.sizes(&views)}))
}

pub(super) fn slow_start_batch(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Calls {
        count: u32,
        initial_batch: u32,
        first_failing_call: Option<u32>,
    }
    let given: Calls = read(input)?;
    let good_calls = given.first_failing_call.map_or(u32::MAX, |call| call.saturating_sub(1));
    let mut slow = SlowStart::new(given.count, given.initial_batch);
    let (mut calls, mut successes, mut batches) = (0, 0, Vec::new());
    while let Some(size) = slow.batch() {
        calls += size;
        let failures = calls.saturating_sub(good_calls).min(size);
        successes += size - failures;
        batches.push(size);
        slow.finish(failures);
    }
    Ok(json!({"successes": successes, "calls": calls, "error": successes < calls, "batches": batches}))
}

/// Plays an ideal rollout: surplus old pods go at once, new ones become available together, and
/// only after the controller has nothing more to do.
pub(super) fn rollout_trace(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Pods {
        new_pods_become_available: bool,
    }
    let become_available = read::<Pods>(input)?.new_pods_become_available;
    let spec = spec(input)?;
    let mut rollout = Rollout::new(spec);
    let mut steps = Vec::new();
    loop {
        let event = if rollout.sync() {
            "sync"
        } else if become_available && rollout.make_available() {
            "new_pods_available"
        } else {
            break;
        };
        steps.push(rollout.step(event));
    }
    Ok(json!({
        "steps": steps,
        "min_available": rollout.min_available,
        "max_spec_total": rollout.max_total,
    }))
}

/// The state of an ideal rollout: the old set, then the new one.
struct Rollout {
    spec: DeploymentSpec,
    sets: Vec<ReplicaSetView>,
    min_available: u32,
    max_total: u32,
}

impl Rollout {
    fn new(spec: DeploymentSpec) -> Rollout {
        let old = ReplicaSetView {
            created: SimTime(0),
            replicas: spec.replicas,
            available: spec.replicas,
            annotations: spec.annotations(),
        };
        Rollout { spec, sets: vec![old], min_available: spec.replicas, max_total: spec.replicas }
    }

    /// One sync and the old set's reaction; whether anything changed.
    fn sync(&mut self) -> bool {
        let view = DeploymentView {
            spec: self.spec,
            sets: &self.sets,
            new: (self.sets.len() > 1).then_some(1),
            old_pods_exist: self.sets[0].available > 0,
        };
        let decision = sync(&view);
        for resize in &decision.resizes {
            self.sets[resize.set].replicas = resize.replicas;
        }
        if let Some(replicas) = decision.create_new {
            let annotations = decision.annotations;
            self.sets.push(ReplicaSetView { created: SimTime(1), replicas, available: 0, annotations });
        }
        self.sets[0].available = self.sets[0].available.min(self.sets[0].replicas);
        self.observe();
        decision.create_new.is_some() || !decision.resizes.is_empty()
    }

    fn make_available(&mut self) -> bool {
        let Some(new) = self.sets.get_mut(1).filter(|new| new.available < new.replicas) else {
            return false;
        };
        new.available = new.replicas;
        self.observe();
        true
    }

    fn observe(&mut self) {
        self.min_available = self.min_available.min(self.sets.iter().map(|set| set.available).sum());
        self.max_total = self.max_total.max(self.sets.iter().map(|set| set.replicas).sum());
    }

    fn step(&self, event: &str) -> Value {
        let new = self.sets.get(1).copied().unwrap_or_default();
        json!({
            "event": event,
            "new_spec": new.replicas,
            "new_available": new.available,
            "old_spec": self.sets[0].replicas,
            "old_available": self.sets[0].available,
        })
    }
}
