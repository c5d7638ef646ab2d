// SPDX-License-Identifier: GPL-2.0

//! Networks of operators, as the Topology Zoo has them: places with coordinates, lines between them, some with a speed.
//!
//! GraphML and GML are two ways of writing the same; what the attributes mean is here.

use std::collections::{BTreeMap, HashMap, HashSet};

use vnet_topology::units::{show_rate, show_time, MAX_RATE, MAX_TIME, MIN_RATE};
use vnet_topology::write::{End, Link, Node, Parameters, Topology};

use crate::names::Names;
use crate::{ImportError, Imported, Options, Warnings};

/// Radius of the earth, km.
const EARTH: f64 = 6371.0;
/// Light in glass goes at two thirds of its speed in vacuum: ns for a km.
const NS_PER_KM: f64 = 5003.5;
/// Width of a picture.
const WIDTH: f64 = 1000.0;

/// A graph with attributes.
#[derive(Default)]
pub(crate) struct Graph {
    /// Its own id, if it has one.
    pub id: Option<String>,
    pub attributes: BTreeMap<String, String>,
    pub nodes: Vec<GraphNode>,
    pub edges: Vec<GraphEdge>,
    /// What the reader could not carry over.
    pub left_out: Vec<String>,
}

/// Attributes of nodes that are used, or say nothing of the network.
const NODE_ATTRIBUTES: &[&str] = &[
    "id",
    "label",
    "Latitude",
    "Longitude",
    "Country",
    "Internal",
    "type",
    "hyperedge",
    "kind",
    "x",
    "y",
    "name",
    "description",
];

/// The same of edges.
const EDGE_ATTRIBUTES: &[&str] = &[
    "id",
    "key",
    "source",
    "target",
    "label",
    "description",
    "LinkLabel",
    "LinkType",
    "LinkNote",
    "LinkSpeed",
    "LinkSpeedRaw",
    "LinkSpeedUnits",
    "delay_ns",
    "backward_delay_ns",
    "name",
    "x",
    "y",
];

pub(crate) struct GraphNode {
    pub id: String,
    pub attributes: BTreeMap<String, String>,
}

pub(crate) struct GraphEdge {
    pub source: String,
    pub target: String,
    /// Whether it is one direction, so that the one back belongs to it.
    pub directed: bool,
    pub attributes: BTreeMap<String, String>,
}

/// A place on the earth, degrees.
#[derive(Clone, Copy)]
struct Place {
    latitude: f64,
    longitude: f64,
}

impl Place {
    fn of(node: &GraphNode) -> Option<Place> {
        let number = |key: &str| {
            node.attributes
                .get(key)?
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|n| n.is_finite())
        };
        let place = Place {
            latitude: number("Latitude")?,
            longitude: number("Longitude")?,
        };
        (place.latitude.abs() <= 90.0 && place.longitude.abs() <= 360.0).then_some(place)
    }

    /// Along a great circle, km.
    fn distance(self, other: Place) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let (dlat, dlon) = (b - a, (other.longitude - self.longitude).to_radians());
        let h = (dlat / 2.0).sin().powi(2) + a.cos() * b.cos() * (dlon / 2.0).sin().powi(2);
        2.0 * EARTH * h.sqrt().min(1.0).asin()
    }
}

/// Makes a topology of a graph: a router for each node, a switch where several lines meet without one.
pub(crate) fn convert(graph: &Graph, options: &Options) -> Result<Imported, ImportError> {
    let mut warnings = Warnings::default();
    let mut topology = Topology {
        name: graph
            .attributes
            .get("Network")
            .or(graph.attributes.get("label"))
            // What many programs call any graph says nothing.
            .or(graph.id.as_ref().filter(|id| *id != "G"))
            .and_then(|name| crate::names::given_lab_name(name)),
        routing: options.routing.clone(),
        ..Topology::default()
    };
    if let Some(source) = graph.attributes.get("Source") {
        topology.comment.push(format!(
            "Source: {}",
            source.lines().next().unwrap_or_default()
        ));
    }
    let mut names = Names::default();
    let mut by_id: HashMap<&str, (String, Option<Place>)> = HashMap::new();
    let map = Map::of(graph);
    for node in &graph.nodes {
        // Some programs say `name`.
        let label = node.attributes.get("label").or(node.attributes.get("name"));
        let label = label.map_or("", String::as_str);
        let name = names.host(label, &node.id);
        let place = Place::of(node);
        if by_id.insert(&node.id, (name.clone(), place)).is_some() {
            return Err(ImportError::syntax(format!(
                "there are two nodes with the id {}",
                node.id
            )));
        }
        let hyperedge = node
            .attributes
            .get("hyperedge")
            .is_some_and(|value| value.trim() == "1");
        let kind = match node.attributes.get("kind").map(|kind| kind.trim()) {
            // What `vnetctl convert` writes.
            Some(kind @ ("host" | "router" | "switch")) => kind,
            _ if hyperedge => "switch",
            _ => "router",
        };
        let mut labels = Vec::new();
        if !label.is_empty() && label != name {
            labels.push(("label".to_owned(), label.to_owned()));
        }
        if let Some(country) = node.attributes.get("Country") {
            labels.push(("country".to_owned(), country.clone()));
        }
        topology.nodes.push(Node {
            name,
            kind: kind.into(),
            // Several of them may form a circle.
            stp: hyperedge,
            position: match place {
                Some(place) => Some(map.position(place)),
                None => drawn_at(node),
            },
            labels,
            ..Node::default()
        });
    }
    for what in &graph.left_out {
        warnings.add("", what.clone());
    }
    let of_nodes = graph.nodes.iter().map(|node| &node.attributes);
    not_carried_over(&mut warnings, "nodes", of_nodes, NODE_ATTRIBUTES);
    let of_edges = graph.edges.iter().map(|edge| &edge.attributes);
    not_carried_over(&mut warnings, "links", of_edges, EDGE_ATTRIBUTES);
    let (mut without_rate, mut without_delay, mut carried) = (0, 0, 0);
    let mut ways = OneWay::default();
    for edge in &graph.edges {
        let about = format!("link {} to {}", edge.source, edge.target);
        let (Some(from), Some(to)) = (
            by_id.get(edge.source.as_str()),
            by_id.get(edge.target.as_str()),
        ) else {
            warnings.add(about, "one of its nodes does not exist: left out");
            continue;
        };
        if edge.source == edge.target {
            warnings.add(format!("node {}", from.0), "a link to itself: left out");
            continue;
        }
        let mut link = Link {
            ends: [End::of(&from.0), End::of(&to.0)],
            ..Link::default()
        };
        match rate(&edge.attributes) {
            Some(rate) if (MIN_RATE as f64..=MAX_RATE as f64).contains(&rate) => {
                link.both.set("rate", show_rate(Some(rate.round() as u64)));
            }
            Some(rate) => {
                warnings.add(
                    about,
                    format!("a rate of {rate} bit/s cannot be emulated: unlimited"),
                );
            }
            None => without_rate += 1,
        }
        let given = delays(&edge.attributes);
        match (from.1, to.1) {
            _ if given.is_some() => {
                let [forward, backward] = given.unwrap_or_default();
                if forward == backward {
                    set_delay(&mut link.both, forward);
                } else {
                    set_delay(&mut link.forward, forward);
                    set_delay(&mut link.backward, backward);
                }
            }
            (Some(from), Some(to)) => {
                // To the microsecond: the distance is no more exact.
                let delay = (from.distance(to) * NS_PER_KM / 1000.0).round() as u64 * 1000;
                set_delay(&mut link.both, delay);
            }
            _ => without_delay += 1,
        }
        carried += 1;
        match edge.directed {
            true => ways.add(&mut topology.links, link),
            false => topology.links.push(link),
        }
    }
    let lonely = ways.waiting.values().map(Vec::len).sum::<usize>();
    if lonely > 0 {
        warnings.add(
            "",
            format!("{lonely} directed edges have no way back: the links have the same in both directions"),
        );
    }
    let links = match graph.edges.iter().any(|edge| edge.directed) {
        true => "edges",
        false => "links",
    };
    if without_rate > 0 {
        let given = options.default_rate.as_deref();
        if let Some(rate) = given {
            topology.link_defaults.set("rate", rate);
        }
        warnings.add(
            "",
            format!(
                "{without_rate} of {carried} {links} have no speed: {}",
                given.map_or(
                    "unlimited (`--default-rate` gives them one)".to_owned(),
                    |rate| format!("they have {rate}")
                )
            ),
        );
    }
    if without_delay > 0 {
        warnings.add(
            "",
            format!(
                "{without_delay} of {carried} {links} have an end without coordinates: no delay"
            ),
        );
    }
    let parts = parts(&topology);
    if parts > 1 {
        warnings.add(
            "",
            format!("the network has {parts} parts that are not connected"),
        );
    }
    Ok(Imported {
        topology,
        warnings: warnings.list,
    })
}

/// Makes one link of a directed edge and the one back.
#[derive(Default)]
struct OneWay {
    /// Links that no edge back belongs to so far, by the nodes of their ends.
    waiting: HashMap<[String; 2], Vec<usize>>,
}

impl OneWay {
    fn add(&mut self, links: &mut Vec<Link>, mut link: Link) {
        let [from, to] = link.ends.each_ref().map(|end| end.node.clone());
        let back = self.waiting.get_mut(&[to.clone(), from.clone()]);
        let Some(first) = back
            .and_then(Vec::pop)
            .and_then(|index| links.get_mut(index))
        else {
            self.waiting
                .entry([from, to])
                .or_default()
                .push(links.len());
            return links.push(link);
        };
        if first.both != link.both {
            first.forward = std::mem::take(&mut first.both);
            first.backward = std::mem::take(&mut link.both);
        }
    }
}

/// Tells of attributes without a meaning here, once for each.
fn not_carried_over<'g>(
    warnings: &mut Warnings,
    what: &str,
    objects: impl Iterator<Item = &'g BTreeMap<String, String>>,
    known: &[&str],
) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for key in objects.flat_map(BTreeMap::keys) {
        // How the Topology Zoo has found the coordinates.
        if !known.contains(&key.as_str()) && !key.starts_with("geocode_") {
            *counts.entry(key).or_default() += 1;
        }
    }
    for (key, count) in counts {
        warnings.add("", format!("`{key}` of {count} {what} is not carried over"));
    }
}

fn set_delay(parameters: &mut Parameters, delay: u64) {
    if delay > 0 {
        parameters.set("delay", show_time(delay.min(MAX_TIME)));
    }
}

/// Delays that stand in the file, ns: those that `vnetctl convert` writes.
fn delays(attributes: &BTreeMap<String, String>) -> Option<[u64; 2]> {
    let number = |key: &str| attributes.get(key)?.trim().parse::<u64>().ok();
    let forward = number("delay_ns");
    let backward = number("backward_delay_ns");
    if forward.is_none() && backward.is_none() {
        return None;
    }
    let forward = forward.unwrap_or(0);
    Some([forward, backward.unwrap_or(forward)])
}

/// A place on a picture rather than the earth.
fn drawn_at(node: &GraphNode) -> Option<(f64, f64)> {
    let number = |key: &str| {
        let number = node.attributes.get(key)?.trim().parse::<f64>().ok();
        number.filter(|number| number.abs() <= 1e6)
    };
    Some((number("x")?, number("y")?))
}

/// Speed of a line, bit/s.
fn rate(attributes: &BTreeMap<String, String>) -> Option<f64> {
    let number = |key: &str| attributes.get(key)?.trim().parse::<f64>().ok();
    let positive = |rate: &f64| rate.is_finite() && *rate > 0.0;
    if let Some(raw) = number("LinkSpeedRaw").filter(positive) {
        return Some(raw);
    }
    let unit = match attributes.get("LinkSpeedUnits").map(|unit| unit.trim()) {
        Some("G") => 1e9,
        Some("M") => 1e6,
        Some("K" | "k") => 1e3,
        Some("T") => 1e12,
        _ => 0.0,
    };
    if let Some(speed) = number("LinkSpeed")
        .map(|speed| speed * unit)
        .filter(positive)
    {
        return Some(speed);
    }
    ["LinkType", "LinkLabel"]
        .iter()
        .find_map(|key| named_rate(attributes.get(*key)?))
}

/// The number that a text begins with, and what follows.
fn leading_number(text: &str) -> (Option<f64>, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    (text[..end].parse().ok(), text[end..].trim_start())
}

/// Speed of a line by what it is called.
fn named_rate(label: &str) -> Option<f64> {
    let label = label.trim().to_lowercase();
    for (prefix, unit) in [
        ("oc-", 51.84e6),
        ("oc", 51.84e6),
        ("stm-", 155.52e6),
        ("stm", 155.52e6),
    ] {
        if let Some(rest) = label.strip_prefix(prefix) {
            if let (Some(n), _) = leading_number(rest) {
                return Some(n * unit);
            }
        }
    }
    for (name, rate) in [
        ("t1", 1.544e6),
        ("ds1", 1.544e6),
        ("e1", 2.048e6),
        ("t3", 44.736e6),
        ("ds3", 44.736e6),
        ("ds-3", 44.736e6),
        ("e3", 34.368e6),
        ("fast ethernet", 100e6),
        ("gige", 1e9),
        ("gigabit ethernet", 1e9),
        ("ge", 1e9),
    ] {
        if label == name {
            return Some(rate);
        }
    }
    let (value, unit) = leading_number(&label);
    let unit = unit.replace(['/', ' '], "");
    let scale = match unit.as_str() {
        "gbps" | "gbs" | "gbits" | "gbit" | "gb" | "g" | "gbe" | "ge" | "gige" => 1e9,
        "mbps" | "mbs" | "mbits" | "mbit" | "mb" | "m" => 1e6,
        "kbps" | "kbs" | "kbits" | "kbit" | "kb" | "k" => 1e3,
        _ => return None,
    };
    value.map(|value| value * scale).filter(|rate| *rate > 0.0)
}

/// How many parts of the network are not connected with each other.
fn parts(topology: &Topology) -> usize {
    let mut neighbours: HashMap<&str, Vec<&str>> = HashMap::new();
    for link in &topology.links {
        let [a, b] = [link.ends[0].node.as_str(), link.ends[1].node.as_str()];
        neighbours.entry(a).or_default().push(b);
        neighbours.entry(b).or_default().push(a);
    }
    let mut seen: HashSet<&str> = HashSet::new();
    let mut parts = 0;
    for node in &topology.nodes {
        if !seen.insert(&node.name) {
            continue;
        }
        parts += 1;
        let mut todo = vec![node.name.as_str()];
        while let Some(at) = todo.pop() {
            for &next in neighbours.get(at).into_iter().flatten() {
                if seen.insert(next) {
                    todo.push(next);
                }
            }
        }
    }
    parts
}

/// From the earth to a picture: north is up, and the middle latitude has its proportions.
struct Map {
    west: f64,
    north: f64,
    /// Units for a degree of longitude, and of latitude.
    scale: (f64, f64),
}

impl Map {
    fn of(graph: &Graph) -> Map {
        let places: Vec<Place> = graph.nodes.iter().filter_map(Place::of).collect();
        let bounds = |key: fn(&Place) -> f64| {
            let values = places.iter().map(key);
            (
                values.clone().fold(f64::INFINITY, f64::min),
                values.fold(f64::NEG_INFINITY, f64::max),
            )
        };
        let (south, north) = bounds(|place| place.latitude);
        let (west, east) = bounds(|place| place.longitude);
        if places.is_empty() {
            return Map {
                west: 0.0,
                north: 0.0,
                scale: (1.0, 1.0),
            };
        }
        let stretch = ((south + north) / 2.0).to_radians().cos().max(0.1);
        let extent = ((east - west) * stretch).max(north - south).max(1e-6);
        let unit = WIDTH / extent;
        Map {
            west,
            north,
            scale: (unit * stretch, unit),
        }
    }

    fn position(&self, place: Place) -> (f64, f64) {
        (
            ((place.longitude - self.west) * self.scale.0).round(),
            ((self.north - place.latitude) * self.scale.1).round(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_by_name() {
        for (label, expected) in [
            ("OC-192c", 9953.28e6),
            ("OC48", 2488.32e6),
            ("STM-16", 2488.32e6),
            ("10 Gbps", 10e9),
            ("155 Mb/s", 155e6),
            ("2.5Gbps", 2.5e9),
            ("T3", 44.736e6),
            ("10GE", 10e9),
        ] {
            let rate = named_rate(label).unwrap();
            assert!((rate - expected).abs() < 1.0, "{label}: {rate}");
        }
        for label in ["", "leased", "< 10 Gbps", "c"] {
            assert_eq!(named_rate(label), None, "{label}");
        }
    }

    #[test]
    fn distance_of_cities() {
        let vienna = Place {
            latitude: 48.2085,
            longitude: 16.3721,
        };
        let new_york = Place {
            latitude: 40.7143,
            longitude: -74.006,
        };
        assert!((vienna.distance(new_york) - 6810.0).abs() < 20.0);
    }
}
