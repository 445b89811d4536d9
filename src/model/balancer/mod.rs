//! Which endpoint an attempt goes to.
//!
//! A balancer is plain data that one holder (a worker process, a load balancer) owns. It is asked
//! for a peer and told about failures and successes; it never learns what the peers really do.

mod ewma;
mod haproxy;
mod least;
mod least_request;
mod nginx;
mod ring;
mod slow_start;

pub use ewma::PeakEwma;
pub use haproxy::{ServerLines, Turns};
pub use least::LeastConnections;
pub use least_request::LeastRequest;
pub use nginx::{NginxPeers, PassiveChecks};
pub use ring::{Ring, RingRestart};
pub use slow_start::SlowStart;
