// SPDX-License-Identifier: GPL-2.0

//! Where nodes stand.
//!
//! Each connected part is laid out by stress majorisation (Gansner, Koren, North, 2004): the distance of two nodes on the
//! picture shall be their distance in the network, near ones counting more. Large parts use the distances to some pivots
//! only (Brandes, Pich, 2007). Parts are then put side by side. Everything is deterministic.

use std::collections::{HashMap, VecDeque};

use super::labels::{short, NAME_CHARACTER};
use super::svg::{NAME, SIZE};
use crate::plan::Plan;

/// Distance of neighbours.
const STEP: f64 = 110.0;
/// Parts of up to so many nodes look at all pairs.
const ALL_PAIRS: usize = 800;
/// Nodes whose distances larger parts look at.
const PIVOTS: usize = 60;
/// How often every node is moved.
const ROUNDS: usize = 80;

/// How often nodes are moved apart at most.
const SPREADING: usize = 600;
/// Room that most nodes of a file with places shall have.
const ROOM: f64 = 75.0;
/// So many places are compared with each other.
const MOST_COMPARED: usize = 3000;

type Point = (f64, f64);

/// The place of each node of the plan, in its order: right and down, with neighbours about 110 units apart.
pub fn layout(plan: &Plan) -> Vec<(f64, f64)> {
    let count = plan.nodes.len();
    let index: HashMap<&str, usize> = plan
        .nodes
        .iter()
        .enumerate()
        .map(|(index, node)| (node.name.as_str(), index))
        .collect();
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); count];
    for link in &plan.links {
        let [a, b] = [0, 1].map(|end| index.get(link.ends[end].node.as_str()).copied());
        if let (Some(a), Some(b)) = (a, b) {
            if a != b && !neighbours[a].contains(&b) {
                neighbours[a].push(b);
                neighbours[b].push(a);
            }
        }
    }
    let given: Vec<Option<Point>> = scaled(plan, &neighbours);
    if given.iter().all(Option::is_some) {
        return spread(plan, given.into_iter().flatten().collect());
    }
    let mut places: Vec<Point> = vec![(0.0, 0.0); count];
    let mut parts = parts(&neighbours);
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    let free = given.iter().all(Option::is_none);
    for part in &parts {
        lay_out_part(part, &neighbours, &given, &mut places);
    }
    if free {
        pack(&parts, &mut places);
    }
    spread(plan, places)
}

/// The places that the file gives, enlarged so that links have the usual length.
fn scaled(plan: &Plan, neighbours: &[Vec<usize>]) -> Vec<Option<Point>> {
    let given: Vec<Option<Point>> = plan
        .nodes
        .iter()
        .map(|node| node.position.map(|[x, y]| (f64::from(x), f64::from(y))))
        .collect();
    let mut lengths: Vec<f64> = Vec::new();
    for (a, list) in neighbours.iter().enumerate() {
        for &b in list.iter().filter(|&&b| b > a) {
            if let (Some(a), Some(b)) = (given[a], given[b]) {
                lengths.push((a.0 - b.0).hypot(a.1 - b.1));
            }
        }
    }
    lengths.retain(|length| *length > 0.0);
    lengths.sort_by(f64::total_cmp);
    let scale = lengths
        .get(lengths.len() / 2)
        .map_or(1.0, |median| STEP / median);
    // Where many stand close together, links are longer.
    let room = nearest(&given).map_or(scale, |near| ROOM / near);
    let scale = scale.max(room.min(1.8 * scale)).clamp(0.05, 50.0);
    given
        .into_iter()
        .map(|place| place.map(|(x, y)| (x * scale, y * scale)))
        .collect()
}

fn parts(neighbours: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut seen = vec![false; neighbours.len()];
    let mut parts = Vec::new();
    for start in 0..neighbours.len() {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut part = vec![start];
        let mut at = 0;
        while let Some(&node) = part.get(at) {
            at += 1;
            for &next in &neighbours[node] {
                if !std::mem::replace(&mut seen[next], true) {
                    part.push(next);
                }
            }
        }
        parts.push(part);
    }
    parts
}

/// Hops from a node to all of a part; the part's own numbering.
fn hops(start: usize, adjacent: &[Vec<usize>]) -> Vec<f64> {
    let mut hops = vec![f64::INFINITY; adjacent.len()];
    hops[start] = 0.0;
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &next in &adjacent[node] {
            if hops[next].is_infinite() {
                hops[next] = hops[node] + 1.0;
                queue.push_back(next);
            }
        }
    }
    hops
}

fn lay_out_part(
    part: &[usize],
    neighbours: &[Vec<usize>],
    given: &[Option<Point>],
    places: &mut [Point],
) {
    let own: HashMap<usize, usize> = part
        .iter()
        .enumerate()
        .map(|(own, &node)| (node, own))
        .collect();
    let adjacent: Vec<Vec<usize>> = part
        .iter()
        .map(|node| neighbours[*node].iter().map(|next| own[next]).collect())
        .collect();
    let fixed: Vec<Option<Point>> = part.iter().map(|&node| given[node]).collect();
    let pivots = pivots(&adjacent);
    let mut now = start(&adjacent, &pivots, &fixed);
    // Who pulls whom: all pairs, or pivots and neighbours.
    let springs: Vec<Vec<(usize, f64)>> = match part.len() <= ALL_PAIRS {
        true => (0..part.len())
            .map(|node| {
                hops(node, &adjacent)
                    .into_iter()
                    .enumerate()
                    .filter(|(other, _)| *other != node)
                    .collect()
            })
            .collect(),
        false => sparse_springs(&adjacent, &pivots),
    };
    for _ in 0..ROUNDS {
        for node in 0..part.len() {
            if fixed[node].is_some() || springs[node].is_empty() {
                continue;
            }
            let (mut x, mut y, mut weights) = (0.0, 0.0, 0.0);
            for &(other, distance) in &springs[node] {
                let wanted = distance * STEP;
                let weight = 1.0 / (distance * distance);
                let (dx, dy) = (now[node].0 - now[other].0, now[node].1 - now[other].1);
                let length = dx.hypot(dy).max(1e-6);
                x += weight * (now[other].0 + wanted * dx / length);
                y += weight * (now[other].1 + wanted * dy / length);
                weights += weight;
            }
            now[node] = (x / weights, y / weights);
        }
    }
    if fixed.iter().all(Option::is_none) {
        turn(&mut now);
    }
    for (own, &node) in part.iter().enumerate() {
        places[node] = now[own];
    }
}

/// Nodes far from each other: each is the one farthest from those before it.
fn pivots(adjacent: &[Vec<usize>]) -> Vec<(usize, Vec<f64>)> {
    let mut pivots: Vec<(usize, Vec<f64>)> = Vec::new();
    let mut nearest = vec![f64::INFINITY; adjacent.len()];
    let mut next = 0;
    while pivots.len() < PIVOTS.min(adjacent.len()) {
        let hops = hops(next, adjacent);
        for (near, hop) in nearest.iter_mut().zip(&hops) {
            *near = near.min(*hop);
        }
        pivots.push((next, hops));
        let farthest =
            (0..adjacent.len()).max_by(|&a, &b| nearest[a].total_cmp(&nearest[b]).then(b.cmp(&a)));
        next = farthest.unwrap_or_default();
    }
    pivots
}

fn sparse_springs(adjacent: &[Vec<usize>], pivots: &[(usize, Vec<f64>)]) -> Vec<Vec<(usize, f64)>> {
    (0..adjacent.len())
        .map(|node| {
            let mut springs: Vec<(usize, f64)> = pivots
                .iter()
                .filter(|(pivot, _)| *pivot != node && !adjacent[node].contains(pivot))
                .map(|(pivot, hops)| (*pivot, hops[node]))
                .collect();
            springs.extend(adjacent[node].iter().map(|&next| (next, 1.0)));
            // Those two away keep the neighbours of a node apart.
            let two = adjacent[node]
                .iter()
                .flat_map(|&next| adjacent[next].iter().copied());
            let mut two: Vec<usize> = two
                .filter(|other| *other != node && !adjacent[node].contains(other))
                .collect();
            two.sort_unstable();
            two.dedup();
            springs.extend(two.into_iter().take(40).map(|other| (other, 2.0)));
            springs
        })
        .collect()
}

/// Where to start: two pivots span the plane. What is fixed pulls the others near.
fn start(
    adjacent: &[Vec<usize>],
    pivots: &[(usize, Vec<f64>)],
    fixed: &[Option<Point>],
) -> Vec<Point> {
    let axis = |number: usize, node: usize| pivots.get(number).map_or(0.0, |(_, hops)| hops[node]);
    let mut places: Vec<Point> = (0..adjacent.len())
        .map(|node| {
            // The golden angle tells apart what has the same distances.
            let angle = node as f64 * 2.399_963;
            let x = axis(0, node) - axis(1, node) * 0.5;
            let y = axis(2, node) - axis(3, node) * 0.5;
            (
                (x + 0.3 * angle.cos()) * STEP,
                (y + 0.3 * angle.sin()) * STEP,
            )
        })
        .collect();
    let anchored: Vec<Point> = fixed.iter().flatten().copied().collect();
    if let Some(count) = (!anchored.is_empty()).then_some(anchored.len() as f64) {
        let middle = anchored.iter().fold((0.0, 0.0), |sum, at| {
            (sum.0 + at.0 / count, sum.1 + at.1 / count)
        });
        for (place, fixed) in places.iter_mut().zip(fixed) {
            *place = fixed.unwrap_or((middle.0 + place.0 * 0.1, middle.1 + place.1 * 0.1));
        }
    }
    places
}

/// Turns a part so that it is as wide as can be: screens are.
fn turn(places: &mut [Point]) {
    let count = places.len().max(1) as f64;
    let middle = places.iter().fold((0.0, 0.0), |sum, at| {
        (sum.0 + at.0 / count, sum.1 + at.1 / count)
    });
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for place in places.iter() {
        let (x, y) = (place.0 - middle.0, place.1 - middle.1);
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
    let (sin, cos) = angle.sin_cos();
    for place in places.iter_mut() {
        let (x, y) = (place.0 - middle.0, place.1 - middle.1);
        *place = (x * cos + y * sin, y * cos - x * sin);
    }
}

/// Puts the parts side by side, the largest first, in rows about as wide as all of them are high.
fn pack(parts: &[Vec<usize>], places: &mut [Point]) {
    let bounds = |part: &[usize], places: &[Point]| {
        let xs = part.iter().map(|&node| places[node].0);
        let ys = part.iter().map(|&node| places[node].1);
        let min = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
        let max = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::NEG_INFINITY, f64::max);
        (
            min(&mut xs.clone()),
            min(&mut ys.clone()),
            max(&mut xs.clone()),
            max(&mut ys.clone()),
        )
    };
    let area: f64 = parts
        .iter()
        .map(|part| {
            let (left, top, right, bottom) = bounds(part, places);
            (right - left + STEP) * (bottom - top + STEP)
        })
        .sum();
    let width = (area.sqrt() * 1.4).max(parts.first().map_or(0.0, |part| {
        let (left, _, right, _) = bounds(part, places);
        right - left + STEP
    }));
    let (mut x, mut y, mut row) = (0.0, 0.0, 0.0f64);
    for part in parts {
        let (left, top, right, bottom) = bounds(part, places);
        if x > 0.0 && x + (right - left) > width {
            x = 0.0;
            y += row + STEP;
            row = 0.0;
        }
        for &node in part {
            places[node] = (places[node].0 - left + x, places[node].1 - top + y);
        }
        x += right - left + STEP;
        row = row.max(bottom - top);
    }
}

/// How near the nearest other node is, for those that a quarter has nearer.
fn nearest(given: &[Option<Point>]) -> Option<f64> {
    let places: Vec<Point> = given.iter().flatten().copied().collect();
    if places.len() > MOST_COMPARED {
        return None;
    }
    let mut distances: Vec<f64> = places
        .iter()
        .enumerate()
        .filter_map(|(index, a)| {
            let others = places
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index);
            others
                .map(|(_, b)| (a.0 - b.0).hypot(a.1 - b.1))
                .filter(|distance| *distance > 0.0)
                .min_by(f64::total_cmp)
        })
        .collect();
    distances.sort_by(f64::total_cmp);
    distances.get(distances.len() / 4).copied()
}

/// Moves apart what would cover each other: symbols with their names below.
fn spread(plan: &Plan, mut places: Vec<Point>) -> Vec<Point> {
    let sizes: Vec<Point> = plan
        .nodes
        .iter()
        .map(|node| {
            let width = short(&node.name).chars().count() as f64 * NAME_CHARACTER;
            (width.max(2.0 * SIZE) + 14.0, 2.0 * SIZE + NAME + 10.0)
        })
        .collect();
    let widest = sizes.iter().fold(1.0f64, |most, size| most.max(size.0));
    for round in 1..=SPREADING {
        let mut moved = false;
        let mut cells: HashMap<(i64, i64), Vec<usize>> = HashMap::new();
        let cell = |at: Point| {
            (
                (at.0 / widest).floor() as i64,
                (at.1 / widest).floor() as i64,
            )
        };
        for (index, &place) in places.iter().enumerate() {
            cells.entry(cell(place)).or_default().push(index);
        }
        for index in 0..places.len() {
            let (cx, cy) = cell(places[index]);
            for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
                for &other in cells.get(&(cx + dx, cy + dy)).into_iter().flatten() {
                    if other > index {
                        moved |= push(&mut places, &sizes, index, other);
                    }
                }
            }
        }
        if !moved {
            break;
        }
        // Where they push each other around in a circle, all of them get more room.
        if round % 20 == 0 {
            places = places.iter().map(|(x, y)| (x * 1.08, y * 1.08)).collect();
        }
    }
    places
}

/// Moves two nodes apart, the shorter way, if they cover each other.
fn push(places: &mut [Point], sizes: &[Point], one: usize, other: usize) -> bool {
    let (a, b) = (places[one], places[other]);
    let too_near = (
        (sizes[one].0 + sizes[other].0) / 2.0 - (b.0 - a.0).abs(),
        (sizes[one].1 + sizes[other].1) / 2.0 - (b.1 - a.1).abs(),
    );
    if too_near.0 <= 0.1 || too_near.1 <= 0.1 {
        return false;
    }
    // Exactly the same place: one goes to the right.
    let sign = |difference: f64| if difference < 0.0 { -1.0 } else { 1.0 };
    let (x, y) = match too_near.0 <= too_near.1 {
        true => (sign(b.0 - a.0) * too_near.0 / 2.0, 0.0),
        false => (0.0, sign(b.1 - a.1) * too_near.1 / 2.0),
    };
    places[one] = (a.0 - x, a.1 - y);
    places[other] = (b.0 + x, b.1 + y);
    true
}
