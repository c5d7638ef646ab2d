// SPDX-License-Identifier: GPL-2.0

//! Limits of what may be in flight, per instance and per user namespace.
//!
//! A link can hold much more than fits into memory (100 s at 400 Gbit/s are 5 TB), so what is on a
//! link is charged to the sending instance and to every user namespace above it. To keep atomic
//! operations off the packet path a direction of a link is granted more than it needs at once, and
//! gives back what it has too much of. What is granted and not used is at most twice what is used,
//! within [`Load::LEAST`] and [`Load::MOST`]; an idle direction keeps little. A direction at the
//! limit is granted exactly what it needs.

use crate::model::Cause;
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc, //
    }, //
};

/// An amount of what is limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// Wire frames.
    pub(crate) frames: u64,
    /// Bytes of memory.
    pub(crate) bytes: u64,
}

impl Load {
    /// What an idle direction may keep.
    const LEAST: Self = Self {
        frames: 16,
        bytes: 16 << 10,
    };

    /// Most that a direction is granted beyond what it needs.
    const MOST: Self = Self {
        frames: 256,
        bytes: 512 << 10,
    };

    /// What a direction that uses this much is granted beyond it.
    #[inline]
    fn reserve(self) -> Self {
        Self {
            frames: self.frames.clamp(Self::LEAST.frames, Self::MOST.frames),
            bytes: self.bytes.clamp(Self::LEAST.bytes, Self::MOST.bytes),
        }
    }

    /// How much has to be used for this to be no more than enough: what is granted beyond it is then
    /// at most twice the reserve.
    fn enough_for(self) -> Self {
        let enough = |granted: u64, least: u64, most: u64| {
            if granted <= least.saturating_mul(3) {
                granted.saturating_sub(least.saturating_mul(2))
            } else if granted <= most.saturating_mul(3) {
                granted.div_ceil(3)
            } else {
                granted.saturating_sub(most.saturating_mul(2))
            }
        };
        Self {
            frames: enough(self.frames, Self::LEAST.frames, Self::MOST.frames),
            bytes: enough(self.bytes, Self::LEAST.bytes, Self::MOST.bytes),
        }
    }

    /// The sum.
    #[inline]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            frames: self.frames.saturating_add(other.frames),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    /// The difference, not below nothing.
    #[inline]
    fn minus(self, other: Self) -> Self {
        Self {
            frames: self.frames.saturating_sub(other.frames),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }

    /// Half of it.
    pub(crate) fn half(self) -> Self {
        Self {
            frames: self.frames / 2,
            bytes: self.bytes / 2,
        }
    }

    /// Whether it is no more than another in any respect.
    #[inline]
    fn fits(self, other: Self) -> bool {
        self.frames <= other.frames && self.bytes <= other.bytes
    }
}

/// A limit and how much of it is used.
pub(crate) struct Budget {
    max_frames: Atomic<u64>,
    max_bytes: Atomic<u64>,
    frames: Atomic<u64>,
    bytes: Atomic<u64>,
}

impl Budget {
    /// A budget of which nothing is used.
    pub(crate) fn new(max: Load) -> Self {
        Self {
            max_frames: Atomic::new(max.frames),
            max_bytes: Atomic::new(max.bytes),
            frames: Atomic::new(0),
            bytes: Atomic::new(0),
        }
    }

    /// The limit.
    pub(crate) fn max(&self) -> Load {
        Load {
            frames: self.max_frames.load(Relaxed),
            bytes: self.max_bytes.load(Relaxed),
        }
    }

    /// Changes the limit. What is in flight stays.
    pub(crate) fn set_max(&self, max: Load) {
        self.max_frames.store(max.frames, Relaxed);
        self.max_bytes.store(max.bytes, Relaxed);
    }

    /// What is used.
    pub(crate) fn used(&self) -> Load {
        Load {
            frames: self.frames.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
        }
    }

    /// Takes `load`, all or nothing.
    fn take(&self, load: Load) -> Result<(), Cause> {
        let frames = self.frames.fetch_add(load.frames, Relaxed);
        if frames.wrapping_add(load.frames) > self.max_frames.load(Relaxed) {
            self.frames.fetch_sub(load.frames, Relaxed);
            return Err(Cause::FrameCap);
        }
        let bytes = self.bytes.fetch_add(load.bytes, Relaxed);
        if bytes.wrapping_add(load.bytes) > self.max_bytes.load(Relaxed) {
            self.bytes.fetch_sub(load.bytes, Relaxed);
            self.frames.fetch_sub(load.frames, Relaxed);
            return Err(Cause::ByteCap);
        }
        Ok(())
    }

    fn give(&self, load: Load) {
        self.frames.fetch_sub(load.frames, Relaxed);
        self.bytes.fetch_sub(load.bytes, Relaxed);
    }
}

/// A limited number of objects.
pub(crate) struct Quota {
    max: Atomic<u32>,
    used: Atomic<u32>,
}

impl Quota {
    /// A quota of which nothing is used.
    pub(crate) fn new(max: u32) -> Self {
        Self {
            max: Atomic::new(max),
            used: Atomic::new(0),
        }
    }

    /// The limit.
    pub(crate) fn max(&self) -> u32 {
        self.max.load(Relaxed)
    }

    /// Changes the limit. What there is stays.
    pub(crate) fn set_max(&self, max: u32) {
        self.max.store(max, Relaxed);
    }

    /// What is used.
    pub(crate) fn used(&self) -> u32 {
        self.used.load(Relaxed)
    }

    fn take(&self) -> bool {
        if self.used.fetch_add(1, Relaxed) < self.max.load(Relaxed) {
            return true;
        }
        self.used.fetch_sub(1, Relaxed);
        false
    }

    fn give(&self) {
        self.used.fetch_sub(1, Relaxed);
    }
}

/// What a user namespace may use, together with all below it.
pub(crate) struct Account {
    budget: Budget,
    links: Quota,
    above: Option<Arc<Account>>,
}

impl Account {
    /// An account below another one.
    pub(crate) fn new(max: Load, max_links: u32, above: Option<Arc<Account>>) -> Self {
        Self {
            budget: Budget::new(max),
            links: Quota::new(max_links),
            above,
        }
    }

    /// The account's own budget.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The account's own quota of link ends.
    pub(crate) fn links(&self) -> &Quota {
        &self.links
    }

    /// This account and all above it.
    fn chain(&self) -> Chain<'_> {
        Chain(Some(self))
    }

    /// Takes `load` here and above, all or nothing.
    fn take(&self, load: Load) -> Result<(), Cause> {
        for (depth, account) in self.chain().enumerate() {
            if let Err(cause) = account.budget.take(load) {
                self.chain()
                    .take(depth)
                    .for_each(|account| account.budget.give(load));
                return Err(cause);
            }
        }
        Ok(())
    }

    fn give(&self, load: Load) {
        if load != Load::default() {
            self.chain().for_each(|account| account.budget.give(load));
        }
    }

    /// Takes a link end here and above. Whether there was one left.
    pub(crate) fn take_link(&self) -> bool {
        for (depth, account) in self.chain().enumerate() {
            if !account.links.take() {
                self.chain()
                    .take(depth)
                    .for_each(|account| account.links.give());
                return false;
            }
        }
        true
    }

    /// Gives a link end back.
    pub(crate) fn give_link(&self) {
        self.chain().for_each(|account| account.links.give());
    }
}

/// Accounts from one upwards.
struct Chain<'a>(Option<&'a Account>);

impl<'a> Iterator for Chain<'a> {
    type Item = &'a Account;

    fn next(&mut self) -> Option<&'a Account> {
        let account = self.0?;
        self.0 = account.above.as_deref();
        Some(account)
    }
}

/// What a direction has been granted and what of it is on the link.
///
/// # Invariants
///
/// `used` fits `granted`, which is charged to the account that the methods are called with.
#[derive(Default)]
pub(crate) struct Charge {
    granted: Load,
    used: Load,
    /// If less than this is used, too much is granted, see [`Load::enough_for`].
    low: Load,
}

impl Charge {
    /// Charges `load` to `account`.
    #[inline]
    pub(crate) fn take(&mut self, account: &Account, load: Load) -> Result<(), Cause> {
        let used = self.used.plus(load);
        if !used.fits(self.granted) {
            self.grow(account, used)?;
        }
        self.used = used;
        Ok(())
    }

    #[cold]
    fn grow(&mut self, account: &Account, needed: Load) -> Result<(), Cause> {
        let missing = needed.minus(self.granted);
        // Of what is not short, no more than its own reserve.
        let generous = needed.plus(needed.reserve()).minus(self.granted);
        if account.take(generous).is_ok() {
            self.set_granted(self.granted.plus(generous));
            return Ok(());
        }
        account.take(missing)?;
        self.set_granted(self.granted.plus(missing));
        Ok(())
    }

    fn set_granted(&mut self, granted: Load) {
        self.granted = granted;
        self.low = granted.enough_for();
    }

    /// Takes `load` off.
    #[inline]
    pub(crate) fn give(&mut self, account: &Account, load: Load) {
        self.used = self.used.minus(load);
        if !self.low.fits(self.used) {
            self.shrink(account, self.used.reserve());
        }
    }

    /// Gives back what is not used, apart from `keep`.
    #[cold]
    fn shrink(&mut self, account: &Account, keep: Load) {
        let back = self.granted.minus(self.used).minus(keep);
        account.give(back);
        self.set_granted(self.granted.minus(back));
    }

    /// Gives back all that is not used.
    pub(crate) fn settle(&mut self, account: &Account) {
        self.shrink(account, Load::default());
    }
}
