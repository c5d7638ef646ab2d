// SPDX-License-Identifier: GPL-2.0

//! Places for texts on a picture where they cover neither nodes nor each other.

use std::collections::HashMap;

/// Width of a character of a node's name, and of what stands at a link.
pub const NAME_CHARACTER: f64 = 6.9;
/// See [`NAME_CHARACTER`].
pub const LINK_CHARACTER: f64 = 5.2;
/// Side of the squares by which rectangles are found.
const CELL: f64 = 64.0;

/// A rectangle by its middle.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    /// The middle.
    pub x: f64,
    /// The middle.
    pub y: f64,
    /// All of it.
    pub width: f64,
    /// All of it.
    pub height: f64,
}

impl Area {
    fn overlaps(&self, other: &Area) -> bool {
        (self.x - other.x).abs() * 2.0 < self.width + other.width
            && (self.y - other.y).abs() * 2.0 < self.height + other.height
    }

    fn cells(&self) -> impl Iterator<Item = (i64, i64)> {
        let range = |middle: f64, size: f64| {
            let cell = |at: f64| (at / CELL).floor() as i64;
            cell(middle - size / 2.0)..=cell(middle + size / 2.0)
        };
        let rows = range(self.y, self.height);
        range(self.x, self.width).flat_map(move |x| rows.clone().map(move |y| (x, y)))
    }
}

/// What of the picture is taken.
#[derive(Default)]
pub struct Taken {
    cells: HashMap<(i64, i64), Vec<Area>>,
}

impl Taken {
    /// Takes an area, free or not.
    pub fn add(&mut self, area: Area) {
        for cell in area.cells() {
            self.cells.entry(cell).or_default().push(area);
        }
    }

    /// Takes the first of these that is free.
    pub fn first_free(&mut self, candidates: impl IntoIterator<Item = Area>) -> Option<Area> {
        let free = |area: &Area| {
            let mut near = area
                .cells()
                .filter_map(|cell| self.cells.get(&cell))
                .flatten();
            !near.any(|other| other.overlaps(area))
        };
        let found = candidates.into_iter().find(free)?;
        self.add(found);
        Some(found)
    }
}

/// The first letters of a text that is too long for a picture.
pub fn short(name: &str) -> String {
    const LONGEST: usize = 22;
    match name.chars().count() {
        0..=LONGEST => name.to_owned(),
        _ => name.chars().take(LONGEST - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_not_given_again() {
        let area = |x: f64| Area {
            x,
            y: 0.0,
            width: 100.0,
            height: 10.0,
        };
        let mut taken = Taken::default();
        taken.add(area(0.0));
        let found = taken.first_free([area(50.0), area(99.0), area(101.0), area(300.0)]);
        assert_eq!(found.map(|area| area.x), Some(101.0));
        assert!(taken.first_free([area(10.0), area(120.0)]).is_none());
    }
}
