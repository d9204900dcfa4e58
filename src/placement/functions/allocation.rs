//! An allocation: what is served where, with how many replicas; its objective and whether it is allowed.

use super::instance::Instance;

/// What serves the requests of one control period.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocation {
    /// x: requests per second that are served where they enter, by stream.
    pub local_rps: Vec<f64>,
    /// y: requests per second that are forwarded, by arc and function (`arc * functions + f`).
    pub forwarded_rps: Vec<f64>,
    /// z: requests per second that are rejected, or sent up to the cloud, by stream.
    pub rejected_rps: Vec<f64>,
    /// r: replicas, by stream.
    pub replicas: Vec<u32>,
}

/// A constraint that an allocation breaks.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Violation {
    /// A rate is negative or not a number.
    Negative {
        /// Of this stream.
        stream: usize,
    },
    /// What is served, forwarded and rejected is not what enters.
    Flow {
        /// Of this stream.
        stream: usize,
        /// Served, forwarded and rejected less load, in requests per second.
        excess_rps: f64,
    },
    /// Replicas serve more than they may.
    Capacity {
        /// At this stream's node, of its function.
        stream: usize,
        /// Beyond U r / D, in requests per second.
        excess_rps: f64,
    },
    /// There are more replicas than are needed: constraint (4), which lets a single one stand idle.
    Idle {
        /// Of this stream.
        stream: usize,
    },
    /// Replicas need more memory than there is.
    Memory {
        /// At this node.
        node: usize,
        /// By so much.
        excess_mb: u64,
    },
    /// A node forwards requests of a function and receives some.
    PingPong {
        /// Of this stream.
        stream: usize,
    },
}

/// Where the requests of a control period go, as parts of the load.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shares {
    /// Served where they enter.
    pub local: f64,
    /// Served by a neighbour.
    pub forwarded: f64,
    /// Rejected, or sent up to the cloud.
    pub rejected: f64,
}

impl Allocation {
    /// The allocation that rejects all.
    #[must_use]
    pub fn reject_all(instance: &Instance) -> Allocation {
        Allocation {
            local_rps: vec![0.0; instance.streams()],
            forwarded_rps: vec![0.0; instance.arcs() * instance.functions()],
            rejected_rps: (0..instance.streams()).map(|stream| instance.load_rps(stream)).collect(),
            replicas: vec![0; instance.streams()],
        }
    }

    /// The allocation of these local and forwarded rates: the rest is rejected, and replicas are as few as serve them
    /// (constraint 4).
    #[must_use]
    pub fn of_flows(instance: &Instance, local_rps: Vec<f64>, forwarded_rps: Vec<f64>) -> Allocation {
        let mut allocation = Allocation {
            local_rps,
            forwarded_rps,
            rejected_rps: Vec::new(),
            replicas: vec![0; instance.streams()],
        };
        let forwarded = allocation.sent_rps(instance);
        allocation.rejected_rps = (0..instance.streams())
            .map(|s| (instance.load_rps(s) - allocation.local_rps[s] - forwarded[s]).max(0.0))
            .collect();
        allocation.drop_idle_replicas(instance);
        allocation
    }

    /// Sets replicas to the fewest that serve the rates.
    pub fn drop_idle_replicas(&mut self, instance: &Instance) {
        let received = self.received_rps(instance);
        for (stream, replicas) in self.replicas.iter_mut().enumerate() {
            *replicas = instance.replicas_for(stream, self.local_rps[stream] + received[stream]);
        }
    }

    /// What each stream forwards, in requests per second.
    #[must_use]
    pub fn sent_rps(&self, instance: &Instance) -> Vec<f64> {
        let mut sent = vec![0.0; instance.streams()];
        for arc in 0..instance.arcs() {
            for f in 0..instance.functions() {
                sent[instance.stream(instance.arc_from(arc), f)] +=
                    self.forwarded_rps[arc * instance.functions() + f];
            }
        }
        sent
    }

    /// What is forwarded to each stream's node of its function, in requests per second.
    #[must_use]
    pub fn received_rps(&self, instance: &Instance) -> Vec<f64> {
        let mut received = vec![0.0; instance.streams()];
        for arc in 0..instance.arcs() {
            for f in 0..instance.functions() {
                received[instance.stream(instance.arc_to(arc), f)] +=
                    self.forwarded_rps[arc * instance.functions() + f];
            }
        }
        received
    }

    /// The objective, as [`Instance`] has it.
    #[must_use]
    pub fn objective(&self, instance: &Instance) -> f64 {
        let functions = instance.functions();
        let mut sum = 0.0;
        for node in 0..instance.nodes() {
            for f in 0..functions {
                let s = instance.stream(node, f);
                let mut term =
                    instance.alpha(s) * self.local_rps[s] - instance.gamma(s) * self.rejected_rps[s];
                for arc in instance.arcs_of(node) {
                    term += instance.beta(arc, f) * self.forwarded_rps[arc * functions + f];
                }
                sum += instance.weight(s) * term;
            }
        }
        sum
    }

    /// Utilisation of the replicas of each stream: D (x + received) / r; 0 without replicas.
    #[must_use]
    pub fn utilisation(&self, instance: &Instance) -> Vec<f64> {
        let received = self.received_rps(instance);
        (0..instance.streams())
            .map(|s| match self.replicas[s] {
                0 => 0.0,
                replicas => {
                    instance.demand_s(s) * (self.local_rps[s] + received[s]) / f64::from(replicas)
                }
            })
            .collect()
    }

    /// Memory that each node has left, in MB; negative where replicas need more than there is.
    #[must_use]
    pub fn residual_memory_mb(&self, instance: &Instance) -> Vec<i64> {
        (0..instance.nodes())
            .map(|node| {
                let used: i128 = (0..instance.functions())
                    .map(|f| {
                        i128::from(self.replicas[instance.stream(node, f)])
                            * i128::from(instance.memory_requirement_mb(f))
                    })
                    .sum();
                let left = i128::from(instance.memory_capacity_mb(node)) - used;
                left.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
            })
            .collect()
    }

    /// Where all requests go; all zero without load.
    #[must_use]
    pub fn shares(&self, instance: &Instance) -> Shares {
        let load: f64 = (0..instance.streams()).map(|s| instance.load_rps(s)).sum();
        let part = |rates: &[f64]| if load > 0.0 { rates.iter().sum::<f64>() / load } else { 0.0 };
        Shares {
            local: part(&self.local_rps),
            forwarded: part(&self.forwarded_rps),
            rejected: part(&self.rejected_rps),
        }
    }

    /// The constraints that are broken by more than a tolerance, relative to the rates that they bound, and absolute
    /// below 1 request per second. Constraint (2) holds by construction: there are arcs to neighbours only.
    #[must_use]
    pub fn violations(&self, instance: &Instance, tolerance: f64) -> Vec<Violation> {
        let mut found = Vec::new();
        let (sent, received) = (self.sent_rps(instance), self.received_rps(instance));
        for s in 0..instance.streams() {
            let load = instance.load_rps(s);
            let served = self.local_rps[s] + received[s];
            let own = [self.local_rps[s], self.rejected_rps[s], sent[s]];
            if own.iter().any(|rate| rate.is_nan() || *rate < -tolerance) {
                found.push(Violation::Negative { stream: s });
            }
            let excess_rps = own.iter().sum::<f64>() - load;
            if excess_rps.abs() > tolerance * load.max(1.0) {
                found.push(Violation::Flow { stream: s, excess_rps });
            }
            let capacity = instance.capacity_rps(s, self.replicas[s]);
            if served - capacity > tolerance * capacity.max(1.0) {
                found.push(Violation::Capacity { stream: s, excess_rps: served - capacity });
            }
            if self.replicas[s] > 0 {
                let fewer = instance.capacity_rps(s, self.replicas[s] - 1);
                if served < fewer - tolerance * fewer.max(1.0) {
                    found.push(Violation::Idle { stream: s });
                }
            }
            if sent[s] > tolerance && received[s] > tolerance {
                found.push(Violation::PingPong { stream: s });
            }
        }
        for (arc_function, &rate) in self.forwarded_rps.iter().enumerate() {
            if rate.is_nan() || rate < -tolerance {
                let (arc, f) =
                    (arc_function / instance.functions(), arc_function % instance.functions());
                found.push(Violation::Negative { stream: instance.stream(instance.arc_from(arc), f) });
            }
        }
        for (node, left) in self.residual_memory_mb(instance).into_iter().enumerate() {
            if left < 0 {
                found.push(Violation::Memory { node, excess_mb: left.unsigned_abs() });
            }
        }
        found
    }
}
