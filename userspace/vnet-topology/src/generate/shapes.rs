// SPDX-License-Identifier: GPL-2.0

//! The graphs of the shapes.

use std::collections::HashSet;
use std::f64::consts::TAU;

use super::random::Random;
use super::{GenerateError, Graph, Shape, MAX_NODES};

/// Distance of neighbours on the picture.
const STEP: f64 = 100.0;
/// Light in glass: 1 km takes so many ns.
const NS_PER_KM: f64 = 5000.0;

pub(super) fn graph(shape: &Shape, seed: u64) -> Result<Graph, GenerateError> {
    match *shape {
        Shape::Line { nodes } => {
            within("the number of nodes", nodes, 1, MAX_NODES)?;
            Ok(line(nodes))
        }
        Shape::Ring { nodes } => {
            within("the number of nodes", nodes, 3, MAX_NODES)?;
            Ok(ring(nodes))
        }
        Shape::Star { leaves } => {
            within("the number of leaves", leaves, 1, MAX_NODES)?;
            Ok(star(leaves))
        }
        Shape::Tree { depth, fanout } => {
            within("the depth", depth, 1, 16)?;
            within("the fanout", fanout, 1, 1000)?;
            tree(depth, fanout)
        }
        Shape::Grid { width, height } => {
            within("the width", width, 1, MAX_NODES)?;
            within("the height", height, 1, MAX_NODES)?;
            within(
                "the number of nodes",
                width.saturating_mul(height),
                1,
                MAX_NODES,
            )?;
            Ok(grid(width, height))
        }
        Shape::FatTree { k } => {
            within("the number of ports", k, 2, 64)?;
            match k % 2 {
                0 => Ok(fat_tree(k)),
                _ => Err(GenerateError::OddPorts),
            }
        }
        Shape::Random { nodes, degree } => {
            within("the number of nodes", nodes, 1, MAX_NODES)?;
            positive("the degree", degree, 1000.0)?;
            Ok(random(nodes, degree, seed))
        }
        Shape::Waxman {
            nodes,
            alpha,
            beta,
            side,
        } => {
            // All pairs are looked at.
            within("the number of nodes", nodes, 1, 10_000)?;
            positive("alpha", alpha, 1.0)?;
            positive("beta", beta, 1.0)?;
            positive("the side", side, 40_000.0)?;
            Ok(waxman(nodes, alpha, beta, side, seed))
        }
    }
}

fn within(what: &'static str, size: usize, min: usize, max: usize) -> Result<(), GenerateError> {
    match (min..=max).contains(&size) {
        true => Ok(()),
        false => Err(GenerateError::Size { what, min, max }),
    }
}

fn positive(what: &'static str, number: f64, max: f64) -> Result<(), GenerateError> {
    match number > 0.0 && number <= max {
        true => Ok(()),
        false => Err(GenerateError::Number(what, max)),
    }
}

fn line(nodes: usize) -> Graph {
    let mut edge = vec![0, nodes - 1];
    edge.dedup();
    Graph {
        routers: (0..nodes).map(|index| (index as f64 * STEP, 0.0)).collect(),
        links: (1..nodes).map(|index| (index - 1, index, None)).collect(),
        edge,
    }
}

/// Places on a circle on which neighbours are a step apart.
fn circle(nodes: usize) -> Vec<(f64, f64)> {
    let radius = (nodes as f64 * STEP / TAU).max(STEP);
    (0..nodes)
        .map(|index| {
            let angle = index as f64 / nodes as f64 * TAU;
            (
                (radius * angle.sin()).round(),
                (-radius * angle.cos()).round(),
            )
        })
        .collect()
}

fn ring(nodes: usize) -> Graph {
    Graph {
        routers: circle(nodes),
        links: (0..nodes)
            .map(|index| (index, (index + 1) % nodes, None))
            .collect(),
        edge: (0..nodes).collect(),
    }
}

fn star(leaves: usize) -> Graph {
    let mut routers = vec![(0.0, 0.0)];
    routers.extend(circle(leaves));
    Graph {
        routers,
        links: (1..=leaves).map(|leaf| (0, leaf, None)).collect(),
        edge: (1..=leaves).collect(),
    }
}

fn tree(depth: usize, fanout: usize) -> Result<Graph, GenerateError> {
    // Level by level; each level's first router follows the last of the one above.
    let mut graph = Graph::default();
    let mut level = 1usize;
    let leaves = fanout.saturating_pow(depth as u32);
    within("the number of leaves", leaves, 1, MAX_NODES)?;
    let width = leaves as f64 * STEP;
    for row in 0..=depth {
        let first = graph.routers.len();
        for index in 0..level {
            let x = (index as f64 + 0.5) / level as f64 * width;
            graph.routers.push((x.round(), row as f64 * STEP));
            if row > 0 {
                graph
                    .links
                    .push((first - level / fanout + index / fanout, first + index, None));
            }
            if row == depth {
                graph.edge.push(first + index);
            }
        }
        level = level.saturating_mul(fanout);
    }
    within("the number of nodes", graph.routers.len(), 1, MAX_NODES)?;
    Ok(graph)
}

fn grid(width: usize, height: usize) -> Graph {
    let mut graph = Graph::default();
    for y in 0..height {
        for x in 0..width {
            let index = y * width + x;
            graph.routers.push((x as f64 * STEP, y as f64 * STEP));
            if x > 0 {
                graph.links.push((index - 1, index, None));
            }
            if y > 0 {
                graph.links.push((index - width, index, None));
            }
        }
    }
    // Hosts at the corners, so that there is a way to go.
    let mut corners = vec![0, width - 1, (height - 1) * width, height * width - 1];
    corners.sort_unstable();
    corners.dedup();
    graph.edge = corners;
    graph
}

fn fat_tree(k: usize) -> Graph {
    let half = k / 2;
    let core = half * half;
    let pod_width = half as f64 * STEP;
    let mut graph = Graph::default();
    for index in 0..core {
        let x = (index as f64 + 0.5) / core as f64 * k as f64 * pod_width;
        graph.routers.push((x.round(), 0.0));
    }
    for pod in 0..k {
        let aggregation = core + pod * k;
        let edge = aggregation + half;
        for row in 0..2 {
            for index in 0..half {
                let x = pod as f64 * pod_width + (index as f64 + 0.5) * STEP;
                graph.routers.push((x, (row as f64 + 1.0) * 2.0 * STEP));
            }
        }
        for a in 0..half {
            // The a-th of each pod is linked to the a-th group of the core.
            graph
                .links
                .extend((0..half).map(|c| (a * half + c, aggregation + a, None)));
            graph
                .links
                .extend((0..half).map(|e| (aggregation + a, edge + e, None)));
        }
        graph.edge.extend(edge..edge + half);
    }
    graph
}

fn random(nodes: usize, degree: f64, seed: u64) -> Graph {
    let mut random = Random::new(seed, "random");
    let mut graph = Graph {
        routers: circle(nodes),
        links: Vec::new(),
        edge: (0..nodes).collect(),
    };
    let mut present = HashSet::new();
    for index in 1..nodes {
        let parent = random.below(index);
        present.insert((parent, index));
        graph.links.push((parent, index, None));
    }
    let possible = nodes * (nodes - 1) / 2;
    let wanted = ((nodes as f64 * degree / 2.0).round() as usize).min(possible);
    // A nearly complete graph is not found by chance: give up some of the last links.
    let mut misses = 0;
    while graph.links.len() < wanted && misses < 1000 {
        let (a, b) = (random.below(nodes), random.below(nodes));
        let pair = (a.min(b), a.max(b));
        if a != b && present.insert(pair) {
            graph.links.push((pair.0, pair.1, None));
            misses = 0;
        } else {
            misses += 1;
        }
    }
    graph
}

fn waxman(nodes: usize, alpha: f64, beta: f64, side: f64, seed: u64) -> Graph {
    let mut random = Random::new(seed, "waxman");
    let places: Vec<(f64, f64)> = (0..nodes)
        .map(|_| (random.unit() * side, random.unit() * side))
        .collect();
    let distance = |a: usize, b: usize| {
        let (a, b) = (places[a], places[b]);
        (a.0 - b.0).hypot(a.1 - b.1)
    };
    let scale = beta * side * std::f64::consts::SQRT_2;
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let mut parts: Vec<usize> = (0..nodes).collect();
    for a in 0..nodes {
        for b in a + 1..nodes {
            if random.unit() < alpha * (-distance(a, b) / scale).exp() {
                pairs.push((a, b));
                join(&mut parts, a, b);
            }
        }
    }
    connect(&mut parts, &mut pairs, distance);
    // On a picture of a thousand units; never two at the same place exactly.
    let zoom = 1000.0 / side;
    Graph {
        routers: places
            .iter()
            .map(|(x, y)| ((x * zoom).round(), (y * zoom).round()))
            .collect(),
        links: pairs
            .into_iter()
            .map(|(a, b)| {
                (
                    a,
                    b,
                    Some((distance(a, b) * NS_PER_KM / 1000.0).round().max(1.0) as u64 * 1000),
                )
            })
            .collect(),
        edge: (0..nodes).collect(),
    }
}

fn find(parts: &mut [usize], mut at: usize) -> usize {
    while parts[at] != at {
        parts[at] = parts[parts[at]];
        at = parts[at];
    }
    at
}

fn join(parts: &mut [usize], a: usize, b: usize) -> bool {
    let (a, b) = (find(parts, a), find(parts, b));
    parts[a.max(b)] = a.min(b);
    a != b
}

/// Joins the parts of a graph: the first with the node nearest to it that is not in it, again and again (Prim).
fn connect(
    parts: &mut [usize],
    pairs: &mut Vec<(usize, usize)>,
    distance: impl Fn(usize, usize) -> f64,
) {
    let nodes = parts.len();
    if nodes == 0 {
        return;
    }
    let mut inside = vec![false; nodes];
    // For each node outside: the nearest one inside.
    let mut nearest: Vec<(f64, usize)> = vec![(f64::INFINITY, 0); nodes];
    let mut fresh: Vec<usize> = vec![0];
    loop {
        let root = find(parts, 0);
        let part: Vec<usize> = (0..nodes)
            .filter(|&node| find(parts, node) == root && !inside[node])
            .collect();
        for node in part {
            inside[node] = true;
            fresh.push(node);
        }
        for &from in &fresh {
            for node in (0..nodes).filter(|&node| !inside[node]) {
                let d = distance(from, node);
                if d < nearest[node].0 {
                    nearest[node] = (d, from);
                }
            }
        }
        fresh.clear();
        let next = (0..nodes)
            .filter(|&node| !inside[node])
            .min_by(|&a, &b| nearest[a].0.total_cmp(&nearest[b].0));
        let Some(next) = next else { return };
        let from = nearest[next].1;
        pairs.push((from.min(next), from.max(next)));
        join(parts, from, next);
    }
}
