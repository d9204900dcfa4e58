use crate::apps::orchestration::{UserFacts, UserId};
use crate::engine::SimTime;
use crate::infra::Position;
use crate::placement::orchestration::tree::clusters::Clusters;

fn users(places: &[(u32, f64)]) -> Vec<UserFacts> {
    let user = |&(user, x_m): &(u32, f64)| UserFacts {
        user: UserId(user),
        position: Position::ground(x_m, 0.0),
        median_s: Some(1.0),
        p95_s: None,
        requests: 1,
        last_access: SimTime::ZERO,
    };
    places.iter().map(user).collect()
}

fn seen(clusters: &Clusters) -> Vec<(Vec<u32>, f64, u32)> {
    let own = clusters.all().iter();
    own.map(|own| (own.users.iter().map(|user| user.0.0).collect(), own.mean.x_m, own.score)).collect()
}

#[test]
fn users_join_the_nearest_cluster_within_the_radius_or_start_one() {
    let mut clusters = Clusters::default();
    clusters.assess(&users(&[(0, 0.0), (1, 90.0), (2, 300.0)]), 100.0);
    assert_eq!(seen(&clusters), [(vec![0, 1], 45.0, 2), (vec![2], 300.0, 1)]);
    // 180 m is 135 m from the first and 120 m from the second; 190 m is within 100 m of neither, but of its mean.
    clusters.assess(&users(&[(0, 0.0), (1, 90.0), (2, 300.0), (3, 180.0), (4, 190.0)]), 100.0);
    assert_eq!(seen(&clusters), [(vec![0, 1], 45.0, 4), (vec![2], 300.0, 2), (vec![3, 4], 185.0, 2)]);
}

#[test]
fn users_that_are_served_well_again_leave_and_scores_grow_with_each_assessment() {
    let mut clusters = Clusters::default();
    clusters.assess(&users(&[(0, 0.0), (1, 50.0), (2, 900.0)]), 100.0);
    clusters.assess(&users(&[(1, 60.0), (2, 900.0)]), 100.0);
    assert_eq!(seen(&clusters), [(vec![1], 60.0, 3), (vec![2], 900.0, 2)]);
    // Above the threshold, not at it.
    assert!(clusters.take_ripe(3, SimTime::ZERO).is_none());
    clusters.assess(&users(&[(1, 60.0)]), 100.0);
    let ripe = clusters.take_ripe(3, SimTime::ZERO).unwrap();
    assert_eq!((ripe.score, ripe.users.len()), (4, 1));
    assert!(clusters.all().is_empty());
    // Put back it begins at 0, and rests.
    let until = SimTime::from_secs(10.0);
    clusters.put_back(ripe.users, until);
    (0..4).for_each(|_| clusters.assess(&users(&[(1, 60.0)]), 100.0));
    assert!(clusters.take_ripe(3, SimTime::from_secs(9.0)).is_none());
    assert!(clusters.take_ripe(3, until).is_some());
}
