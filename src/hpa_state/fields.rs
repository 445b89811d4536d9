//! The numbers and words of the input, each checked while it is read, so that an error carries
//! the path of the very field.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::units::{Nanos, SimTime, parse_quantity_milli};

/// The latest instant an input may name, in seconds: far beyond any clock of today, and small
/// enough that nanoseconds fit.
const LAST_SECOND: i64 = 10_000_000_000;

/// A number of pods, or of percent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count(pub i32);

/// A metric value or a target in thousandths; custom metrics may be negative.
#[derive(Clone, Copy, Debug)]
pub(super) struct Milli(pub i64);

/// A request or target in thousandths, zero or more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request(pub i64);

/// An instant, in seconds on the input's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instant(pub SimTime);

/// A duration in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seconds(pub Nanos);

/// A share or factor, finite and zero or more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share(pub f64);

struct Whole {
    min: i64,
    max: i64,
}

impl Visitor<'_> for Whole {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == i64::MIN {
            f.write_str("a whole number")
        } else {
            write!(f, "a whole number from {} to {}", self.min, self.max)
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<i64, E> {
        if (self.min..=self.max).contains(&value) {
            Ok(value)
        } else {
            Err(E::invalid_value(serde::de::Unexpected::Signed(value), &self))
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<i64, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::invalid_value(serde::de::Unexpected::Unsigned(value), &self)),
        }
    }
}

/// Accepts whole and fractional numbers from zero to `max`.
struct Number {
    max: f64,
}

impl Visitor<'_> for Number {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number from 0 to {}", self.max)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        if (0.0..=self.max).contains(&value) {
            Ok(value)
        } else {
            Err(E::invalid_value(serde::de::Unexpected::Float(value), &self))
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        self.visit_f64(value as f64)
    }
}

/// Nanoseconds of a number of seconds: exact for whole seconds, rounded for fractions.
fn nanos<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let seconds = deserializer.deserialize_any(Number { max: LAST_SECOND as f64 })?;
    // Whole seconds up to the bound are exact in a double, their nanoseconds are not.
    let whole = seconds.trunc();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the visitor checked the range"
    )]
    Ok(whole as u64 * 1_000_000_000 + ((seconds - whole) * 1e9).round() as u64)
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(Whole { min: 0, max: i64::from(i32::MAX) })?;
        i32::try_from(value).map(Count).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Milli {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Whole { min: i64::MIN, max: i64::MAX }).map(Milli)
    }
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Whole { min: 0, max: i64::MAX }).map(Request)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        nanos(deserializer).map(|ns| Instant(SimTime(ns)))
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        nanos(deserializer).map(|ns| Seconds(Nanos(ns)))
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Number { max: 1e9 }).map(Share)
    }
}

/// A tolerance: a share, or a quantity as Kubernetes writes it (`50m` is 0.05).
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance(pub f64);

struct ShareOrQuantity;

impl Visitor<'_> for ShareOrQuantity {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a share such as 0.1, or a quantity such as \"100m\"")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        Number { max: 1e9 }.visit_f64(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        self.visit_f64(value as f64)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        parse_quantity_milli(text).map(|milli| milli as f64 / 1_000.0).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Tolerance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShareOrQuantity).map(Tolerance)
    }
}

/// Seconds as the output writes them: whole where they are.
pub(super) fn seconds(time: SimTime) -> serde_json::Value {
    if time.0.is_multiple_of(1_000_000_000) {
        (time.0 / 1_000_000_000).into()
    } else {
        (time.0 as f64 / 1e9).into()
    }
}
