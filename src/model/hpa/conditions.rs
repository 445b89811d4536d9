//! The conditions in the autoscaler's status.

use std::borrow::Cow;

use super::observe::Status;

/// A type of condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionType {
    /// Whether the size could be read and set, and whether stabilization held it.
    AbleToScale,
    /// Whether the metrics gave a size.
    ScalingActive,
    /// Whether a bound or a speed limit cut the size.
    ScalingLimited,
    /// Whether the controller itself set the size to zero (from 1.36).
    ScaledToZero,
}

impl ConditionType {
    /// All of them, in the order in which they are shown.
    pub const ALL: [ConditionType; 4] = [
        ConditionType::AbleToScale,
        ConditionType::ScalingActive,
        ConditionType::ScalingLimited,
        ConditionType::ScaledToZero,
    ];

    /// Kubernetes' name.
    pub fn as_str(self) -> &'static str {
        match self {
            ConditionType::AbleToScale => "AbleToScale",
            ConditionType::ScalingActive => "ScalingActive",
            ConditionType::ScalingLimited => "ScalingLimited",
            ConditionType::ScaledToZero => "ScaledToZero",
        }
    }
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Whether it holds.
    pub status: Status,
    /// Why, as one word.
    pub reason: Cow<'static, str>,
}

/// The conditions by type. What a reconcile does not touch stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    by_type: [Option<Condition>; 4],
}

impl Conditions {
    /// The condition of this type, if there is one.
    pub fn get(&self, kind: ConditionType) -> Option<&Condition> {
        self.by_type[kind as usize].as_ref()
    }

    /// Replaces the condition of this type.
    pub fn set(&mut self, kind: ConditionType, status: Status, reason: impl Into<Cow<'static, str>>) {
        self.by_type[kind as usize] = Some(Condition { status, reason: reason.into() });
    }

    /// Removes the condition of this type.
    pub fn remove(&mut self, kind: ConditionType) {
        self.by_type[kind as usize] = None;
    }

    /// Whether the condition is there and holds.
    pub fn is_true(&self, kind: ConditionType) -> bool {
        self.get(kind).is_some_and(|condition| condition.status == Status::True)
    }

    /// Those that are there, in the order of [`ConditionType::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (ConditionType, &Condition)> {
        ConditionType::ALL.into_iter().filter_map(|kind| Some((kind, self.get(kind)?)))
    }
}
