//! Settings that are no advice whatever a simulation says of them: hooks that the grace period does
//! not cover.

use super::goal::Reason;
use crate::config::case::Case;
use crate::sim::spec::{ContainerPlan, DeploymentPlan, OnStop, PodTemplate, Role};
use crate::units::Nanos;

/// Why a case is no advice, if so.
///
/// The API server refuses a sleep that is longer than the grace period, and a command is cut off at
/// its end; the rules PL002 and PL003 of `podloss check` ask for what is left to be enough for the
/// longest request.
/// Source: kubernetes pkg/apis/core/validation `validateSleepAction`, pkg/kubelet/kuberuntime
/// `killContainer`.
pub(super) fn refused(case: &Case) -> Option<Reason> {
    let template = case.spec.deployments.first()?.templates.last()?;
    let grace = u64::from(template.grace_seconds);
    template.containers.iter().find_map(|container| {
        let hook = container.pre_stop.as_ref()?.duration.upper_end();
        let needed = needed(hook, after_hook(template, container));
        (hook.0 > 0 && needed > grace).then(|| {
            let why = format!(
                "the preStop hook of container `{}` and the longest request need a grace period of {needed} s, and \
                 it is {grace} s",
                container.name
            );
            Reason::Impossible { why, helps: &["grace"] }
        })
    })
}

/// The least grace period, in seconds, for a hook of so many seconds on every container.
pub(super) fn least_grace(plan: &DeploymentPlan, hook: u64) -> u64 {
    let Some(template) = plan.templates.last().filter(|_| hook > 0) else { return 0 };
    let of = |container: &ContainerPlan| needed(Nanos::from_secs(hook), after_hook(template, container));
    template.containers.iter().map(of).max().unwrap_or(0)
}

/// Whole seconds for a hook and what follows it, and more than the hook alone.
fn needed(hook: Nanos, rest: Nanos) -> u64 {
    let whole = Nanos::from_secs(hook.whole_secs());
    let both = Nanos(hook.0.saturating_add(rest.0));
    let up = |span: Nanos| span.whole_secs() + u64::from(span.0 > Nanos::from_secs(span.whole_secs()).0);
    up(both).max(whole.whole_secs() + 1)
}

/// What a container still does after its stop signal: what it was just given to do, and what it is
/// told to serve on.
fn after_hook(template: &PodTemplate, container: &ContainerPlan) -> Nanos {
    let longest = template.containers.iter().find_map(|container| match &container.role {
        Role::Serves(server) => Some(server.service.upper_end()),
        Role::Forwards { .. } | Role::Egress | Role::Other => None,
    });
    let longest =
        longest.filter(|_| !matches!(container.role, Role::Egress | Role::Other)).unwrap_or_default();
    let within = |limit: Option<Nanos>| limit.map_or(longest, |limit| limit.min(longest));
    match &container.on_stop {
        OnStop::Exit => Nanos::ZERO,
        OnStop::Drain(drain) | OnStop::ServeKept(drain, _) | OnStop::Hold(drain) | OnStop::Decline(drain) => {
            within(drain.limit)
        }
        OnStop::Linger { time, drain } => Nanos(time.upper_end().0.saturating_add(within(drain.limit).0)),
        OnStop::Ignore => longest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::tests::{case, plan};

    #[test]
    fn a_hook_needs_more_grace_than_itself() {
        for (hook, set, least) in [
            (0, &[][..], 0),
            (30, &[("on_stop", "exit")][..], 31),
            (30, &[("on_stop", "drain"), ("latency", "uniform=1s..5s")], 35),
            (30, &[("on_stop", "drain,limit=2s"), ("latency", "uniform=1s..5s")], 32),
            (30, &[("on_stop", "linger=4s"), ("latency", "500ms")], 35),
        ] {
            assert_eq!(least_grace(&plan(set), hook), least, "{set:?}");
        }
    }

    #[test]
    fn what_the_grace_does_not_cover_is_refused() {
        let refused =
            |hook, grace| refused(&case(&[("preStop", hook), ("grace", grace), ("latency", "500ms")]));
        assert_eq!(refused("0", "0"), None);
        assert_eq!(refused("20", "21"), None);
        for (hook, grace) in [("20", "20"), ("21", "20")] {
            let Some(Reason::Impossible { why, helps }) = refused(hook, grace) else {
                panic!("{hook} {grace}")
            };
            assert!(why.contains("grace period of 2") && helps == ["grace"], "{why}");
        }
    }
}
