//! Places on the earth: great circles, the delay of fibre along them, and the local plane.

use super::Position;

/// Mean radius of the earth (IUGG): that of the sphere for great circles, in metres.
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// Speed of light in fibre in metres a second: two thirds of that in vacuum.
pub const FIBRE_SPEED_M_PER_S: f64 = 2e8;

/// Semi-major axis (metres) and squared eccentricity of the WGS 84 ellipsoid.
const WGS84_AXIS_M: f64 = 6_378_137.0;
const WGS84_ECCENTRICITY_SQUARED: f64 = 6.694_379_990_141_317e-3;

/// A place on the earth, in degrees of WGS 84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LonLat {
    /// Degrees east of Greenwich, -180 to 180.
    pub longitude_deg: f64,
    /// Degrees north of the equator, -90 to 90.
    pub latitude_deg: f64,
}

impl LonLat {
    /// The place at these degrees, or `None` if a number is out of range or not finite.
    #[must_use]
    pub fn new(longitude_deg: f64, latitude_deg: f64) -> Option<Self> {
        let good = longitude_deg.abs() <= 180.0 && latitude_deg.abs() <= 90.0;
        good.then_some(LonLat { longitude_deg, latitude_deg })
    }
}

/// Length of the great circle between two places in metres: haversine on a sphere of
/// [`EARTH_RADIUS_M`], within 0.6 % of the ellipsoid's geodesic.
///
/// ```
/// use stratosim::infra::{LonLat, great_circle_m};
/// let chicago = LonLat { longitude_deg: -87.65, latitude_deg: 41.85 };
/// let new_york = LonLat { longitude_deg: -74.00597, latitude_deg: 40.71427 };
/// assert_eq!((great_circle_m(chicago, new_york) / 1e3).round(), 1146.0);
/// ```
#[must_use]
pub fn great_circle_m(a: LonLat, b: LonLat) -> f64 {
    let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
    let haversine = half(a.latitude_deg, b.latitude_deg)
        + a.latitude_deg.to_radians().cos()
            * b.latitude_deg.to_radians().cos()
            * half(a.longitude_deg, b.longitude_deg);
    2.0 * EARTH_RADIUS_M * haversine.min(1.0).sqrt().asin()
}

/// Seconds that light needs for `distance_m` when the fibre is `route_factor` times as long as the great
/// circle: 1 is a lower bound, 1.5 to 2 is nearer to fibre along roads and railways.
#[must_use]
pub fn fibre_latency_s(distance_m: f64, route_factor: f64) -> f64 {
    distance_m * route_factor / FIBRE_SPEED_M_PER_S
}

/// A plane that touches the earth at an origin, with metres east and north of it: the east and north
/// coordinates of the local tangent frame (ENU) of the WGS 84 ellipsoid, heights left out.
///
/// Distances within 50 km of the origin are those on the ground to better than 0.01 %, where an
/// equirectangular plane of a sphere is off by up to 0.5 %. The error grows with the square of
/// the distance to the origin (0.3 % at 500 km), so that the plane is for regions, not for continents.
///
/// ```
/// use stratosim::infra::{LocalPlane, LonLat};
/// let cosenza = LocalPlane::new(16.25, 39.30);
/// let place = cosenza.position(LonLat { longitude_deg: 16.26, latitude_deg: 39.31 });
/// assert_eq!((place.x_m.round(), place.y_m.round()), (862.0, 1110.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalPlane {
    origin: LonLat,
    /// Sine and cosine of the origin's latitude.
    latitude: (f64, f64),
    /// The origin's distance to the earth's axis and height over the equator's plane, in metres.
    meridian_m: (f64, f64),
}

/// Distance to the axis and height over the equator's plane of the latitude with this sine and cosine.
fn on_meridian(sine: f64, cosine: f64) -> (f64, f64) {
    let normal = WGS84_AXIS_M / (1.0 - WGS84_ECCENTRICITY_SQUARED * sine * sine).sqrt();
    (normal * cosine, normal * (1.0 - WGS84_ECCENTRICITY_SQUARED) * sine)
}

impl LocalPlane {
    /// The plane that touches the earth at these degrees.
    #[must_use]
    pub fn new(origin_lon_deg: f64, origin_lat_deg: f64) -> Self {
        let latitude = origin_lat_deg.to_radians().sin_cos();
        LocalPlane {
            origin: LonLat { longitude_deg: origin_lon_deg, latitude_deg: origin_lat_deg },
            latitude,
            meridian_m: on_meridian(latitude.0, latitude.1),
        }
    }

    /// Where the plane touches the earth: the place of x = 0, y = 0.
    #[must_use]
    pub const fn origin(&self) -> LonLat {
        self.origin
    }

    /// The place on the plane, on the ground.
    #[must_use]
    pub fn position(&self, place: LonLat) -> Position {
        let (sine, cosine) = place.latitude_deg.to_radians().sin_cos();
        let (axis_m, height_m) = on_meridian(sine, cosine);
        let (sine, cosine) = (place.longitude_deg - self.origin.longitude_deg).to_radians().sin_cos();
        let outward_m = axis_m * cosine - self.meridian_m.0;
        let upward_m = height_m - self.meridian_m.1;
        Position::ground(axis_m * sine, self.latitude.1 * upward_m - self.latitude.0 * outward_m)
    }

    /// The place on the earth under `position`, whose height is left out; beyond the horizon (about
    /// 6 000 km) a place on it.
    #[must_use]
    pub fn lon_lat(&self, position: Position) -> LonLat {
        let (sine, cosine) = self.latitude;
        // The point of the plane in the frame of the origin's meridian, scaled so that the ellipsoid
        // becomes a sphere, and the way straight down from it: their meeting solves a quadratic.
        let stretch = 1.0 / (1.0 - WGS84_ECCENTRICITY_SQUARED).sqrt();
        let point = [
            self.meridian_m.0 - sine * position.y_m,
            position.x_m,
            (self.meridian_m.1 + cosine * position.y_m) * stretch,
        ];
        let up = [cosine, 0.0, sine * stretch];
        let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        let (square, half_linear) = (dot(up, up), dot(point, up));
        let constant = dot(point, point) - WGS84_AXIS_M * WGS84_AXIS_M;
        let root = (half_linear * half_linear - square * constant).max(0.0).sqrt();
        let rise_m = -constant / (half_linear + root);
        let [outward, east, north] = [0, 1, 2].map(|axis| point[axis] + rise_m * up[axis]);
        LonLat {
            longitude_deg: wrapped_deg(self.origin.longitude_deg + east.atan2(outward).to_degrees()),
            latitude_deg: (north * stretch).atan2(outward.hypot(east)).to_degrees(),
        }
    }
}

fn wrapped_deg(longitude_deg: f64) -> f64 {
    if longitude_deg.abs() <= 180.0 {
        longitude_deg
    } else {
        (longitude_deg + 180.0).rem_euclid(360.0) - 180.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn at(longitude_deg: f64, latitude_deg: f64) -> LonLat {
        LonLat { longitude_deg, latitude_deg }
    }

    #[test]
    fn great_circles_of_a_quarter_and_of_half_the_earth() {
        let quarter = EARTH_RADIUS_M * std::f64::consts::FRAC_PI_2;
        assert!((great_circle_m(at(0.0, 0.0), at(90.0, 0.0)) - quarter).abs() < 1e-6);
        assert!((great_circle_m(at(10.0, 90.0), at(70.0, 0.0)) - quarter).abs() < 1e-6);
        assert!((great_circle_m(at(-90.0, 0.0), at(90.0, 0.0)) - 2.0 * quarter).abs() < 1e-6);
        assert_eq!(great_circle_m(at(16.0, 39.0), at(16.0, 39.0)), 0.0);
        assert_eq!(fibre_latency_s(200_000.0, 1.5), 1.5e-3);
    }

    /// Published lengths of a degree on WGS 84: 111 320 m of longitude at the equator and 78 847 m at
    /// 45 degrees, 110 574 m of latitude at the equator and 111 132 m at 45 degrees.
    #[test]
    fn the_plane_has_the_ellipsoids_scale() {
        let scale = |latitude: f64| {
            let plane = LocalPlane::new(7.0, latitude);
            let east = plane.position(at(7.01, latitude)).x_m * 100.0;
            let north = plane.position(at(7.0, latitude + 0.005)).y_m * 100.0
                - plane.position(at(7.0, latitude - 0.005)).y_m * 100.0;
            (east.round(), north.round())
        };
        assert_eq!(scale(0.0), (111_319.0, 110_574.0));
        assert_eq!(scale(45.0), (78_847.0, 111_132.0));
    }

    /// Vincenty's test line on WGS 84, Flinders Peak to Buninyong: 54 972.271 m.
    #[test]
    fn a_long_geodesic_keeps_its_length() {
        let flinders_peak = at(144.424_867_889, -37.951_033_417);
        let buninyong = at(143.926_495_528, -37.652_821_139);
        let plane = LocalPlane::new(flinders_peak.longitude_deg, flinders_peak.latitude_deg);
        let length = plane.position(flinders_peak).distance_m(plane.position(buninyong));
        assert!((length / 54_972.271 - 1.0).abs() < 1e-4, "{length}");
    }

    proptest! {
        /// There and back, anywhere within 70 km of any origin, poles and the date line included.
        #[test]
        fn the_plane_is_invertible(
            longitude in -180.0..180.0f64,
            latitude in -90.0..90.0f64,
            x_m in -50e3..50e3f64,
            y_m in -50e3..50e3f64,
        ) {
            let plane = LocalPlane::new(longitude, latitude);
            let place = Position::ground(x_m, y_m);
            let lon_lat = plane.lon_lat(place);
            prop_assert!(LonLat::new(lon_lat.longitude_deg, lon_lat.latitude_deg).is_some(), "{lon_lat:?}");
            prop_assert!(plane.position(lon_lat).distance_m(place) < 1e-3);
        }

        /// Two places near the origin are as far apart on the plane as on the sphere, but for the
        /// ellipsoid's flattening.
        #[test]
        fn distances_agree_with_great_circles(
            longitude in -180.0..180.0f64,
            latitude in -80.0..80.0f64,
            steps in prop::array::uniform4(-0.1..0.1f64),
        ) {
            let plane = LocalPlane::new(longitude, latitude);
            let a = at(longitude + steps[0], latitude + steps[1]);
            let b = at(longitude + steps[2], latitude + steps[3]);
            let (plane_m, sphere_m) =
                (plane.position(a).distance_m(plane.position(b)), great_circle_m(a, b));
            prop_assert!((plane_m - sphere_m).abs() <= 0.007 * sphere_m, "{plane_m} {sphere_m}");
        }

        #[test]
        fn no_number_panics(longitude in any::<f64>(), latitude in any::<f64>(), x in any::<f64>()) {
            let plane = LocalPlane::new(longitude, latitude);
            let _ = plane.lon_lat(plane.position(at(x, longitude)));
            let _ = plane.lon_lat(Position::ground(x, latitude));
        }
    }
}
