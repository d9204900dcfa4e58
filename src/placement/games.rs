//! Games of many players who share resources.

/// What a player has chosen, and how much it weighs there.
#[derive(Clone, Copy, Debug, Default)]
struct Player {
    choice: Option<usize>,
    weight: f64,
}

/// A congestion game: each player chooses one resource and pays an offset of its own plus the slope of
/// the resource times the load on it, its own weight included. Each step in which one player improves
/// lowers the potential ½ Σ slope (load² + Σ weight²) + Σ weight · offset by weight times what it saves,
/// so that players who answer the others one by one, always with their best response, come to a Nash
/// equilibrium: a state in which none of them gains by moving alone (Rosenthal 1973; with weights
/// Fotakis, Kontogiannis and Spirakis 2005).
///
/// ```
/// use stratosim::placement::CongestionGame;
/// let mut game = CongestionGame::default();
/// // Two like resources, three like players: two go to one, and one to the other.
/// let offers = [(0, 0.0, 1.0), (1, 0.0, 1.0)];
/// let choices = [0, 1, 2].map(|player| game.best_response(player, 1.0, offers));
/// assert_eq!(choices, [Some(0), Some(1), Some(0)]);
/// assert_eq!((game.load(0), game.load(1)), (2.0, 1.0));
/// ```
#[derive(Clone, Debug, Default)]
pub struct CongestionGame {
    players: Vec<Player>,
    loads: Vec<f64>,
}

impl CongestionGame {
    /// The load on a resource: the weights of those who have chosen it.
    #[must_use]
    pub fn load(&self, resource: usize) -> f64 {
        self.loads.get(resource).copied().unwrap_or(0.0)
    }

    /// What a player has chosen.
    #[must_use]
    pub fn choice(&self, player: usize) -> Option<usize> {
        self.players.get(player).and_then(|player| player.choice)
    }

    /// The player, which now has this weight, chooses the resource with the least cost of those it is
    /// offered, each with the player's offset and the slope: what it has already if nothing is better,
    /// else the first among equals. `None` if it is offered none; it then stays away. O(offers).
    pub fn best_response(
        &mut self,
        player: usize,
        weight: f64,
        offers: impl IntoIterator<Item = (usize, f64, f64)>,
    ) -> Option<usize> {
        if self.players.len() <= player {
            self.players.resize(player + 1, Player::default());
        }
        let earlier = std::mem::take(&mut self.players[player]);
        if let Some(resource) = earlier.choice {
            // What rounding leaves of an empty resource is no load.
            self.loads[resource] = (self.loads[resource] - earlier.weight).max(0.0);
        }
        let mut best: Option<(f64, bool, usize)> = None;
        for (resource, offset, slope) in offers {
            let cost = offset + slope * (self.load(resource) + weight);
            let moves = earlier.choice != Some(resource);
            if best.is_none_or(|(least, others, _)| (cost, moves) < (least, others)) {
                best = Some((cost, moves, resource));
            }
        }
        let (_, _, resource) = best?;
        if self.loads.len() <= resource {
            self.loads.resize(resource + 1, 0.0);
        }
        self.loads[resource] += weight;
        self.players[player] = Player { choice: Some(resource), weight };
        Some(resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Costs of all players and resources, weights, slopes.
    #[derive(Clone, Debug)]
    struct Case {
        offsets: Vec<Vec<f64>>,
        weights: Vec<f64>,
        slopes: Vec<f64>,
    }

    fn cases() -> impl Strategy<Value = Case> {
        (1..8usize, 1..5usize).prop_flat_map(|(players, resources)| {
            let offsets = prop::collection::vec(prop::collection::vec(0.0..5.0f64, resources), players);
            let weights = prop::collection::vec(0.1..3.0f64, players);
            let slopes = prop::collection::vec(0.0..2.0f64, resources);
            (offsets, weights, slopes).prop_map(|(offsets, weights, slopes)| Case {
                offsets,
                weights,
                slopes,
            })
        })
    }

    impl Case {
        fn offers(&self, player: usize) -> impl Iterator<Item = (usize, f64, f64)> {
            let costs = self.offsets[player].iter().zip(&self.slopes).enumerate();
            costs.map(|(resource, (&offset, &slope))| (resource, offset, slope))
        }

        fn cost(&self, player: usize, resource: usize, choices: &[usize]) -> f64 {
            let others = choices.iter().enumerate().filter(|&(other, _)| other != player);
            let load: f64 = others
                .filter(|(_, choice)| **choice == resource)
                .map(|(other, _)| self.weights[other])
                .sum();
            self.offsets[player][resource] + self.slopes[resource] * (load + self.weights[player])
        }

        fn potential(&self, choices: &[usize]) -> f64 {
            let mut sum = 0.0;
            for (resource, slope) in self.slopes.iter().enumerate() {
                let there = choices.iter().zip(&self.weights).filter(|(choice, _)| **choice == resource);
                let weights: Vec<f64> = there.map(|(_, weight)| *weight).collect();
                let load: f64 = weights.iter().sum();
                sum += slope / 2.0 * (load * load + weights.iter().map(|w| w * w).sum::<f64>());
            }
            let offsets = choices.iter().enumerate();
            sum + offsets.map(|(p, &choice)| self.weights[p] * self.offsets[p][choice]).sum::<f64>()
        }
    }

    proptest! {
        #[test]
        fn best_responses_lower_the_potential_and_end_in_an_equilibrium(case in cases()) {
            let mut game = CongestionGame::default();
            let players = case.weights.len();
            for player in 0..players {
                game.best_response(player, case.weights[player], case.offers(player));
            }
            let state = |game: &CongestionGame| -> Vec<usize> {
                (0..players).map(|player| game.choice(player).unwrap()).collect()
            };
            let mut quiet = false;
            for _ in 0..1000 {
                let before = state(&game);
                for player in 0..players {
                    let earlier = state(&game);
                    game.best_response(player, case.weights[player], case.offers(player));
                    let later = state(&game);
                    if later != earlier {
                        prop_assert!(case.potential(&later) < case.potential(&earlier) + 1e-9);
                    }
                }
                if state(&game) == before {
                    quiet = true;
                    break;
                }
            }
            prop_assert!(quiet, "no end after a thousand rounds");
            let choices = state(&game);
            for player in 0..players {
                let own = case.cost(player, choices[player], &choices);
                for resource in 0..case.slopes.len() {
                    let other = case.cost(player, resource, &choices);
                    prop_assert!(own <= other + 1e-9, "{} gains by {}", player, resource);
                }
            }
            for resource in 0..case.slopes.len() {
                let there = choices.iter().zip(&case.weights).filter(|(choice, _)| **choice == resource);
                let load: f64 = there.map(|(_, weight)| weight).sum();
                prop_assert!((game.load(resource) - load).abs() < 1e-9);
            }
        }
    }

    /// Two players of weight 1 and one of weight 2, one fast resource (slope 1) and one slow one (offset
    /// 2, slope 1). In equilibrium the heavy one and a light one differ: 3 on the fast one cost 3, the
    /// last one pays 2 + 1 = 3 elsewhere and does not gain.
    #[test]
    fn an_equilibrium_is_as_found_by_hand() {
        let mut game = CongestionGame::default();
        let offers = [(0, 0.0, 1.0), (1, 2.0, 1.0)];
        for _ in 0..3 {
            for (player, weight) in [(0, 2.0), (1, 1.0), (2, 1.0)] {
                game.best_response(player, weight, offers);
            }
        }
        assert_eq!((game.load(0), game.load(1)), (3.0, 1.0));
        // Who is offered nothing stays away.
        assert_eq!(game.best_response(0, 2.0, []), None);
        assert_eq!((game.load(0), game.choice(0)), (1.0, None));
    }
}
