//! Tests of the Deployment rules.

use super::{Strategy, *};
use proptest::prelude::{Strategy as _, *};

fn rolling(replicas: u32, surge: u32, unavailable: u32) -> DeploymentSpec {
    let strategy = Strategy::RollingUpdate {
        max_surge: IntOrPercent::Int(surge),
        max_unavailable: IntOrPercent::Int(unavailable),
    };
    DeploymentSpec { replicas, strategy, paused: false }
}

/// ReplicaSets as (replicas, available), the oldest first, last resized under `spec`.
fn sets(spec: &DeploymentSpec, sizes: &[(u32, u32)]) -> Vec<ReplicaSetView> {
    let view = |(age, (replicas, available)): (u64, &(u32, u32))| ReplicaSetView {
        created: SimTime(age),
        replicas: *replicas,
        available: *available,
        annotations: spec.annotations(),
    };
    (0..).zip(sizes).map(view).collect()
}

fn sizes(sets: &[ReplicaSetView]) -> Vec<u32> {
    sets.iter().map(|set| set.replicas).collect()
}

/// Carries a decision out, without touching what is available.
fn apply(decision: &SyncDecision, sets: &mut Vec<ReplicaSetView>, new: &mut Option<usize>) {
    if let Some(replicas) = decision.create_new {
        *new = Some(sets.len());
        let created = SimTime(sets.len() as u64);
        sets.push(ReplicaSetView { created, replicas, available: 0, annotations: decision.annotations });
    }
    for resize in &decision.resizes {
        sets[resize.set].replicas = resize.replicas;
        sets[resize.set].annotations = decision.annotations;
    }
}

// Source: kubernetes pkg/controller/deployment/util/deployment_util_test.go TestNewRSNewReplicas,
// rolling_test.go TestDeploymentController_reconcileNewReplicaSet.
#[test]
fn the_new_set_grows_up_to_the_surge_and_never_above_the_desired_size() {
    for (name, spec, old, new, expected) in [
        ("no surge, nothing freed", rolling(10, 0, 1), 10, 0, 0),
        ("the surge", rolling(10, 2, 0), 10, 0, 2),
        ("what the old have freed", rolling(10, 2, 0), 5, 0, 7),
        ("at the ceiling", rolling(10, 2, 0), 10, 2, 2),
        ("not above desired", rolling(10, 5, 0), 2, 8, 10),
        ("scaled down to desired", rolling(10, 2, 0), 2, 11, 10),
        ("above the ceiling it stays", rolling(1, 1, 0), 5, 1, 1),
        ("recreate", DeploymentSpec { strategy: Strategy::Recreate, ..rolling(3, 0, 0) }, 5, 1, 3),
    ] {
        assert_eq!(reconcile_new(&spec, old + u64::from(new), new), expected, "{name}");
    }
}

// Source: rolling_test.go TestDeploymentController_reconcileOldReplicaSets, and the worked
// examples in the comments of rolling.go.
#[test]
fn unhealthy_old_pods_go_first_and_new_unavailable_ones_hold_the_rest() {
    for (name, spec, old, new, expected) in [
        ("unavailable 2", rolling(10, 0, 2), &[(10, 10)][..], (0, 0), &[8][..]),
        ("0 and 0 means 1", rolling(10, 0, 0), &[(10, 10)], (0, 0), &[9]),
        ("the two unhealthy are the two", rolling(10, 0, 2), &[(10, 8)], (0, 0), &[8]),
        ("one of each", rolling(10, 0, 2), &[(10, 9)], (0, 0), &[8]),
        ("new pods that are not up block", rolling(10, 0, 2), &[(8, 8)], (2, 0), &[8]),
        ("new pods that are up release", rolling(10, 0, 2), &[(8, 8)], (2, 2), &[6]),
        ("oldest first", rolling(10, 0, 4), &[(3, 3), (7, 7)], (0, 0), &[0, 6]),
        ("a broken half-done rollout goes at once", rolling(10, 3, 2), &[(8, 8), (5, 0)], (0, 0), &[8, 0]),
        ("no more unhealthy than the room", rolling(10, 0, 2), &[(10, 5)], (0, 0), &[8]),
    ] {
        let mut all = sets(&spec, old);
        all.push(ReplicaSetView { created: SimTime(99), replicas: new.0, available: new.1, ..all[0] });
        let new_index = all.len() - 1;
        let step = reconcile_old(&spec, &mut all, new_index);
        assert_eq!(&sizes(&all)[..old.len()], expected, "{name}");
        let before: u32 = old.iter().map(|(replicas, _)| replicas).sum();
        assert_eq!(step, OldStep { removed: before - expected.iter().sum::<u32>(), stale: false }, "{name}");
    }
}

// Source: rolling_test.go TestDeploymentController_scaleDownOldReplicaSetsForRollingUpdate,
// TestDeploymentController_cleanupUnhealthyReplicas.
#[test]
fn the_halves_of_the_scale_down_step() {
    let spec = rolling(10, 0, 2);
    for (name, old, removed) in [
        ("surplus", &[(10, 10)][..], 2),
        ("exactly the minimum", &[(10, 8)], 0),
        ("below the minimum", &[(10, 1)], 0),
        ("available, but no size left", &[(0, 10)], 0),
    ] {
        assert_eq!(scale_down_old(&spec, &mut sets(&spec, old), None), removed, "{name}");
    }
    for (limit, removed) in [(1, 1), (3, 2)] {
        let step = cleanup_unhealthy(&mut sets(&spec, &[(10, 8)]), None, limit);
        assert_eq!(step, OldStep { removed, stale: false });
    }
}

// Derived from cleanupUnhealthyReplicas, which fails when a set would have to grow.
#[test]
fn a_status_that_lags_behind_stops_the_step() {
    let spec = rolling(10, 3, 2);
    let all = sets(&spec, &[(8, 10), (5, 5)]);
    let view = DeploymentView { spec, sets: &all, new: Some(1), old_pods_exist: true };
    let decision = sync(&view);
    assert_eq!((decision.reason, decision.resizes), (SyncReason::StaleStatus, vec![]));
}

// Source: sync_test.go TestScale. (replicas, annotated desired, annotated max) oldest first.
#[test]
fn scaling_in_mid_rollout_keeps_the_proportions() {
    for (name, spec, before, expected) in [
        ("one active gets all", rolling(12, 0, 0), &[(10, 10, 10)][..], &[12][..]),
        ("up, the newer of equals first", rolling(4, 0, 0), &[(1, 3, 3), (1, 3, 3), (1, 3, 3)], &[1, 1, 2]),
        ("down, the older of equals first", rolling(2, 0, 0), &[(1, 3, 3), (1, 3, 3), (1, 3, 3)], &[0, 1, 1]),
        ("down in proportion", rolling(3, 0, 0), &[(3, 5, 5), (2, 5, 5)], &[2, 1]),
        ("the surge takes part", rolling(20, 2, 0), &[(6, 10, 12), (6, 10, 12)], &[11, 11]),
        ("surge changed as well", rolling(50, 6, 0), &[(8, 10, 13), (5, 10, 13)], &[34, 22]),
        ("to nothing", rolling(0, 6, 0), &[(8, 10, 13), (5, 10, 13)], &[0, 0]),
        ("from nothing, the newest", rolling(6, 0, 0), &[(0, 6, 6), (0, 6, 6)], &[0, 6]),
        ("unknown maximum", rolling(20, 0, 0), &[(5, 10, 0), (5, 10, 0)], &[10, 10]),
    ] {
        let mut all: Vec<ReplicaSetView> = (0..)
            .zip(before)
            .map(|(age, (replicas, desired, max))| ReplicaSetView {
                created: SimTime(age),
                replicas: *replicas,
                available: 0,
                annotations: SizeAnnotations { desired: *desired, max: *max },
            })
            .collect();
        for resize in scale_all(&spec, &all, Some(before.len() - 1)) {
            all[resize.set].replicas = resize.replicas;
        }
        assert_eq!(sizes(&all), expected, "{name}");
    }
}

#[test]
fn a_complete_new_set_takes_the_old_to_zero_and_a_broken_one_leaves_them() {
    let spec = rolling(2, 1, 1);
    let complete = sets(&spec, &[(1, 1), (2, 2)]);
    assert_eq!(scale_all(&spec, &complete, Some(1)), [Resize { set: 0, replicas: 0 }]);
    // Source: sync_test.go TestScale, "saturated but broken".
    assert_eq!(scale_all(&spec, &sets(&spec, &[(1, 1), (2, 0)]), Some(1)), []);
}

#[test]
fn a_scaled_deployment_rewrites_annotations_even_where_sizes_stay() {
    let before = rolling(10, 2, 0);
    let all = sets(&before, &[(6, 6), (6, 6)]);
    let spec = rolling(9, 3, 0);
    let view = DeploymentView { spec, sets: &all, new: Some(1), old_pods_exist: true };
    let decision = sync(&view);
    assert_eq!(decision.reason, SyncReason::Scaling);
    let same = |set| Resize { set, replicas: 6 };
    assert_eq!(decision.resizes, [same(0), same(1)]);
    assert_eq!(decision.annotations, SizeAnnotations { desired: 9, max: 12 });
}

// Source: rolling.go and recreate.go; the first row is the example in rolling.go's comments.
#[test]
fn one_sync_of_every_kind() {
    let recreate = DeploymentSpec { strategy: Strategy::Recreate, ..rolling(3, 0, 0) };
    let resize = |set, replicas| Resize { set, replicas };
    for (name, spec, sizes, new, old_pods, reason, create, resizes) in [
        (
            "the first sync creates and shrinks",
            rolling(10, 3, 2),
            &[(10, 10)][..],
            None,
            true,
            SyncReason::OldDown,
            Some(3),
            vec![resize(0, 8)],
        ),
        (
            "the second fills the freed places",
            rolling(10, 3, 2),
            &[(8, 8), (3, 0)],
            Some(1),
            true,
            SyncReason::New,
            None,
            vec![resize(1, 5)],
        ),
        (
            "then it waits for new pods",
            rolling(10, 3, 2),
            &[(8, 8), (5, 0)],
            Some(1),
            true,
            SyncReason::Blocked,
            None,
            vec![],
        ),
        (
            "a rollback resizes and ends the sync",
            rolling(10, 3, 2),
            &[(0, 0), (10, 10)],
            Some(0),
            true,
            SyncReason::New,
            None,
            vec![resize(0, 3)],
        ),
        ("done", rolling(10, 3, 2), &[(0, 0), (10, 10)], Some(1), false, SyncReason::Settled, None, vec![]),
        (
            "recreate: all old go",
            recreate,
            &[(3, 3)],
            None,
            true,
            SyncReason::OldDown,
            None,
            vec![resize(0, 0)],
        ),
        (
            "recreate: terminating pods are waited for",
            recreate,
            &[(0, 0)],
            None,
            true,
            SyncReason::OldPodsExist,
            None,
            vec![],
        ),
        ("recreate: then the new", recreate, &[(0, 0)], None, false, SyncReason::New, Some(3), vec![]),
        (
            "paused",
            DeploymentSpec { paused: true, ..recreate },
            &[(3, 3)],
            None,
            true,
            SyncReason::Scaling,
            None,
            vec![],
        ),
    ] {
        let all = sets(&spec, sizes);
        let decision = sync(&DeploymentView { spec, sets: &all, new, old_pods_exist: old_pods });
        assert_eq!(
            (decision.reason, decision.create_new, decision.resizes),
            (reason, create, resizes),
            "{name}"
        );
    }
}

fn any_rolling() -> impl proptest::strategy::Strategy<Value = DeploymentSpec> {
    let side = || {
        prop_oneof![(0_u32..30).prop_map(IntOrPercent::Int), (0_u32..=100).prop_map(IntOrPercent::Percent),]
    };
    (1_u32..40, side(), side()).prop_map(|(replicas, max_surge, max_unavailable)| DeploymentSpec {
        replicas,
        strategy: Strategy::RollingUpdate { max_surge, max_unavailable },
        paused: false,
    })
}

proptest! {
    /// Whatever order the controllers and the pods act in, a rolling update keeps its two
    /// promises, and once everybody has acted it is over.
    #[test]
    fn a_rollout_keeps_its_limits_and_ends(
        spec in any_rolling(), order in proptest::collection::vec(0_u8..3, 0..60),
    ) {
        let mut all = sets(&spec, &[(spec.replicas, spec.replicas)]);
        let mut new = None;
        let fair = [0, 1, 2].into_iter().cycle().take(1000);
        for actor in order.into_iter().chain(fair) {
            match actor {
                0 => {
                    let view = DeploymentView { spec, sets: &all, new, old_pods_exist: true };
                    apply(&sync(&view), &mut all, &mut new);
                }
                // The old ReplicaSet's controller removes surplus pods; none of them was unhealthy.
                1 => all[0].available = all[0].available.min(all[0].replicas),
                // One new pod becomes available.
                _ => {
                    if let Some(set) = new.map(|new| &mut all[new]) {
                        set.available = (set.available + 1).min(set.replicas);
                    }
                }
            }
            let kept: u32 = all.iter().map(|set| set.available.min(set.replicas)).sum();
            prop_assert!(kept >= spec.min_available(), "{:?}", all);
            prop_assert!(total_replicas(&all) <= u64::from(spec.annotations().max), "{:?}", all);
        }
        prop_assert_eq!((all[0].replicas, all[1].available), (0, spec.replicas));
    }

    /// Scaling in mid-rollout hands out exactly desired plus surge.
    #[test]
    fn proportional_sizes_sum_to_the_maximum(
        before in any_rolling(), after in 0_u32..80, cut in 0_u32..=100, cut_again in 0_u32..=100,
    ) {
        let max = before.annotations().max;
        let first = max * cut / 100;
        let second = (max - first) * cut_again / 100;
        let all = sets(&before, &[(first, 0), (second, 0), (max - first - second, 0)]);
        let active = all.iter().filter(|set| set.replicas > 0).count();
        prop_assume!(active > 1);
        let spec = DeploymentSpec { replicas: after, ..before };
        let mut scaled = all.clone();
        for resize in scale_all(&spec, &all, Some(2)) {
            scaled[resize.set].replicas = resize.replicas;
        }
        let expected = if after == 0 { 0 } else { u64::from(spec.annotations().max) };
        prop_assert_eq!(total_replicas(&scaled), expected, "{:?}", sizes(&scaled));
    }
}
