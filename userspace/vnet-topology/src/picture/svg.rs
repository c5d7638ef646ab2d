// SPDX-License-Identifier: GPL-2.0

//! SVG: links as lines, nodes as symbols with their names.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::labels::{short, Area, Taken, LINK_CHARACTER, NAME_CHARACTER};
use super::layout;
use super::symbols::{HOST, ROUTER, STYLE, SWITCH};
use crate::export::{picture_label, xml};
use crate::plan::{LinkPlan, NodeKind, Plan};

type Point = (f64, f64);

/// Margin around all that is drawn.
const MARGIN: f64 = 24.0;
/// Half the size of a symbol.
pub(super) const SIZE: f64 = 16.0;
/// Height of a name.
pub(super) const NAME: f64 = 15.0;
/// Height of what stands at a link.
const LABEL: f64 = 11.0;

/// More links than this are drawn as fine lines.
const MANY: usize = 150;

/// The lab as a picture, a whole SVG file.
pub fn svg(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_svg(&plan.with_media_as_switches(), &mut out);
    out
}

fn write_svg(plan: &Plan, out: &mut String) -> std::fmt::Result {
    let places = layout(plan);
    let at: HashMap<&str, Point> = plan
        .nodes
        .iter()
        .zip(&places)
        .map(|(node, place)| (node.name.as_str(), *place))
        .collect();
    let lines: Vec<Line> = plan
        .links
        .iter()
        .zip(bows(plan))
        .filter_map(|(link, bow)| {
            Some(Line {
                link,
                from: *at.get(link.ends[0].node.as_str())?,
                to: *at.get(link.ends[1].node.as_str())?,
                bow,
            })
        })
        .collect();
    let mut taken = Taken::default();
    for &(x, y) in &places {
        taken.add(Area {
            x,
            y,
            width: 2.0 * SIZE + 2.0,
            height: 2.0 * SIZE + 2.0,
        });
    }
    let names: Vec<Area> = plan
        .nodes
        .iter()
        .zip(&places)
        .map(|(node, place)| name_area(&mut taken, &short(&node.name), *place))
        .collect();
    let drawn = frame(&places, &names, &lines);
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{:.0} {:.0} {:.0} {:.0}\" width=\"{:.0}\" height=\"{:.0}\">",
        drawn.x, drawn.y, drawn.width, drawn.height, drawn.width, drawn.height
    )?;
    writeln!(out, "<title>{}</title>", xml(&plan.lab))?;
    writeln!(out, "<style>{STYLE}</style>")?;
    writeln!(
        out,
        "<rect class=\"paper\" x=\"{:.0}\" y=\"{:.0}\" width=\"{:.0}\" height=\"{:.0}\"/>",
        drawn.x, drawn.y, drawn.width, drawn.height
    )?;
    // Many lines are fine ones, so that the rest is seen.
    let class = if lines.len() > MANY {
        " class=\"many\""
    } else {
        ""
    };
    writeln!(out, "<g id=\"links\"{class}>")?;
    for line in &lines {
        line.write(out)?;
    }
    writeln!(out, "</g>\n<g id=\"labels\">")?;
    for line in &lines {
        line.write_label(&mut taken, out)?;
    }
    writeln!(out, "</g>\n<g id=\"nodes\">")?;
    for ((node, place), name) in plan.nodes.iter().zip(&places).zip(&names) {
        let (class, symbol) = match node.kind {
            NodeKind::Host => ("host", HOST),
            NodeKind::Router => ("router", ROUTER),
            NodeKind::Switch => ("switch", SWITCH),
        };
        writeln!(
            out,
            "<g class=\"node {class}\" data-node=\"{}\" transform=\"translate({:.1} {:.1})\">{symbol}<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            xml(&node.name),
            place.0,
            place.1,
            name.x - place.0,
            name.y - place.1 + 4.0,
            xml(&short(&node.name))
        )?;
    }
    writeln!(out, "</g>\n</svg>")
}

/// Where a node's name stands: below it, else where it is free.
fn name_area(taken: &mut Taken, name: &str, (x, y): Point) -> Area {
    let width = name.chars().count() as f64 * NAME_CHARACTER + 4.0;
    let aside = SIZE + 3.0 + width / 2.0;
    let (below, above) = (SIZE + 2.0 + NAME / 2.0, -(SIZE + 1.0 + NAME / 2.0));
    let at = |dx: f64, dy: f64| Area {
        x: x + dx,
        y: y + dy,
        width,
        height: NAME,
    };
    let candidates = [
        at(0.0, below),
        at(aside, 0.0),
        at(-aside, 0.0),
        at(0.0, above),
        at(width / 2.0, below),
        at(-width / 2.0, below),
        at(width / 2.0, above),
        at(-width / 2.0, above),
    ];
    taken.first_free(candidates).unwrap_or_else(|| {
        taken.add(candidates[0]);
        candidates[0]
    })
}

/// All that is drawn; its place is the upper left corner here.
fn frame(places: &[Point], names: &[Area], lines: &[Line]) -> Area {
    let (mut left, mut top) = (f64::INFINITY, f64::INFINITY);
    let (mut right, mut bottom) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    let mut include = |x: f64, y: f64, width: f64, height: f64| {
        left = left.min(x - width / 2.0);
        right = right.max(x + width / 2.0);
        top = top.min(y - height / 2.0);
        bottom = bottom.max(y + height / 2.0);
    };
    for &(x, y) in places {
        include(x, y, 2.0 * SIZE, 2.0 * SIZE);
    }
    for name in names {
        include(name.x, name.y, name.width, name.height);
    }
    for line in lines.iter().filter(|line| line.bow != 0.0) {
        let (x, y) = line.point(0.5);
        include(x, y, 1.0, 1.0);
    }
    if left > right {
        (left, top, right, bottom) = (0.0, 0.0, 0.0, 0.0);
    }
    Area {
        x: (left - MARGIN).floor(),
        y: (top - MARGIN).floor(),
        width: (right - left + 2.0 * MARGIN).ceil(),
        height: (bottom - top + 2.0 * MARGIN).ceil(),
    }
}

/// A link on the picture.
struct Line<'p> {
    link: &'p LinkPlan,
    from: Point,
    to: Point,
    /// How far it is bent.
    bow: f64,
}

impl Line<'_> {
    /// What it is bent to.
    fn handle(&self) -> Point {
        let (a, b) = (self.from, self.to);
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length = dx.hypot(dy).max(1e-6);
        (
            (a.0 + b.0) / 2.0 - dy / length * self.bow,
            (a.1 + b.1) / 2.0 + dx / length * self.bow,
        )
    }

    /// A point of it, from 0 to 1.
    fn point(&self, part: f64) -> Point {
        let (a, b, handle) = (self.from, self.to, self.handle());
        let (first, second, third) = (
            (1.0 - part) * (1.0 - part),
            2.0 * part * (1.0 - part),
            part * part,
        );
        (
            a.0 * first + handle.0 * second + b.0 * third,
            a.1 * first + handle.1 * second + b.1 * third,
        )
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let (a, b) = (self.from, self.to);
        let class = if self.link.up { "link" } else { "link down" };
        let path = match self.bow == 0.0 {
            true => format!("M{:.1} {:.1}L{:.1} {:.1}", a.0, a.1, b.0, b.1),
            false => {
                let (x, y) = self.handle();
                format!("M{:.1} {:.1}Q{x:.1} {y:.1} {:.1} {:.1}", a.0, a.1, b.0, b.1)
            }
        };
        let label = crate::export::link_label(self.link);
        let title = match label.is_empty() {
            true => self.link.name.clone(),
            false => format!("{}: {label}", self.link.name),
        };
        writeln!(
            out,
            "<path class=\"{class}\" data-link=\"{}\" d=\"{path}\"><title>{}</title></path>",
            xml(&self.link.name),
            xml(&title)
        )
    }

    /// Rate and delay, where there is room on the line.
    fn write_label(&self, taken: &mut Taken, out: &mut String) -> std::fmt::Result {
        let text = picture_label(self.link);
        if text.is_empty() {
            return Ok(());
        }
        let width = text.chars().count() as f64 * LINK_CHARACTER + 4.0;
        let candidates = [0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73].map(|part| {
            let (x, y) = self.point(part);
            Area {
                x,
                y,
                width,
                height: LABEL,
            }
        });
        match taken.first_free(candidates) {
            // The paper behind it hides the line between the words, too.
            Some(area) => writeln!(
                out,
                "<rect class=\"paper\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/><text class=\"label\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                area.x - area.width / 2.0,
                area.y - area.height / 2.0,
                area.width,
                area.height,
                area.x,
                area.y + 3.0,
                xml(&text)
            ),
            None => Ok(()),
        }
    }
}

/// How far each link is bent, so that several between the same nodes are seen.
fn bows(plan: &Plan) -> Vec<f64> {
    let key = |link: &LinkPlan| {
        let [a, b] = [link.ends[0].node.clone(), link.ends[1].node.clone()];
        match a < b {
            true => (a, b),
            false => (b, a),
        }
    };
    let mut count: HashMap<(String, String), usize> = HashMap::new();
    for link in &plan.links {
        *count.entry(key(link)).or_default() += 1;
    }
    let mut seen: HashMap<(String, String), usize> = HashMap::new();
    plan.links
        .iter()
        .map(|link| {
            let all = count[&key(link)];
            let number = seen.entry(key(link)).or_default();
            let bow = (*number as f64 - (all as f64 - 1.0) / 2.0) * 44.0;
            *number += 1;
            // The same side, whichever end comes first.
            match link.ends[0].node < link.ends[1].node {
                true => bow,
                false => -bow,
            }
        })
        .collect()
}
