//! Renderers: finished results in, text out.

pub mod hpa;
