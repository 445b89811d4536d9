//! A traffic router: every request goes to the Service or to its canary, by a weight.
//!
//! Source: Envoy draws for every request (source/common/router/config_impl.cc,
//! pickWeightedCluster), and all attempts of a request stay with what was drawn. Traefik takes turns
//! (pkg/server/service/loadbalancer/wrr): that it draws, too, is a simplification.

use super::{Front, HolderId};

impl Front {
    /// A process has another weight for the canary, in percent.
    pub(crate) fn set_weight(&mut self, process: u32, weight: u32) {
        self.weights[process as usize] = weight;
    }

    /// The holder that takes a request on the connection with the number `connection`.
    #[inline]
    pub(crate) fn holder_for(&self, connection: u64, request: u64) -> HolderId {
        if self.weights.is_empty() { self.holder_of(connection) } else { self.by_weight(connection, request) }
    }

    /// The process that the connection leads to draws.
    fn by_weight(&self, connection: u64, request: u64) -> HolderId {
        let places = self.current.len() / 2;
        let bits = self.holder_bits.at(connection, 0);
        let place = (((bits >> 32) * places as u64) >> 32) as usize;
        let weight = self.weights[self.process_at(place) as usize];
        let drawn = ((self.weight_bits.at(request, 0) >> 32) * 100) >> 32;
        self.current[if drawn < u64::from(weight) { places + place } else { place }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use crate::sim::spec::FrontSpec;

    #[test]
    fn a_process_sends_its_weight_of_the_requests_to_the_canary() {
        let spec = FrontSpec { replicas: 2, workers: 3, has_canary: true, ..FrontSpec::ideal() };
        let mut front = Front::new(&spec, 0, 0, false, Streams::new(5, 0));
        // Connections and requests at once: every connection stays with its process, not with a Service.
        let share = |front: &Front, process: u32| {
            let holders = (0..100_000).map(|request| front.holder_for(request % 1_000, request));
            let of_process: Vec<HolderId> =
                holders.filter(|holder| front.process_of(*holder) == process).collect();
            let canary =
                of_process.iter().filter(|holder| front.holders[**holder as usize].process >= 2).count();
            canary as f64 / of_process.len() as f64
        };
        assert!(share(&front, 0) + share(&front, 1) < 1e-9);
        front.set_weight(0, 20);
        front.set_weight(1, 100);
        // Five standard errors of 0.2 in about 50,000.
        assert!((share(&front, 0) - 0.2).abs() < 0.009, "{}", share(&front, 0));
        assert!(share(&front, 1) > 1.0 - 1e-9);
        let workers: std::collections::BTreeSet<HolderId> =
            (0..1_000).map(|request| front.holder_for(request, request)).collect();
        assert_eq!(workers.len(), 9, "three workers with both lists, and three with the canary's alone");
    }
}
