// SPDX-License-Identifier: GPL-2.0

//! Random draws that are a function of what they are for.
//!
//! A draw is not the next of a sequence, but a function of (seed, direction, effect, frame number):
//! the same frames get the same draws in every run, whatever else is drawn, and switching one effect
//! on or off does not change the draws of another. The function is Philox-4x32-10 (Salmon et al.,
//! "Parallel random numbers: as easy as 1, 2, 3", SC 2011), which passes BigCrush: the seed is its
//! key, the rest its counter. For one key it maps counters to blocks one to one, so that no two
//! effects or directions ever share a block.

/// What a draw is for. The numbers are part of what makes a run repeatable: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Effect {
    /// Whether to send a copy.
    Duplicate = 1,
    /// Whether bit errors hit the frame.
    Ber = 2,
    /// Whether random loss hits it.
    LossRandom = 3,
    /// A step of the Gilbert-Elliott chain, and whether it hits the frame.
    LossGilbertElliott = 4,
    /// A step of the four-state chain.
    LossFourState = 5,
    /// Whether and where a bit flips.
    Corrupt = 6,
    /// The extra delay.
    Jitter = 7,
    /// Whether the frame overtakes.
    Reorder = 8,
    /// Random early detection.
    Red = 9,
    /// PIE.
    Pie = 10,
}

/// Which frame a draw is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The frame's number in its direction.
    pub number: u64,
    /// Whether it is a copy that the model made of the frame with that number.
    pub copy: bool,
}

/// A direction's source of draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The seed.
    pub seed: u64,
    /// Tells apart the directions that share a seed: 0 and 1 for the two ends of a link.
    pub direction: u32,
}

/// A seed that follows from names: the same for the same ones, and most likely another one for
/// others (FNV-1a of 64 bits, Fowler, Noll and Vo, each name with a zero behind it).
pub fn seed_of(names: &[&[u8]]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for name in names {
        for byte in name.iter().chain(&[0]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

impl Source {
    /// The 128 random bits of `effect` for `subject`, as two words.
    #[inline]
    pub const fn draw(&self, effect: Effect, subject: Subject) -> [u64; 2] {
        let counter = [
            subject.number as u32,
            (subject.number >> 32) as u32,
            effect as u32 | (subject.copy as u32) << 8,
            self.direction,
        ];
        let block = philox(counter, [self.seed as u32, (self.seed >> 32) as u32]);
        [
            (block[0] as u64) << 32 | block[1] as u64,
            (block[2] as u64) << 32 | block[3] as u64,
        ]
    }
}

/// Philox-4x32-10.
#[inline]
pub const fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    let mut round = 0;
    while round < 10 {
        let [c0, c1, c2, c3] = counter;
        let [k0, k1] = key;
        let even = c0 as u64 * 0xd251_1f53;
        let odd = c2 as u64 * 0xcd9e_8d57;
        counter = [
            (odd >> 32) as u32 ^ c1 ^ k0,
            odd as u32,
            (even >> 32) as u32 ^ c3 ^ k1,
            even as u32,
        ];
        key = [k0.wrapping_add(0x9e37_79b9), k1.wrapping_add(0xbb67_ae85)];
        round += 1;
    }
    counter
}
