//! The program: assignment, capacity, and power by segments.

use super::{Placement, PlacementError, PlacementHost, PlacementVm, Solver, host_power_w};
use crate::placement::program::{HALF, Program};
use good_lp::{Expression, ResolutionError, Variable, constraint, variable};

fn check(hosts: &[PlacementHost<'_>], vms: &[PlacementVm<'_>]) -> Result<(), PlacementError> {
    let good = |what, index, quantity, found: f64, above: bool| {
        let allowed = if above { "above 0" } else { "at least 0" };
        if found.is_finite() && found >= 0.0 && (found > 0.0 || !above) {
            Ok(())
        } else {
            Err(PlacementError::Range { what, index, quantity, found, allowed })
        }
    };
    for (index, host) in hosts.iter().enumerate() {
        good("host", index, "a capacity", host.capacity_mips, true)?;
        good("host", index, "a core speed", host.core_mips, true)?;
        good("host", index, "a memory", host.memory_bytes, false)?;
        for &room in host.room.iter().filter(|room| room.is_nan() || **room < 0.0) {
            good("host", index, "room", room, false)?;
        }
        if host.power_w.len() < 2 {
            return Err(PlacementError::Points { index, points: host.power_w.len() });
        }
        for &power in host.power_w {
            good("host", index, "a power", power, false)?;
        }
    }
    for (index, vm) in vms.iter().enumerate() {
        good("virtual machine", index, "a demand", vm.demand_mips, false)?;
        good("virtual machine", index, "a number of cores", vm.cores, true)?;
        good("virtual machine", index, "a memory", vm.memory_bytes, false)?;
        good("virtual machine", index, "a migration cost", vm.migration_w, false)?;
        for &held in vm.holds {
            good("virtual machine", index, "a hold", held, false)?;
        }
    }
    Ok(())
}

impl Program {
    /// Adds a host's power, given whether it is on and its load in MIPS.
    ///
    /// The load is filled up segment by segment. As long as segments become steeper, the objective itself
    /// fills them in order; where one is less steep than the one before, a binary variable lets it begin only
    /// when all before it are full (the incremental form of Markowitz and Manne, *Econometrica* 25, 1957).
    fn add_power(&mut self, host: &PlacementHost<'_>, is_on: Variable, load: Expression) {
        let step_mips = host.capacity_mips / (host.power_w.len() - 1) as f64;
        self.objective += host.power_w[0] * is_on;
        let mut filled = Expression::from(0.0);
        let mut steepest = f64::NEG_INFINITY;
        let mut may_begin = is_on;
        let mut run = Expression::from(0.0);
        let mut run_mips = 0.0;
        for pair in host.power_w.windows(2) {
            let slope = (pair[1] - pair[0]) / step_mips;
            if slope < steepest {
                let begins = self.variables.add(variable().binary());
                self.constraints.push(constraint!(run >= run_mips * begins));
                (run, run_mips) = (Expression::from(0.0), 0.0);
                may_begin = begins;
            }
            steepest = slope;
            let part = self.variables.add(variable().min(0.0).max(step_mips));
            self.constraints.push(constraint!(part <= step_mips * may_begin));
            self.objective += slope * part;
            run += part;
            run_mips += step_mips;
            filled += part;
        }
        self.constraints.push(constraint!(filled == load));
    }
}

/// The placement of all `vms` on `hosts` with the least power of the hosts and cost of migrations, such that
/// no host is given more demand or memory than it has, and none a virtual machine that asks for more than its cores.
///
/// ```
/// use stratosim::placement::minimum_power::{PlacementHost, PlacementVm, Solver, minimum_power};
/// let power_w = &[100.0, 200.0];
/// let host = PlacementHost { capacity_mips: 1000.0, core_mips: 1000.0, memory_bytes: 8e9, room: &[], power_w };
/// let vm = PlacementVm {
///     demand_mips: 300.0, cores: 1.0, memory_bytes: 1e9, holds: &[], is_fixed: false, host: None, migration_w: 0.0,
/// };
/// // Three fit on one host: 100 W + 90 % of 100 W.
/// let best = minimum_power(&[host; 2], &[vm; 3], Solver::default())?;
/// assert!((best.power_w - 190.0).abs() < 1e-9);
/// assert!(best.hosts.iter().all(|host| *host == best.hosts[0]));
/// # Ok::<(), stratosim::placement::minimum_power::PlacementError>(())
/// ```
///
/// # Errors
/// If a quantity is out of range, not all virtual machines fit, or the solver fails.
pub fn minimum_power(
    hosts: &[PlacementHost<'_>],
    vms: &[PlacementVm<'_>],
    solver: Solver,
) -> Result<Placement, PlacementError> {
    check(hosts, vms)?;
    if vms.is_empty() {
        return Ok(Placement { hosts: Vec::new(), power_w: 0.0, migration_w: 0.0 });
    }
    let infeasible = PlacementError::Infeasible { vms: vms.len(), hosts: hosts.len() };
    let mut program = Program::new();
    // For each virtual machine, the hosts that could take it alone, and whether they do.
    let mut choices: Vec<Vec<(usize, Variable)>> = Vec::new();
    for vm in vms {
        let mut own = Vec::new();
        for (number, host) in hosts.iter().enumerate() {
            let is_alone_good = vm.demand_mips <= (host.core_mips * vm.cores).min(host.capacity_mips)
                && vm.memory_bytes <= host.memory_bytes
                && vm.holds.iter().zip(host.room).all(|(held, room)| held <= room);
            if is_alone_good && (!vm.is_fixed || vm.host == Some(number)) {
                let is_here = program.variables.add(variable().binary());
                if vm.host.is_some_and(|present| present != number) {
                    program.objective += vm.migration_w * is_here;
                }
                own.push((number, is_here));
            }
        }
        if own.is_empty() {
            return Err(infeasible);
        }
        let whole: Expression = own.iter().map(|(_, is_here)| *is_here).sum();
        program.constraints.push(constraint!(whole == 1.0));
        choices.push(own);
    }
    for (number, host) in hosts.iter().enumerate() {
        let is_on = program.variables.add(variable().binary());
        let (mut load, mut memory) = (Expression::from(0.0), Expression::from(0.0));
        for (vm, own) in vms.iter().zip(&choices) {
            if let Some((_, is_here)) = own.iter().find(|(host, _)| *host == number) {
                load += vm.demand_mips * *is_here;
                memory += vm.memory_bytes / host.memory_bytes.max(1.0) * *is_here;
                program.constraints.push(constraint!(*is_here <= is_on));
            }
        }
        program.constraints.push(constraint!(memory <= 1.0));
        for (place, &room) in host.room.iter().enumerate().filter(|(_, room)| room.is_finite()) {
            let held = vms.iter().zip(&choices).filter_map(|(vm, own)| {
                let (_, is_here) = own.iter().find(|(host, _)| *host == number)?;
                Some(vm.holds.get(place).copied().unwrap_or(0.0) * *is_here)
            });
            let held: Expression = held.sum();
            program.constraints.push(constraint!(held <= room));
        }
        program.add_power(host, is_on, load);
    }
    let value = match program.solve(solver) {
        Ok(value) => value,
        Err(ResolutionError::Infeasible) => return Err(infeasible),
        Err(error) => return Err(PlacementError::Solver(error.to_string())),
    };
    let chosen = choices
        .iter()
        .map(|own| own.iter().find(|(_, is_here)| value(*is_here) > HALF).map(|(host, _)| *host));
    let Some(chosen) = chosen.collect::<Option<Vec<usize>>>() else {
        return Err(PlacementError::Solver("a virtual machine was left without a host".into()));
    };
    Ok(measured(hosts, vms, chosen))
}

/// The placement with its power, from the curves themselves.
fn measured(hosts: &[PlacementHost<'_>], vms: &[PlacementVm<'_>], chosen: Vec<usize>) -> Placement {
    let mut loads: Vec<Option<f64>> = vec![None; hosts.len()];
    let mut migration_w = 0.0;
    for (vm, &host) in vms.iter().zip(&chosen) {
        *loads[host].get_or_insert(0.0) += vm.demand_mips;
        if vm.host.is_some_and(|present| present != host) {
            migration_w += vm.migration_w;
        }
    }
    let on = hosts.iter().zip(&loads).filter_map(|(host, load)| Some((host, (*load)?)));
    let power_w = on.map(|(host, load)| host_power_w(host, load / host.capacity_mips)).sum();
    Placement { hosts: chosen, power_w, migration_w }
}
