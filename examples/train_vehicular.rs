//! Trains the models of `ai_based` in EdgeCloudSim's fifth sample application: vehicles throw dice, and what each task
//! saw of its way and what came of it is fitted.
//!
//!     cargo run --release --example train_vehicular -- 8 > models.json
//!
//! The number is that of simulated minutes for each number of vehicles, 4 if left out. The models that are shipped,
//! `scenarios/edge/data/vehicular-models.json`, were made by this line.

use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use stratosim::placement::offloading::Way;
use stratosim::placement::offloading::edgecloudsim::{WayModels, WaySample, WayTrainer};
use stratosim::prelude::*;
use stratosim::scenario::{Document, Registry, load};

const VEHICLES: [u32; 3] = [400, 1000, 1600];

/// What the tasks of one run saw and got.
fn samples(vehicles: u32, minutes: u32) -> Result<Vec<WaySample>, Box<dyn Error>> {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/edge/edgecloudsim-app5-corrected.json");
    let mut document = Document::open(&file)?;
    document.set_assignment(&format!("nodes[2].count={vehicles}"))?;
    document.set_assignment(&format!("duration={minutes} min"))?;
    document.set_assignment("seed=1000")?;
    let folder = file.parent().ok_or("the scenario is in no folder")?;
    let mut world = load(&document, &Registry::with_builtins(), folder)?.world;
    let samples = Arc::new(Mutex::new(Vec::new()));
    world.offloading("trainer", WayTrainer::new(Arc::clone(&samples)));
    world.build(Box::new(NoRecords))?.run()?;
    let samples = samples.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(samples.clone())
}

fn main() -> Result<(), Box<dyn Error>> {
    let minutes = std::env::args().nth(1).map_or(Ok(4), |minutes| minutes.parse())?;
    let mut all = Vec::new();
    for vehicles in VEHICLES {
        all.extend(samples(vehicles, minutes)?);
    }
    for way in Way::ALL {
        let own: Vec<&WaySample> = all.iter().filter(|sample| sample.way == way).collect();
        let failed = own.iter().filter(|sample| sample.service_s.is_none()).count();
        eprintln!("{way:?}: {} samples, {failed} of them failed", own.len());
    }
    let description = format!(
        "Success and service time of the three ways of EdgeCloudSim's fifth sample application, propagation delays \
         included. Fitted by examples/train_vehicular.rs to {minutes} simulated minutes each of {VEHICLES:?} vehicles \
         that throw dice, seed 1000: {} tasks.",
        all.len()
    );
    let models = WayModels { description: Some(description), ..WayModels::fit(&all)? };
    println!("{}", serde_json::to_string_pretty(&models)?);
    Ok(())
}
