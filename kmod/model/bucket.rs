// SPDX-License-Identifier: GPL-2.0

//! A token bucket: so many tokens a second, and a bound to how many are saved up.

/// Nanoseconds of a second, and parts of a token.
const SECOND: u64 = 1_000_000_000;

/// A bucket. It is exact: parts of tokens are carried.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// Tokens a second.
    rate: u64,
    /// Most tokens, in parts of 10^-9.
    depth: u64,
    /// Tokens that there are, in parts of 10^-9.
    credit: u64,
    /// The time up to which tokens have come, ns.
    last: u64,
}

impl Bucket {
    /// Greatest depth.
    pub const MAX_DEPTH: u64 = u64::MAX / SECOND;

    /// A full bucket at the time `now`; a depth above [`Self::MAX_DEPTH`] is that.
    pub fn new(rate: u64, depth: u64, now: u64) -> Self {
        let depth = depth.min(Self::MAX_DEPTH).saturating_mul(SECOND);
        Self {
            rate,
            depth,
            credit: depth,
            last: now,
        }
    }

    /// The same without a token in it.
    pub fn empty(mut self) -> Self {
        self.credit = 0;
        self
    }

    /// Another rate and depth from the time `now` on; the tokens stay as far as they fit.
    pub fn change(&mut self, rate: u64, depth: u64, now: u64) {
        self.advance(now);
        self.rate = rate;
        self.depth = depth.min(Self::MAX_DEPTH).saturating_mul(SECOND);
        self.credit = self.credit.min(self.depth);
    }

    /// Lets the tokens come that come until `now`. A time before that of the last call is that.
    pub fn advance(&mut self, now: u64) {
        let elapsed = now.saturating_sub(self.last);
        let more = u128::from(elapsed).wrapping_mul(u128::from(self.rate));
        let room = self.depth.saturating_sub(self.credit);
        let more = u64::try_from(more).unwrap_or(u64::MAX).min(room);
        self.credit = self.credit.saturating_add(more);
        self.last = self.last.max(now);
    }

    /// Takes tokens, if there are so many.
    pub fn take(&mut self, tokens: u64) -> bool {
        let parts = tokens.checked_mul(SECOND);
        match parts.and_then(|parts| self.credit.checked_sub(parts)) {
            Some(rest) => {
                self.credit = rest;
                true
            }
            None => false,
        }
    }

    /// What has been taken and not come back, of what there can be, both in parts of 10^-9.
    pub const fn used(&self) -> (u64, u64) {
        (self.depth.saturating_sub(self.credit), self.depth)
    }

    /// The time at which at most a quarter will be used, if nobody takes any; never if there is no
    /// rate.
    pub fn due_at_most_a_quarter(&self) -> Option<u64> {
        self.due_parts(self.depth.saturating_sub(self.depth / 4))
    }

    /// The time at which there will be so many tokens, if nobody takes any; never if there is no
    /// rate or they do not fit.
    pub fn due(&self, tokens: u64) -> Option<u64> {
        self.due_parts(tokens.checked_mul(SECOND)?)
    }

    fn due_parts(&self, parts: u64) -> Option<u64> {
        if parts > self.depth || self.rate == 0 {
            return None;
        }
        let missing = parts.saturating_sub(self.credit);
        Some(self.last.saturating_add(missing.div_ceil(self.rate)))
    }
}
