// SPDX-License-Identifier: GPL-2.0

//! `routing:` of a node: how it gets its routes.

use crate::decode::{refused, texts, Problems};
use crate::report::At;
use crate::tree::{Data, Key, Value};
use crate::units::UnitError;

use super::choice;

/// How a node gets its routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Routing {
    /// Not at all: only what the file gives.
    None,
    /// Computed by the compiler.
    Static,
    /// By routing protocols.
    Dynamic(Protocols),
}

/// The programs that speak routing protocols.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Suite {
    /// FRR.
    #[default]
    Frr,
    /// BIRD 2.
    Bird,
}

/// Routing protocols.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Protocols {
    pub suite: Suite,
    pub ospfv2: bool,
    pub ospfv3: bool,
    pub rip: bool,
    pub ripng: bool,
    pub isis: bool,
    pub bgp: bool,
}

#[derive(Clone, Copy)]
enum Word {
    None,
    Static,
    Protocols(Protocols),
}

const NO: Protocols = Protocols {
    suite: Suite::Frr,
    ospfv2: false,
    ospfv3: false,
    rip: false,
    ripng: false,
    isis: false,
    bgp: false,
};

/// The words of `routing`, and what they mean.
const WORDS: &[(&str, Word)] = &[
    ("none", Word::None),
    ("static", Word::Static),
    (
        "ospf",
        Word::Protocols(Protocols {
            ospfv2: true,
            ospfv3: true,
            ..NO
        }),
    ),
    ("ospfv2", Word::Protocols(Protocols { ospfv2: true, ..NO })),
    ("ospfv3", Word::Protocols(Protocols { ospfv3: true, ..NO })),
    (
        "rip",
        Word::Protocols(Protocols {
            rip: true,
            ripng: true,
            ..NO
        }),
    ),
    ("ripv2", Word::Protocols(Protocols { rip: true, ..NO })),
    ("ripng", Word::Protocols(Protocols { ripng: true, ..NO })),
    ("isis", Word::Protocols(Protocols { isis: true, ..NO })),
    ("bgp", Word::Protocols(Protocols { bgp: true, ..NO })),
    (
        "bird",
        Word::Protocols(Protocols {
            suite: Suite::Bird,
            ..NO
        }),
    ),
];

const HELP: &str =
    "one of none, static; or one or several of ospf, rip, isis, bgp (for both families), \
                    ospfv2, ospfv3, ripv2, ripng; and `bird`, for BIRD instead of FRR";

impl Protocols {
    fn join(&mut self, other: Protocols) {
        if other.suite == Suite::Bird {
            self.suite = Suite::Bird;
        }
        self.ospfv2 |= other.ospfv2;
        self.ospfv3 |= other.ospfv3;
        self.rip |= other.rip;
        self.ripng |= other.ripng;
        self.isis |= other.isis;
        self.bgp |= other.bgp;
    }

    /// BIRD without a word about protocols speaks OSPF.
    fn or_ospf(self) -> Self {
        let Protocols { suite, .. } = self;
        match self == (Protocols { suite, ..NO }) {
            true => Protocols {
                ospfv2: true,
                ospfv3: true,
                ..self
            },
            false => self,
        }
    }

    /// Whether one of them finds ways within a network, for which BGP needs another.
    pub fn interior(&self) -> bool {
        self.ospfv2 || self.ospfv3 || self.rip || self.ripng || self.isis
    }
}

fn word(text: &str) -> Result<Word, UnitError> {
    choice(text, "a way of routing", WORDS)
}

/// Reads a word or a list of words.
pub(super) fn read(problems: &Problems, key: &Key, value: &Value) -> Option<At<Routing>> {
    let span = match &value.data {
        Data::Null => &key.span,
        _ => &value.span,
    };
    let words = texts(problems, value, "a way of routing");
    let mut joined = Protocols::default();
    let mut fixed = None;
    for text in &words {
        let read =
            word(&text.value).map_err(|error| refused(&text.span, error.message, &error.help));
        match problems.keep(read)? {
            Word::None => fixed = Some(Routing::None),
            Word::Static => fixed = Some(Routing::Static),
            Word::Protocols(protocols) => joined.join(protocols),
        }
    }
    if joined.suite == Suite::Bird && joined.isis {
        problems.add(refused(
            span,
            "BIRD does not speak IS-IS".into(),
            "leave `bird` out, and FRR speaks it; or take `ospf`",
        ));
        return None;
    }
    match fixed {
        Some(fixed) if words.len() == 1 => Some(At::new(fixed, span.clone())),
        None if !words.is_empty() => {
            Some(At::new(Routing::Dynamic(joined.or_ospf()), span.clone()))
        }
        _ => {
            problems.add(refused(
                span,
                match words.is_empty() {
                    true => "`routing` has no value".into(),
                    false => "`none` and `static` stand alone".into(),
                },
                HELP,
            ));
            None
        }
    }
}
