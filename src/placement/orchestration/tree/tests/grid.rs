use crate::infra::Position;
use crate::placement::orchestration::tree::grid::{Grid, Rectangle};
use proptest::prelude::*;

type Node = (f64, f64, [f64; 4]);

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let free = prop::array::uniform4(0.0..100.0_f64);
    prop::collection::vec((-5e4..5e4_f64, -5e4..5e4_f64, free), 1..60)
}

fn single(&(x_m, y_m, free): &Node) -> Grid {
    Grid::single(Position::ground(x_m, y_m), free)
}

/// Merges in pairs until there is one grid, after putting them into an order that `turns` says.
fn merged(n: u8, mut grids: Vec<Grid>, turns: &[usize]) -> Grid {
    for turn in turns.iter().cycle() {
        if grids.len() == 1 {
            break;
        }
        let first = grids.remove(turn % grids.len());
        let second = grids.remove((turn / 7) % grids.len());
        grids.push(Grid::merged(n, [&first, &second].into_iter()).unwrap());
    }
    grids.remove(0)
}

proptest! {
    #[test]
    fn counts_and_sums_are_conserved_in_the_smallest_rectangle_whatever_the_order(
        nodes in nodes(),
        n in 1..=64_u8,
        turns in prop::collection::vec(0..1000_usize, 1..20),
    ) {
        let grid = merged(n, nodes.iter().map(single).collect(), &turns);
        let total = grid.total();
        prop_assert_eq!(total.count as usize, nodes.len());
        for asset in 0..4 {
            let sum: f64 = nodes.iter().map(|node| node.2[asset]).sum();
            prop_assert!((total.free[asset] - sum).abs() <= 1e-9 * sum, "{} {sum}", total.free[asset]);
        }
        let least = |of: fn(&Node) -> f64| nodes.iter().map(of).fold(f64::INFINITY, f64::min);
        let most = |of: fn(&Node) -> f64| nodes.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
        let smallest = Rectangle {
            min_m: [least(|own| own.0), least(|own| own.1)],
            max_m: [most(|own| own.0), most(|own| own.1)],
        };
        prop_assert_eq!(grid.rectangle(), smallest);
        // Cells are within it, as many as there may be, none without a node.
        let cells: Vec<_> = grid.cells().collect();
        prop_assert!(cells.len() <= usize::from(n) * usize::from(n) && cells.len() <= nodes.len());
        prop_assert!(cells.iter().all(|own| own.1.count > 0));
        prop_assert_eq!(grid.bytes(), 16.0 + 40.0 * cells.len() as f64);
    }

    #[test]
    fn one_cell_has_the_mean_of_all(nodes in nodes(), need in 0.0..100.0_f64) {
        let grids: Vec<Grid> = nodes.iter().map(single).collect();
        let grid = Grid::merged(1, grids.iter()).unwrap();
        let mean = nodes.iter().map(|own| own.2[0]).sum::<f64>() / nodes.len() as f64;
        prop_assume!((mean - need).abs() > 1e-9);
        let inside = Position::ground(nodes[0].0, nodes[0].1);
        let expected = (need < mean).then_some(0.0);
        prop_assert_eq!(grid.nearest_m(inside, &[need, 0.0, 0.0, 0.0]), expected);
    }

    #[test]
    fn merging_singles_at_once_puts_each_into_its_cell(nodes in nodes(), n in 1..=64_u8) {
        let grids: Vec<Grid> = nodes.iter().map(single).collect();
        let grid = Grid::merged(n, grids.iter()).unwrap();
        let at = Position::ground(1e5, -1e5);
        // No node can be nearer than the nearest cell, and that is nearer than its nodes by at most its diagonal.
        let near_m = grid.nearest_m(at, &[0.0; 4]).unwrap();
        let distances = nodes.iter().map(|own| Position::ground(own.0, own.1).distance_m(at));
        let nearest_m = distances.fold(f64::INFINITY, f64::min);
        let Rectangle { min_m, max_m } = grid.rectangle();
        let diagonal_m = (max_m[0] - min_m[0]).hypot(max_m[1] - min_m[1]) / f64::from(n);
        prop_assert!(near_m <= nearest_m + 1e-6 && nearest_m <= near_m + diagonal_m + 1e-6);
    }
}

#[test]
fn means_weigh_nodes_not_grids() {
    // Three nodes with 1 and one with 5: 2 on average, where the mean of means would be 3.
    let at = |x_m: f64| Position::ground(x_m, 0.0);
    let poor: Vec<Grid> = (0..3).map(|_| Grid::single(at(0.0), [1.0; 4])).collect();
    let poor = Grid::merged(1, poor.iter()).unwrap();
    let all = Grid::merged(1, [&poor, &Grid::single(at(10.0), [5.0; 4])].into_iter()).unwrap();
    assert_eq!(all.nearest_m(at(14.0), &[2.0; 4]), Some(4.0));
    assert_eq!(all.nearest_m(at(14.0), &[2.1; 4]), None);
    assert!(Grid::merged(4, [].iter()).is_none());
}

#[test]
fn cells_are_where_they_should_be() {
    // 0, 30 and 100 m in four cells of 25 m: the first, second and last.
    let at = |x_m: f64| Position::ground(x_m, 0.0);
    let nodes = [0.0, 30.0, 100.0].map(|x_m| Grid::single(at(x_m), [1.0; 4]));
    let grid = Grid::merged(4, nodes.iter()).unwrap();
    let areas: Vec<_> = grid.cells().map(|own| (own.0.min_m[0], own.0.max_m[0], own.1.count)).collect();
    assert_eq!(areas, [(0.0, 25.0, 1), (25.0, 50.0, 1), (75.0, 100.0, 1)]);
    assert_eq!(grid.nearest_m(at(60.0), &[0.0; 4]), Some(10.0));
    assert_eq!(grid.nearest_m(Position::ground(40.0, 7.0), &[0.0; 4]), Some(7.0));
}
