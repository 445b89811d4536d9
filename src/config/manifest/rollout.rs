//! Rollouts of Argo: Deployments in everything but how one revision replaces another.
//!
//! Source: argoproj/argo-rollouts v1.8, docs/features/specification.md, utils/defaults/defaults.go,
//! pkg/apis/rollouts/validation/validation.go.

use super::Deployment;
use super::deployment::{Strategy, read_bounds, read_workload};
use super::meta::ObjectMeta;
use super::reader::{Field, Fields};
use super::shapes;
use crate::diag::Place;
use crate::model::blue_green::SCALE_DOWN_DELAY;
use crate::model::canary::CanaryStep;
use crate::units::{Nanos, parse_duration};

/// How a Rollout replaces its pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progressive {
    /// `spec.strategy.blueGreen`.
    BlueGreen {
        /// `scaleDownDelaySeconds`; default 30 s.
        scale_down_delay: Nanos,
        /// `previewService`, which no user's request goes to.
        aside: Option<String>,
    },
    /// `spec.strategy.canary`.
    Canary {
        /// `steps`. A pause of unknown length is a minute here; it is among `open`.
        steps: Vec<CanaryStep>,
        /// `scaleDownDelaySeconds` (default 30 s) if `trafficRouting` is there.
        routed: Option<Nanos>,
        /// `canaryService`, which requests go to by weight only.
        aside: Option<String>,
        /// The first thing in it that is not simulated and without which the course would be another.
        open: Option<Open>,
    },
}

/// Something about a canary that podloss cannot know or do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// What it is, as the end of a sentence that begins with the Rollout's name.
    pub what: String,
    /// Where it stands.
    pub place: Place,
}

impl Progressive {
    /// The Service beside that of the users.
    pub(super) fn aside(&self) -> Option<&str> {
        match self {
            Progressive::BlueGreen { aside, .. } | Progressive::Canary { aside, .. } => aside.as_deref(),
        }
    }

    /// Whether all old pods serve until the new ones do, whatever the bounds say.
    pub fn keeps_old_pods(&self) -> bool {
        matches!(self, Progressive::BlueGreen { .. } | Progressive::Canary { routed: Some(_), .. })
    }
}

/// What stands for a pause whose end nobody knows, where a strategy is written as an event.
const SOME_PAUSE: Nanos = Nanos::from_secs(60);

/// Reads the fields of a Rollout; its metadata are put together by the caller.
pub(super) fn read_rollout(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<Deployment> {
    let spec = object.require("spec", "describe the Rollout")?.fields(&shapes::ROLLOUT_SPEC)?;
    if let Some(reference) = spec.get("workloadRef") {
        reference.beyond_podloss(
            "a pod template in another object is not read",
            "write the Deployment's `template` into the Rollout for podloss, without `workloadRef`",
        );
        return None;
    }
    let help = "say how pods are replaced: `strategy: {canary: {}}` or `strategy: {blueGreen: {activeService: NAME}}`";
    let strategy = spec.require("strategy", help)?.fields(&shapes::ROLLOUT_STRATEGY)?;
    let (bounds, progressive) = match (strategy.get("blueGreen"), strategy.get("canary")) {
        (Some(both), Some(_)) => {
            both.forbidden("a Rollout has one strategy", "remove `blueGreen` or `canary`");
            return None;
        }
        (Some(blue_green), None) => read_blue_green(&blue_green)?,
        (None, Some(canary)) => read_canary(&canary)?,
        (None, None) => {
            strategy.lacks("canary", "", help);
            return None;
        }
    };
    Some(Deployment { progressive: Some(progressive), ..read_workload(&spec, meta, bounds) })
}

/// The second set comes at full size at once, so bounds mean nothing.
fn read_blue_green(field: &Field<'_, '_>) -> Option<(Strategy, Progressive)> {
    let fields = field.fields(&shapes::BLUE_GREEN)?;
    fields.require("activeService", "name the Service that users' requests come through");
    let scale_down_delay = scale_down_delay(&fields);
    let aside = fields.get("previewService").and_then(|field| field.string());
    Some((Strategy::default(), Progressive::BlueGreen { scale_down_delay, aside }))
}

fn read_canary(field: &Field<'_, '_>) -> Option<(Strategy, Progressive)> {
    let fields = field.fields(&shapes::CANARY)?;
    let mut open = None;
    let routing = fields.get("trafficRouting");
    if let Some(routing) = &routing {
        read_routing(routing, &mut open);
    }
    match (fields.get("pingPong"), routing.as_ref().map(subsets)) {
        (Some(field), _) => find(&mut open, &field, "is not simulated"),
        (None, Some(Some(rule))) => find(&mut open, &rule, "has subsets in place of two Services"),
        (None, Some(None)) => {
            for name in ["canaryService", "stableService"] {
                fields.require(name, "a traffic router needs a Service for each of the two sets");
            }
        }
        (None, None) => {}
    }
    if let Some(field) = fields.get("dynamicStableScale").filter(|field| field.flag() == Some(true)) {
        find(&mut open, &field, "shrinks the old set as the weight grows");
    }
    let items = fields.get("steps").map(|field| field.items()).unwrap_or_default();
    let steps = items.iter().filter_map(|item| read_step(item, &mut open)).collect();
    let progressive = Progressive::Canary {
        steps,
        routed: routing.map(|_| scale_down_delay(&fields)),
        aside: fields.get("canaryService").and_then(|field| field.string()),
        open,
    };
    Some((read_bounds(&fields), progressive))
}

/// The DestinationRule of Istio that tells the two sets apart, where two Services do not.
fn subsets<'r, 't>(routing: &Field<'r, 't>) -> Option<Field<'r, 't>> {
    let rule = routing.nearest(&["istio", "destinationRule"]);
    rule.path.ends_with("destinationRule").then_some(rule)
}

fn read_routing(routing: &Field<'_, '_>, open: &mut Option<Open>) {
    let Some(fields) = routing.fields(&shapes::TRAFFIC_ROUTING) else { return };
    if let Some(field) = fields.get("maxTrafficWeight").filter(|field| field.count(1..=u32::MAX) != Some(100))
    {
        find(open, &field, "counts weights otherwise than in percent");
    }
}

fn read_step(item: &Field<'_, '_>, open: &mut Option<Open>) -> Option<CanaryStep> {
    let fields = item.fields(&shapes::CANARY_STEP)?;
    if shapes::CANARY_STEP.modelled.iter().filter(|name| fields.get(name).is_some()).count() != 1 {
        item.rejected(
            "a step has exactly one field",
            "write every weight and every pause as an item of its own",
        );
        return None;
    }
    if let Some(weight) = fields.get("setWeight") {
        return weight.count(0..=100).map(CanaryStep::SetWeight);
    }
    if let Some(pause) = fields.get("pause") {
        if let Some(duration) = pause.fields(&shapes::PAUSE)?.get("duration") {
            return read_duration(&duration).map(CanaryStep::Pause);
        }
        find(open, &pause, "waits until somebody promotes it");
        return Some(CanaryStep::Pause(SOME_PAUSE));
    }
    if let Some(field) = ["analysis", "experiment", "plugin"].into_iter().find_map(|name| fields.get(name)) {
        find(open, &field, "takes a time that the manifest does not say");
        return Some(CanaryStep::Pause(SOME_PAUSE));
    }
    let others = ["setCanaryScale", "setHeaderRoute", "setMirrorRoute", "replicaProgressThreshold"];
    let other = others.into_iter().find_map(|name| fields.get(name))?;
    find(open, &other, "is not simulated");
    None
}

/// Seconds, as a number or a text, or a text with a unit.
fn read_duration(field: &Field<'_, '_>) -> Option<Nanos> {
    let text = field.node.text()?;
    let parsed = match text.chars().all(|c| c.is_ascii_digit()) {
        true => parse_duration(&format!("{text}s")),
        false => parse_duration(text),
    };
    parsed.map_err(|error| field.rejected(&error.to_string(), "write seconds, or 30s, 10m, 1h")).ok()
}

fn scale_down_delay(fields: &Fields<'_, '_>) -> Nanos {
    let given = fields.get("scaleDownDelaySeconds").and_then(|field| field.seconds(0));
    given.map_or(SCALE_DOWN_DELAY, |seconds| Nanos::from_secs(u64::from(seconds)))
}

fn find(open: &mut Option<Open>, field: &Field<'_, '_>, what: &str) {
    open.get_or_insert_with(|| Open { what: format!("{} {what}", field.path), place: field.place() });
}
