// SPDX-License-Identifier: GPL-2.0

//! Layers, sets of them, and what each is doing.

use std::fmt;
use std::ops::{Index, IndexMut};

/// A place in the chain. The order is that in the chain, the lowest first.
///
/// - `compress` is above `crypt`, since what is encrypted does not become shorter.
/// - `crypt` is above `arq`, so that a packet is encrypted once however often it is sent, and comes up in order and once.
/// - `arq` is above `fec`, so that it waits only for what `fec` cannot recover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Forward error correction.
    Fec,
    /// Retransmission.
    Arq,
    /// Encryption.
    Crypt,
    /// Compression.
    Compress,
}

impl Layer {
    /// All of them, the lowest first.
    pub const ALL: [Layer; 4] = [Layer::Fec, Layer::Arq, Layer::Crypt, Layer::Compress];

    /// Its name, which is that of the type of its block.
    pub fn name(self) -> &'static str {
        match self {
            Layer::Fec => "fec",
            Layer::Arq => "arq",
            Layer::Crypt => "crypt",
            Layer::Compress => "compress",
        }
    }

    /// Whether its block may refuse what the other end's block has not worked on.
    pub fn is_strict(self) -> bool {
        self == Layer::Crypt
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Layers(u8);

impl Layers {
    /// None.
    pub const NONE: Layers = Layers(0);

    /// From its bits; those that mean nothing are left out.
    pub fn from_bits(bits: u8) -> Self {
        Layers(bits & 0xf)
    }

    /// A bit for each, the lowest first.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether it is in the set.
    pub fn has(self, layer: Layer) -> bool {
        self.0 & layer.bit() != 0
    }

    /// With or without one.
    pub fn set(self, layer: Layer, present: bool) -> Self {
        match present {
            true => Layers(self.0 | layer.bit()),
            false => Layers(self.0 & !layer.bit()),
        }
    }

    /// What is in both.
    pub fn and(self, other: Self) -> Self {
        Layers(self.0 & other.0)
    }

    /// What is in one of them.
    pub fn or(self, other: Self) -> Self {
        Layers(self.0 | other.0)
    }

    /// What is not in the other one.
    pub fn without(self, other: Self) -> Self {
        Layers(self.0 & !other.0)
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in the set, the lowest first.
    pub fn iter(self) -> impl Iterator<Item = Layer> {
        Layer::ALL.into_iter().filter(move |layer| self.has(*layer))
    }
}

impl FromIterator<Layer> for Layers {
    fn from_iter<I: IntoIterator<Item = Layer>>(layers: I) -> Self {
        let all = layers.into_iter();
        all.fold(Layers::NONE, |set, layer| set.set(layer, true))
    }
}

/// The highest first, as one says it: `crypt+arq`; `forward` if there are none.
impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<&str> = self.iter().map(Layer::name).collect();
        names.reverse();
        match names.is_empty() {
            true => f.write_str("forward"),
            false => f.write_str(&names.join("+")),
        }
    }
}

/// What an end does with a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// There is a `forward` in its place.
    #[default]
    Out,
    /// The block is there and understands what the other end sends, but sends what it gets as it is.
    Listening,
    /// The block does its work both ways.
    Sending,
    /// And it takes nothing else.
    Strict,
}

/// Something for each layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerLayer<T>(pub [T; 4]);

impl<T> Index<Layer> for PerLayer<T> {
    type Output = T;

    fn index(&self, layer: Layer) -> &T {
        &self.0[layer as usize]
    }
}

impl<T> IndexMut<Layer> for PerLayer<T> {
    fn index_mut(&mut self, layer: Layer) -> &mut T {
        &mut self.0[layer as usize]
    }
}

impl PerLayer<Phase> {
    /// Layers that are at least in this phase.
    pub fn at_least(&self, phase: Phase) -> Layers {
        let all = Layer::ALL.into_iter();
        all.filter(|layer| self[*layer] >= phase).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_named_from_the_top() {
        assert_eq!(Layers::NONE.to_string(), "forward");
        let all: Layers = Layer::ALL.into_iter().collect();
        assert_eq!(all.to_string(), "compress+crypt+arq+fec");
        assert_eq!(Layers::from_bits(0xff), all);
        assert_eq!(all.without(Layers::from_bits(0b101)).bits(), 0b1010);
    }
}
