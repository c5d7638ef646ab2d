// SPDX-License-Identifier: GPL-2.0

//! SHA-256 (FIPS 180-4), by which the module says which key a block has without telling it.

/// The fractional parts of the square roots of the first eight primes.
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The fractional parts of the cube roots of the first 64 primes, as many of which as are asked for.
fn constants() -> [u32; 64] {
    let is_prime = |n: &u128| {
        (2..*n)
            .take_while(|d| d * d <= *n)
            .all(|d| !n.is_multiple_of(d))
    };
    let mut primes = (2u128..).filter(is_prime);
    std::array::from_fn(|_| {
        let prime = primes.next().unwrap_or(2);
        // The root with 32 bits behind the point: the largest number whose cube is not above the prime with 96.
        let (mut low, mut high) = (0u128, 1 << 36);
        while high - low > 1 {
            let middle = (low + high) / 2;
            match middle * middle * middle <= prime << 96 {
                true => low = middle,
                false => high = middle,
            }
        }
        low as u32
    })
}

/// The digest of a message.
pub fn sha256(message: &[u8]) -> [u8; 32] {
    let constants = constants();
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize((message.len() + 9).next_multiple_of(64) - 8, 0);
    padded.extend((message.len() as u64 * 8).to_be_bytes());
    let mut state = START;
    for block in padded.chunks_exact(64) {
        let mut words = [0u32; 64];
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = bytes
                .iter()
                .fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        for index in 16..64 {
            let (a, b) = (words[index - 15], words[index - 2]);
            let first = a.rotate_right(7) ^ a.rotate_right(18) ^ a >> 3;
            let second = b.rotate_right(17) ^ b.rotate_right(19) ^ b >> 10;
            let sum = words[index - 16].wrapping_add(first);
            words[index] = sum.wrapping_add(words[index - 7]).wrapping_add(second);
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        for (word, constant) in words.iter().zip(constants) {
            let sum = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let choice = (e & f) ^ (!e & g);
            let first = h.wrapping_add(sum).wrapping_add(choice);
            let first = first.wrapping_add(constant).wrapping_add(*word);
            let sum = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let second = sum.wrapping_add((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e) = (g, f, e, d.wrapping_add(first));
            (d, c, b, a) = (c, b, a, first.wrapping_add(second));
        }
        for (old, new) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *old = old.wrapping_add(new);
        }
    }
    let mut digest = [0; 32];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_standard_has_it() {
        assert_eq!(constants()[..2], [0x428a_2f98, 0x7137_4491]);
        assert_eq!(constants()[63], 0xc671_78f2);
        for (message, wanted) in [
            ("", 0xe3b0_c442_98fc_1c14u64),
            ("abc", 0xba78_16bf_8f01_cfea),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                0x248d_6a61_d206_38b8,
            ),
        ] {
            assert_eq!(
                sha256(message.as_bytes())[..8],
                wanted.to_be_bytes(),
                "{message}"
            );
        }
    }
}
