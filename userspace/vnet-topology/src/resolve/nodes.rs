// SPDX-License-Identifier: GPL-2.0

//! What each node is, with the defaults applied.

use super::NodeState;
use crate::decode::Problems;
use crate::file::{Defaults, File, Kind, Node, NodeParams, Routing, Suite};
use crate::plan::NodeKind;
use crate::report::{At, Problem};

/// All nodes of the file.
pub(crate) fn resolve<'f>(problems: &Problems, file: &'f File) -> Vec<NodeState<'f>> {
    let default_kind = match &file.defaults.kind {
        Some(kind) => match kind.value {
            NodeKind::Host => Kind::Host,
            NodeKind::Router => Kind::Router,
            NodeKind::Switch => Kind::Switch,
        },
        None => Kind::Host,
    };
    file.nodes
        .iter()
        .map(|node| {
            let kind = node.kind.as_ref().map_or(default_kind, |kind| kind.value);
            check_fields(problems, node, kind);
            let params = merge(&file.defaults, node, kind);
            check_suite(problems, node, kind, &params);
            NodeState {
                file: node,
                kind,
                params,
                ends: Vec::new(),
                vlan_filtering: false,
            }
        })
        .collect()
}

/// Refuses daemons of FRR on a router that BIRD routes: both would write the kernel's routes.
fn check_suite(problems: &Problems, node: &Node, kind: Kind, params: &NodeParams) {
    let bird = params.routing.as_ref().is_some_and(|routing| {
        matches!(routing.value, Routing::Dynamic(protocols) if protocols.suite == Suite::Bird)
    });
    if let (true, Kind::Router, Some(frr)) = (bird, kind, params.frr.first()) {
        problems.add(
            Problem::new(
                frr.span.clone(),
                format!(
                    "`{}` routes with BIRD and runs no daemons of FRR",
                    node.name.value
                ),
            )
            .help("leave out `frr`, or `bird` in `routing`"),
        );
    }
}

/// Refuses what a node of this kind cannot have. (As a default it is meant for the nodes that can.)
fn check_fields(problems: &Problems, node: &Node, kind: Kind) {
    let params = &node.params;
    let refuse = |span: &crate::report::Span, message: String, help: &str| {
        problems.add(Problem::new(span.clone(), message).help(help));
    };
    let name = &node.name.value;
    match (kind, &node.device) {
        (Kind::Rj45, None) => refuse(
            &node.name.span,
            format!("`{name}` has no `device`"),
            "an rj45 node is a network device of the machine: `device: eth1`",
        ),
        (Kind::Rj45, Some(_)) | (_, None) => {}
        (_, Some(device)) => refuse(
            &device.span,
            format!("`{name}` is no rj45 node and has no device of the machine"),
            "make it `kind: rj45`",
        ),
    }
    if let (Some(nat), true) = (&node.nat, kind != Kind::Router) {
        refuse(
            &nat.span,
            format!("`{name}` is not a router and translates no addresses"),
            "make it `kind: router`",
        );
    }
    if kind.kind() != NodeKind::Switch {
        if let Some(stp) = &params.stp {
            refuse(
                &stp.span,
                format!("`{name}` is not a switch and has no spanning tree"),
                "make it `kind: switch`",
            );
        }
        if let Some(ageing) = &params.ageing {
            refuse(
                &ageing.span,
                format!("`{name}` is not a switch and learns no addresses"),
                "make it `kind: switch`",
            );
        }
        if kind == Kind::Host {
            if let Some(At {
                value: Routing::Dynamic(_),
                span,
            }) = &params.routing
            {
                refuse(
                    span,
                    format!("`{name}` is a host and runs no routing protocol"),
                    "make it `kind: router`",
                );
            }
            if let Some(asn) = &params.asn {
                refuse(
                    &asn.span,
                    format!("`{name}` is a host and in no autonomous system"),
                    "make it `kind: router`",
                );
            }
        }
        return;
    }
    const HELP: &str =
        "a switch forwards frames; put a router or host beside it for what needs addresses";
    if let Some(routing) = &params.routing {
        if routing.value != Routing::None {
            refuse(
                &routing.span,
                format!("`{name}` is a switch and does not route"),
                HELP,
            );
        }
    }
    if let Some(gateway) = &params.gateway {
        refuse(
            &gateway.span,
            format!("`{name}` is a switch and has no gateway"),
            HELP,
        );
    }
    if let Some(id) = &params.router_id {
        refuse(
            &id.span,
            format!("`{name}` is a switch and has no router id"),
            HELP,
        );
    }
    if let Some(asn) = &params.asn {
        refuse(
            &asn.span,
            format!("`{name}` is a switch and in no autonomous system"),
            HELP,
        );
    }
    if let Some(frr) = params.frr.first() {
        refuse(
            &frr.span,
            format!("`{name}` is a switch and runs no routing daemons"),
            HELP,
        );
    }
    if let Some(interface) = params.interfaces.first() {
        refuse(
            &interface.name.span,
            format!("`{name}` is a switch and has only ports"),
            HELP,
        );
    }
    if let Some(route) = params.routes.first() {
        refuse(
            &route.to.span,
            format!("`{name}` is a switch and has no routes"),
            HELP,
        );
    }
    if kind == Kind::Hub {
        if let Some(ageing) = &params.ageing {
            refuse(
                &ageing.span,
                format!("`{name}` is a hub and learns no addresses"),
                "make it `kind: switch`",
            );
        }
    }
}

/// The node's own over its kind's over everybody's. Lists and maps are joined, the more general first; where two have
/// the same key, the node's own wins.
fn merge(defaults: &Defaults, node: &Node, kind: Kind) -> NodeParams {
    let of_kind = match kind.kind() {
        NodeKind::Host => &defaults.host,
        NodeKind::Router => &defaults.router,
        NodeKind::Switch => &defaults.switch,
    };
    let layers = [&defaults.node, of_kind, &node.params];
    /// The most specific one.
    fn last<T: Clone>(
        layers: &[&NodeParams; 3],
        field: impl Fn(&NodeParams) -> &Option<At<T>>,
    ) -> Option<At<T>> {
        layers.iter().rev().find_map(|layer| field(layer).clone())
    }
    /// All of them, the more general first.
    fn all<T: Clone>(layers: &[&NodeParams; 3], field: impl Fn(&NodeParams) -> &Vec<T>) -> Vec<T> {
        layers
            .iter()
            .flat_map(|layer| field(layer).iter().cloned())
            .collect()
    }
    NodeParams {
        routing: last(&layers, |p| &p.routing),
        gateway: last(&layers, |p| &p.gateway),
        asn: last(&layers, |p| &p.asn),
        frr: all(&layers, |p| &p.frr),
        router_id: last(&layers, |p| &p.router_id),
        interfaces: all(&layers, |p| &p.interfaces),
        routes: all(&layers, |p| &p.routes),
        sysctls: all(&layers, |p| &p.sysctls),
        env: all(&layers, |p| &p.env),
        labels: all(&layers, |p| &p.labels),
        files: all(&layers, |p| &p.files),
        daemons: all(&layers, |p| &p.daemons),
        commands: all(&layers, |p| &p.commands),
        cpu: last(&layers, |p| &p.cpu),
        memory: last(&layers, |p| &p.memory),
        pids: last(&layers, |p| &p.pids),
        stp: last(&layers, |p| &p.stp),
        ageing: last(&layers, |p| &p.ageing),
    }
}

impl NodeState<'_> {
    /// How it gets its routes.
    pub fn routing(&self) -> Routing {
        let routing = self.params.routing.as_ref().map(|routing| routing.value);
        match self.kind.kind() {
            NodeKind::Switch => Routing::None,
            NodeKind::Router => routing.unwrap_or(Routing::Static),
            // A protocol as a default of all nodes is meant for the routers.
            NodeKind::Host => match routing {
                Some(Routing::None) => Routing::None,
                _ => Routing::Static,
            },
        }
    }
}
