//! Finds positions for labels on a map.

/// A rectangle, by its edges.
pub(super) struct Frame {
    pub(super) west: f64,
    pub(super) east: f64,
    pub(super) north: f64,
    pub(super) south: f64,
}

impl Frame {
    /// The rectangle around a point, with half its width and half its height.
    pub(super) fn at((x, y): (f64, f64), (across, down): (f64, f64)) -> Self {
        Self { west: x - across, east: x + across, north: y - down, south: y + down }
    }

    /// The bounding box of all points.
    pub(super) fn bounding_box(points: &[(f64, f64)]) -> Self {
        let none = Self { west: f64::MAX, east: f64::MIN, north: f64::MAX, south: f64::MIN };
        points.iter().fold(none, |it, (x, y)| Self {
            west: it.west.min(*x),
            east: it.east.max(*x),
            north: it.north.min(*y),
            south: it.south.max(*y),
        })
    }

    /// Whether the two rectangles overlap.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.west < other.east
            && other.west < self.east
            && self.north < other.south
            && other.north < self.south
    }
}

/// The number of rows and columns of the grid in which the best point is searched.
const GRID: u32 = 14;

/// The grid point inside the ring that is farthest from its border, and the distance.
pub(super) fn pole_of_inaccessibility(ring: &[(f64, f64)], bounds: &Frame) -> ((f64, f64), f64) {
    let at = |from: f64, to: f64, step: u32| from + (to - from) * (f64::from(step) + 0.5) / f64::from(GRID);
    let points = (0..GRID).flat_map(|column| (0..GRID).map(move |row| (column, row)));
    let points = points
        .map(|(column, row)| (at(bounds.west, bounds.east, column), at(bounds.north, bounds.south, row)))
        .filter(|point| is_inside(*point, ring))
        .map(|point| (point, edges(ring).map(|side| distance(point, side)).fold(f64::MAX, f64::min)));
    let middle = ((bounds.west + bounds.east) / 2.0, (bounds.north + bounds.south) / 2.0);
    points.max_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or((middle, 0.0))
}

type Side = ((f64, f64), (f64, f64));

fn edges(ring: &[(f64, f64)]) -> impl Iterator<Item = Side> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// Whether a ray from the point to the east crosses the ring an odd number of times.
fn is_inside((x, y): (f64, f64), ring: &[(f64, f64)]) -> bool {
    let crosses = |((from_x, from_y), (to_x, to_y)): &Side| {
        (*from_y > y) != (*to_y > y) && x < (to_x - from_x) * (y - from_y) / (to_y - from_y) + from_x
    };
    edges(ring).filter(crosses).count() % 2 == 1
}

fn distance((x, y): (f64, f64), ((from_x, from_y), (to_x, to_y)): Side) -> f64 {
    let (across, down) = (to_x - from_x, to_y - from_y);
    let length = across * across + down * down;
    let along = if length > 0.0 { ((x - from_x) * across + (y - from_y) * down) / length } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    (x - from_x - along * across).hypot(y - from_y - along * down)
}

/// The nearest position around a point where a rectangle of this size overlaps no other and lies within the picture;
/// the point itself if there is none.
pub(super) fn free_position(
    (x, y): (f64, f64),
    half: (f64, f64),
    occupied: &[Frame],
    (width, height): (f64, f64),
) -> (f64, f64) {
    const DIRECTIONS: u32 = 16;
    let positions = (1..=8).flat_map(|ring| (0..DIRECTIONS).map(move |way| (ring, way)));
    let positions = positions.map(|(ring, way)| {
        let (far, angle) =
            (70.0 + 90.0 * f64::from(ring), f64::from(way) / f64::from(DIRECTIONS) * std::f64::consts::TAU);
        (x + far * angle.cos(), y + far * angle.sin())
    });
    let mut fitting = positions.filter(|position| {
        let frame = Frame::at(*position, half);
        let is_in = frame.west > 0.0 && frame.east < width && frame.north > 0.0 && frame.south < height;
        is_in && !occupied.iter().any(|it| frame.overlaps(it))
    });
    fitting.next().unwrap_or((x, y))
}
