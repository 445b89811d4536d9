//! The rules: plain data in, a decision and its reason out.
//!
//! Nothing here knows the event loop, owns randomness or reads a clock: time and random bits are
//! arguments. Every rule names the component, file and version it follows, or says "assumption".
#![deny(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

pub mod hpa;
