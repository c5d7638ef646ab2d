// SPDX-License-Identifier: GPL-2.0

//! Which graphs of blocks make sense.

use proptest::prelude::*;
use vnet_model::graph::{
    reaches, Block, Carries, Graph, Mark, Passage, Port, Refusal, Seen, Side, MAX_DEPTH,
};

#[derive(Default)]
struct Net {
    blocks: Vec<Block>,
    ports: Vec<Port>,
}

impl Net {
    fn add(&mut self, passage: Passage, ports: &[(Side, Carries)]) -> usize {
        let block = self.blocks.len();
        self.blocks.push(Block {
            first: self.ports.len(),
            ports: ports.len(),
            passage,
        });
        for &(side, carries) in ports {
            self.ports.push(Port {
                block,
                side,
                carries,
                peer: None,
            });
        }
        block
    }

    fn forward(&mut self) -> usize {
        self.add(
            Passage::Through,
            &[(Side::Lower, Carries::Any), (Side::Upper, Carries::Any)],
        )
    }

    /// Binds port `b` of the upper block to port `d` of the lower one.
    fn bind(&mut self, (a, b): (usize, usize), (c, d): (usize, usize)) {
        let (upper, lower) = (self.blocks[a].first + b, self.blocks[c].first + d);
        self.ports[upper].peer = Some(lower);
        self.ports[lower].peer = Some(upper);
    }

    fn check(&self) -> Result<(), Refusal> {
        let mut marks = vec![Mark::default(); self.ports.len()];
        let graph = Graph {
            blocks: &self.blocks,
            ports: &self.ports,
        };
        graph.check_carried(&mut marks)?;
        graph.check_paths(&mut marks)
    }
}

fn chain(length: usize) -> Net {
    let mut net = Net::default();
    for number in 0..length {
        net.forward();
        if number > 0 {
            net.bind((number, 0), (number - 1, 1));
        }
    }
    net
}

#[test]
fn chains_up_to_the_greatest_depth() {
    assert_eq!(chain(0).check(), Ok(()));
    assert_eq!(chain(MAX_DEPTH.into()).check(), Ok(()));
    assert_eq!(chain(MAX_DEPTH as usize + 1).check(), Err(Refusal::TooDeep));
}

#[test]
fn loops() {
    let mut ring = chain(5);
    ring.bind((0, 0), (4, 1));
    assert_eq!(ring.check(), Err(Refusal::Loop));
    let mut own = chain(1);
    own.bind((0, 0), (0, 1));
    assert_eq!(own.check(), Err(Refusal::Loop));
}

#[test]
fn a_block_that_packets_do_not_pass_closes_no_loop() {
    let mut net = chain(3);
    let end = net.add(
        Passage::Nowhere,
        &[(Side::Upper, Carries::Frame), (Side::Lower, Carries::Frame)],
    );
    net.bind((0, 0), (end, 0));
    net.bind((end, 1), (2, 1));
    assert_eq!(net.check(), Ok(()));
}

#[test]
fn blocks_that_turn_packets_round() {
    let turn = |net: &mut Net, side| net.add(Passage::Everywhere, &[(side, Carries::Any)]);
    let mut net = chain(2);
    let top = turn(&mut net, Side::Lower);
    net.bind((top, 0), (1, 1));
    assert_eq!(net.check(), Ok(()));
    let bottom = turn(&mut net, Side::Upper);
    net.bind((0, 0), (bottom, 0));
    assert_eq!(net.check(), Err(Refusal::Loop));
}

#[test]
fn frames_and_datagrams_do_not_mix_whatever_is_between() {
    for length in 0..4 {
        let mut net = chain(length);
        let frames = net.add(Passage::Nowhere, &[(Side::Upper, Carries::Frame)]);
        let other = net.add(Passage::Nowhere, &[(Side::Lower, Carries::Datagram)]);
        match length {
            0 => net.bind((other, 0), (frames, 0)),
            _ => {
                net.bind((0, 0), (frames, 0));
                assert_eq!(net.check(), Ok(()));
                net.bind((other, 0), (length - 1, 1));
            }
        }
        assert_eq!(net.check(), Err(Refusal::Carries));
    }
}

/// All paths, one after another.
fn longest(net: &Net, at: usize, path: &mut Vec<usize>) -> Option<usize> {
    if path.contains(&at) {
        return None;
    }
    path.push(at);
    let port = net.ports[at];
    let block = net.blocks[port.block];
    let mut most = 1;
    for to in block.first..block.first + block.ports {
        let passes = match block.passage {
            Passage::Through => net.ports[to].side != port.side,
            Passage::Across => to != at,
            Passage::Everywhere => true,
            Passage::Nowhere => false,
        };
        if let (true, Some(next)) = (passes, net.ports[to].peer) {
            most = most.max(1 + longest(net, next, path)?);
        }
    }
    path.pop();
    Some(most)
}

proptest! {
    #[test]
    fn agrees_with_trying_all_paths(
        kinds in prop::collection::vec(0..4usize, 1..7),
        pairs in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..12),
    ) {
        let mut net = Net::default();
        for kind in kinds {
            let passage = [Passage::Through, Passage::Across, Passage::Everywhere, Passage::Nowhere];
            let sides = [Side::Lower, Side::Upper, Side::Upper];
            net.add(passage[kind], &sides.map(|side| (side, Carries::Any)));
        }
        for (a, b) in pairs {
            let (a, b) = (a.index(net.ports.len()), b.index(net.ports.len()));
            let (p, q) = (net.ports[a], net.ports[b]);
            if p.side == Side::Lower && q.side == Side::Upper && p.peer.or(q.peer).is_none() {
                net.ports[a].peer = Some(b);
                net.ports[b].peer = Some(a);
            }
        }
        let paths = (0..net.ports.len()).map(|at| longest(&net, at, &mut Vec::new()));
        let expected = match paths.collect::<Option<Vec<_>>>() {
            None => Err(Refusal::Loop),
            Some(_) => Ok(()),
        };
        prop_assert_eq!(net.check(), expected);
    }
}

#[test]
fn the_example_of_the_documentation_is_a_block() {
    let top = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let read = |path: &str| std::fs::read_to_string(format!("{top}/{path}")).expect("it is there");
    let page = read("Documentation/blocks.md");
    let example = page
        .split("```rust\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("there is an example");
    let source = read("kmod/fb/forward.rs");
    assert!(
        source.ends_with(example),
        "the example is the end of forward.rs"
    );
}

#[test]
fn subscriptions_lead_where_they_lead() {
    // 0 is subscribed to 1 and 2, both of these to 3, and 4 to itself through 5.
    let publishers: [&[usize]; 6] = [&[1, 2], &[3], &[3], &[], &[5], &[4]];
    let leads = |from: usize, to: usize| {
        let mut seen = [Seen::default(); 6];
        let next = |block: usize| publishers[block].iter().copied();
        reaches(from, to, next, &mut seen)
    };
    for (from, to, expected) in [
        (0, 3, true),
        (3, 0, false),
        (1, 2, false),
        (4, 5, true),
        (5, 4, true),
        (0, 5, false),
        (3, 3, true),
    ] {
        assert_eq!(leads(from, to), expected, "{from} to {to}");
    }
}
