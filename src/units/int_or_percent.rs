//! Kubernetes' "integer or percent string", as `maxSurge` and `maxUnavailable` take it.

use std::fmt;

/// An absolute count or a share of a total in whole percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOrPercent {
    /// So many.
    Int(u32),
    /// So many of a hundred.
    Percent(u32),
}

impl IntOrPercent {
    /// Reads `3` or `25%`; `None` for anything else.
    pub fn parse(text: &str) -> Option<IntOrPercent> {
        match text.strip_suffix('%') {
            Some(digits) => digits.parse().ok().map(IntOrPercent::Percent),
            None => text.parse().ok().map(IntOrPercent::Int),
        }
    }

    /// The count for a total of `total`, percentages rounded up.
    /// Source: apimachinery util/intstr GetScaledValueFromIntOrPercent with roundUp.
    pub fn of_rounded_up(self, total: u32) -> u32 {
        match self {
            IntOrPercent::Int(n) => n,
            IntOrPercent::Percent(p) => saturate((u64::from(p) * u64::from(total)).div_ceil(100)),
        }
    }

    /// The count for a total of `total`, percentages rounded down.
    /// Source: as [`Self::of_rounded_up`], without roundUp.
    pub fn of_rounded_down(self, total: u32) -> u32 {
        match self {
            IntOrPercent::Int(n) => n,
            IntOrPercent::Percent(p) => saturate(u64::from(p) * u64::from(total) / 100),
        }
    }
}

fn saturate(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

impl fmt::Display for IntOrPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntOrPercent::Int(n) => write!(f, "{n}"),
            IntOrPercent::Percent(p) => write!(f, "{p}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surge_rounds_up_and_unavailable_down() {
        let quarter = IntOrPercent::Percent(25);
        assert_eq!((quarter.of_rounded_up(10), quarter.of_rounded_down(10)), (3, 2));
        assert_eq!(IntOrPercent::Int(4).of_rounded_up(10), 4);
        assert_eq!(IntOrPercent::Percent(u32::MAX).of_rounded_up(u32::MAX), u32::MAX);
    }

    #[test]
    fn reads_both_forms() {
        assert_eq!(IntOrPercent::parse("25%"), Some(IntOrPercent::Percent(25)));
        assert_eq!(IntOrPercent::parse("1"), Some(IntOrPercent::Int(1)));
        for bad in ["", "%", "-1", "1.5", "ten", "25 %"] {
            assert_eq!(IntOrPercent::parse(bad), None, "{bad}");
        }
    }
}
