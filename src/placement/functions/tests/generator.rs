//! Instances drawn from configurations.

use super::*;
use serde_json::{Value, json};

fn config() -> Value {
    json!({
        "seed": 4850, "max_steps": 60, "min_run_time": 10, "max_run_time": 20, "solver_name": "gurobi",
        "limits": {
            "Nn": {"min": 8, "max": 8}, "Nf": {"min": 3, "max": 3}, "neighborhood": {"k": 3},
            "demand": {"min": 0.5, "max": 1.0, "speedup_factors": {"4096": 1.0, "8192": 2.0, "16384": 2.4, "24576": 2.8}},
            "memory_requirement": {"values_from": [512, 1024]},
            "memory_capacity": {"repeated_values": [[0.5, 4096], [0.125, 8192], [0.25, 16384], [0.125, 24576]]},
            "max_utilization": {"min": 0.7, "max": 0.7},
            "load": {"trace_type": "fixed_sum", "values": ["auto"]},
            "weights": {"alpha": {"min": 0.5, "max": 1.0}, "beta_multiplier": {"min": 0.75, "max": 0.95},
                        "gamma": {"min": 0.05, "max": 0.15}, "delta_multiplier": {"min": 0.9, "max": 0.99}}
        }
    })
}

fn draw(config: &Value) -> Result<Generated, FunctionsError> {
    let generator = InstanceGenerator::from_json(&config.to_string(), "")?;
    generator.generate(generator.seed())
}

#[test]
fn what_is_drawn_is_as_it_says() {
    let drawn = draw(&config()).unwrap();
    let (instance, steps) = (&drawn.series.instance, &drawn.series.steps);
    // Half of 8 nodes, an eighth, a quarter, and the rest.
    let memory: Vec<u64> = (0..8).map(|node| instance.memory_capacity_mb(node)).collect();
    assert_eq!(memory, [4096, 4096, 4096, 4096, 8192, 16384, 16384, 24576]);
    assert!((0..8).all(|node| instance.arcs_of(node).len() == 3));
    // Twice as fast with 8 GB; 2.8 times with 24 GB.
    for f in 0..3 {
        let slow = instance.demand_s(instance.stream(0, f));
        assert!((0.5..=1.0).contains(&slow) && (slow * 1000.0).fract().abs() < 1e-9);
        close(instance.demand_s(instance.stream(4, f)), slow / 2.0, 1e-12);
        close(instance.demand_s(instance.stream(7, f)), slow / 2.8, 1e-12);
        let (alpha, delta) = (instance.alpha(f), instance.delta(f));
        let beta = instance.beta(0, f);
        assert!(beta / alpha > 0.749 && beta / alpha < 0.951 && delta < beta);
    }
    assert_eq!((steps.len(), steps[0].t, steps[9].t), (10, 10, 19));
    // The sum of each function stays what it is, and differs by node and time.
    for f in 0..3 {
        let sum = |step: &LoadStep| (0..8).map(|node| step.load_rps[node * 3 + f]).sum::<f64>();
        close(sum(&steps[0]), sum(&steps[9]), 1e-9);
    }
    assert_ne!(steps[0].load_rps[0], steps[1].load_rps[0]);
    assert_eq!(drawn.notes, Vec::<String>::new());
}

/// 4096 * 0.8 / (512 * 0.564 * 3) = 3.7825 replicas' worth at a node of ten is 36.825 less than all ten by one: the published
/// value for this node. The other nodes have 8192 MB and twice the speed: 150.3.
#[test]
fn automatic_sums_are_the_published_ones() {
    let mut config = config();
    let limits = &mut config["limits"];
    limits["Nn"] = json!({"values": [10]});
    limits["memory_capacity"] = json!({"repeated_values": [[0.5, 4096], [0.5, 8192]]});
    limits["memory_requirement"] = json!({"values": [128, 512, 128]});
    limits["demand"] =
        json!({"values": [0.688, 0.564, 0.908], "speedup_factors": {"4096": 1.0, "8192": 2.0}});
    limits["max_utilization"] = json!({"min": 0.8, "max": 0.8});
    for (kind, expected) in [
        ("fixed_sum", (36.825 + 150.3) / 2.0),
        ("fixed_sum_min", 36.825),
        ("fixed_sum_max", 150.3),
        ("fixed_sum_minmax", 150.3),
    ] {
        config["limits"]["load"]["trace_type"] = json!(kind);
        let drawn = draw(&config).unwrap();
        let load = &drawn.series.steps[0].load_rps;
        close((0..10).map(|node| load[node * 3 + 1]).sum(), expected, 1e-9);
    }
}

#[test]
fn a_seed_is_an_instance_and_parts_are_apart() {
    assert_eq!(draw(&config()).unwrap(), draw(&config()).unwrap());
    let generator = InstanceGenerator::from_json(&config().to_string(), "").unwrap();
    let other = generator.generate(1).unwrap().series;
    let first = generator.generate(4850).unwrap().series;
    assert_ne!(first, other);
    // Other weights leave the demand as it is.
    let mut changed = config();
    changed["limits"]["weights"]["alpha"] = json!({"values": [1.0, 1.0, 1.0]});
    let changed = draw(&changed).unwrap().series;
    assert_eq!(changed.instance.demand_s(5), first.instance.demand_s(5));
    assert_eq!(changed.instance.alpha(5), 1.0);
}

#[test]
fn loops_have_values() {
    let mut config = config();
    config["limits"]["Nn"] = json!({"values": [4, 8]});
    let generator = InstanceGenerator::from_json(&config.to_string(), "").unwrap();
    assert_eq!(generator.values_of("Nn").unwrap(), [4, 8]);
    let error = generator.generate(1).unwrap_err().to_string();
    assert!(error.starts_with("limits.Nn: there are several values"), "{error}");
    assert_eq!(generator.with("Nn", 4).unwrap().generate(1).unwrap().series.instance.nodes(), 4);
    config["limits"]["Nf"] = json!({"min": 2, "max": 6, "step": 2});
    let generator = InstanceGenerator::from_json(&config.to_string(), "").unwrap();
    assert_eq!(generator.values_of("Nf").unwrap(), [2, 4, 6]);
    let error = generator.values_of("nN").unwrap_err().to_string();
    assert!(error.contains("did you mean \"Nn\""), "{error}");
}

#[test]
fn traces_stay_within_their_bands() {
    for (kind, low, high) in [("clipped", 60.0, 120.0), ("sinusoidal", 5.0, 400.0)] {
        let mut config = config();
        config["min_run_time"] = json!(0);
        config["max_run_time"] = json!(60);
        let band = |value: f64| json!({"min": value, "max": value});
        config["limits"]["load"] = json!({"trace_type": kind, "min": band(low), "max": band(high)});
        let steps = draw(&config).unwrap().series.steps;
        assert_eq!(steps.len(), 60);
        for s in 0..24 {
            let loads: Vec<f64> = steps.iter().map(|step| step.load_rps[s]).collect();
            let least = loads.iter().copied().fold(f64::INFINITY, f64::min);
            let most = loads.iter().copied().fold(0.0, f64::max);
            assert!(least >= low - 1e-9 && most <= high + 1e-9);
            if kind == "sinusoidal" {
                close(least, low, 1e-9);
                close(most, high, 1e-9);
            }
        }
    }
}

#[test]
fn graphs_are_as_asked_for() {
    let edges = |neighborhood: Value| {
        let mut config = config();
        config["limits"]["neighborhood"] = neighborhood;
        let drawn = draw(&config).unwrap();
        (drawn.series.instance.arcs() / 2, drawn.notes.len())
    };
    assert_eq!(edges(json!({"p": 1.0})), (28, 0));
    assert_eq!(edges(json!({"m": 28})), (28, 0));
    // Without edges all eight are apart, which is told.
    assert_eq!(edges(json!({"p": 0.0})), (0, 1));
    assert_eq!(edges(json!({"m": 3})), (3, 1));
    assert_eq!(edges(json!({"k": 7})), (28, 0));
    // Connected and planar.
    let (planar, notes) = edges(json!({"shape": "euclidean_planar"}));
    assert!((7..=18).contains(&planar) && notes == 0);
}

#[test]
fn weights_by_times() {
    let mut config = config();
    config["limits"]["weights"] = json!({
        "initialization_time": {"min": 0.25, "max": 0.6},
        "input_data": {"avg": 0.001, "std": 0.001, "min": 0.0001, "max": 5},
        "edge_network_latency": {"min": 0.005, "max": 0.05}, "cloud_network_latency": {"values_from": [0.05, 0.1, 0.2]},
        "edge_bandwidth": {"min": 100, "max": 100}, "cloud_bandwidth": {"min": 10, "max": 10}
    });
    let instance = draw(&config).unwrap().series.instance;
    // The fastest start is worth 1; forwarding is worth less than local service; gamma spans 0 to 1.
    let alpha: Vec<f64> = (0..3).map(|f| instance.alpha(f)).collect();
    assert_eq!(alpha.iter().copied().fold(0.0, f64::max), 1.0);
    for arc in 0..instance.arcs() {
        for (f, alpha) in alpha.iter().enumerate() {
            assert!(instance.beta(arc, f) < *alpha && instance.beta(arc, f) >= 0.0);
        }
    }
    let gamma: Vec<f64> = (0..24).map(|s| instance.gamma(s)).collect();
    assert!(gamma.contains(&0.0) && gamma.contains(&1.0));
}

#[test]
fn an_existing_instance_is_read_and_changed() {
    let folder = tempfile::tempdir().unwrap();
    let drawn = draw(&config()).unwrap().series;
    let old = folder.path().join("old");
    std::fs::create_dir(&old).unwrap();
    write_published(&drawn, &old).unwrap();
    let text = json!({
        "seed": 1, "max_steps": 10,
        "limits": {"instance_type": "load_existing", "path": "old", "max_utilization": {"min": 0.5, "max": 0.5},
                   "load": {"trace_type": "load_existing", "path": "old"}}
    });
    std::fs::write(folder.path().join("config.json"), text.to_string()).unwrap();
    let read = InstanceGenerator::open(&folder.path().join("config.json")).unwrap().generate(1).unwrap();
    assert_eq!(read.series.instance.max_utilisation(0), 0.5);
    assert_eq!(read.series.instance.demand_s(7), drawn.instance.demand_s(7));
    assert_eq!(read.series.steps[3].load_rps, drawn.steps[3].load_rps);
}

#[test]
fn bad_limits_are_named() {
    for (path, value, message) in [
        (
            "/limits/Nn/min",
            json!(9),
            "limits.Nn.min: 9 is out of range; it must be at most limits.Nn.max, which is 8",
        ),
        (
            "/limits/demand/min",
            json!(2.0),
            "limits.demand.min: 2 is out of range; it must be at most limits.demand.max",
        ),
        (
            "/limits/demand/speedup_factors",
            json!({"4096": 1.0}),
            "limits.demand.speedup_factors: there is no factor for nodes with 8192 MB",
        ),
        (
            "/limits/demand/speedup_factors/4096",
            json!(0.0),
            "limits.demand.speedup_factors: the factor of 4096 MB is 0",
        ),
        (
            "/limits/load/trace_type",
            json!("sinusoidl"),
            "limits.load.trace_type: unknown trace type \"sinusoidl\" (did you mean \"sinusoidal\"?)",
        ),
        ("/limits/load/values", json!([1.0]), "limits.load.values: 1 values where 3 are needed"),
        ("/limits/load/trace_type", json!("clipped"), "limits.load.min: missing"),
        (
            "/limits/memory_requirement",
            json!({"values": [99999, 1, 1]}),
            "limits: memory_requirement[0]: a replica of function 0 needs 99999 MB",
        ),
        (
            "/limits/memory_capacity/repeated_values/0/0",
            json!(0.9),
            "limits.memory_capacity.repeated_values: a sum of shares of 1.4",
        ),
        ("/limits/neighborhood/k", json!(8), "limits.neighborhood.k: 8 is out of range"),
        ("/limits/neighborhood", json!({"p": 2.0}), "limits.neighborhood.p: "),
        ("/limits/neighborhood", json!({"shape": "planr"}), "limits.neighborhood.shape: unknown shape"),
        (
            "/limits/weights/gamma",
            json!({"min": 1.0}),
            "limits.weights.gamma: give values, values_from, or min and max",
        ),
        (
            "/limits/max_utilization",
            json!({"min": 1.5, "max": 1.5}),
            "limits: max_utilization[0]: 1.5 is out of range",
        ),
        ("/max_run_time", json!(5), "min_run_time: 10 is out of range"),
    ] {
        let mut config = config();
        *config.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
        let error = draw(&config).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}\n{message}");
    }
    let mut broken = config();
    broken["limits"]["memory"] = json!(1);
    let error = draw(&broken).unwrap_err().to_string();
    assert!(error.contains("limits.memory") && error.contains("unknown field"), "{error}");
}
