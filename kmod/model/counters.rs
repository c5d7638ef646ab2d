// SPDX-License-Identifier: GPL-2.0

//! What happened to every frame, in wire frames and L2 bytes.
//!
//! Nothing is lost silently: at every moment, for each direction,
//! `sent + duplicated = delivered + drops of all causes + queued + in flight`,
//! in frames and in bytes. [`Snapshot::balanced`] checks it. The two sides are kept independently:
//! the left and the drops by what was decided, the contents by what the containers were given.

use super::frame::Stamp;

/// A number of wire frames and of their L2 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Wire frames.
    pub frames: u64,
    /// L2 bytes.
    pub bytes: u64,
}

impl Tally {
    /// Adds a frame. Counters wrap, as all counters of the kernel do.
    #[inline]
    pub fn add(&mut self, stamp: &Stamp) {
        self.frames = self.frames.wrapping_add(u64::from(stamp.frames));
        self.bytes = self.bytes.wrapping_add(u64::from(stamp.bytes));
    }

    /// Takes a frame off.
    #[inline]
    pub fn sub(&mut self, stamp: &Stamp) {
        self.frames = self.frames.wrapping_sub(u64::from(stamp.frames));
        self.bytes = self.bytes.wrapping_sub(u64::from(stamp.bytes));
    }

    /// The sum of two.
    #[inline]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            frames: self.frames.wrapping_add(other.frames),
            bytes: self.bytes.wrapping_add(other.bytes),
        }
    }

    /// The difference of two.
    #[inline]
    pub const fn minus(self, other: Self) -> Self {
        Self {
            frames: self.frames.wrapping_sub(other.frames),
            bytes: self.bytes.wrapping_sub(other.bytes),
        }
    }
}

macro_rules! causes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Why a frame was dropped.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Cause {
            $($(#[$doc])* $variant,)*
        }

        impl Cause {
            /// All causes, in the order of their counters.
            pub const ALL: &'static [Cause] = &[$(Cause::$variant,)*];

            /// The name under which users see the cause; it does not change between releases.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Cause::$variant => $name,)*
                }
            }
        }
    };
}

causes! {
    /// The queue held its limit of packets.
    QueuePackets = "queue-packets",
    /// The queue held its limit of bytes.
    QueueBytes = "queue-bytes",
    /// The queue held as much as the line sends in its limit of time.
    QueueTime = "queue-time",
    /// Random early detection.
    Red = "red",
    /// CoDel, alone or in fq-codel.
    Codel = "codel",
    /// PIE.
    Pie = "pie",
    /// Bit errors on the wire.
    Ber = "ber",
    /// Random loss.
    LossRandom = "loss-random",
    /// Gilbert-Elliott loss.
    LossGilbertElliott = "loss-gilbert-elliott",
    /// Four-state loss.
    LossFourState = "loss-four-state",
    /// Loss by pattern.
    LossPattern = "loss-pattern",
    /// The delay line held its limit.
    DelayLimit = "delay-limit",
    /// The instance's or the user's limit of frames in flight.
    FrameCap = "frame-cap",
    /// The instance's or the user's limit of bytes in flight.
    ByteCap = "byte-cap",
    /// The link was down, or went down while the frame was on it.
    LinkDown = "link-down",
    /// The receiving device was down when the frame arrived.
    ReceiverDown = "receiver-down",
    /// The frame was longer than the link's MTU.
    Mtu = "mtu",
    /// A super-packet could not be taken apart.
    Segmentation = "segmentation",
    /// The kernel had no memory for what had to be done with the frame.
    NoMemory = "no-memory",
    /// The link was removed with the frame on it.
    Removed = "removed",
}

impl Cause {
    /// How many causes there are.
    pub const COUNT: usize = Self::ALL.len();
}

/// Counters of the histogram of lateness; the last is for 0.5 s and more.
pub const LATENESS_BUCKETS: usize = 31;

/// How much later than due frames were handed to the receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lateness {
    /// Frames handed over; a super-packet counts once.
    pub count: u64,
    /// Sum of their lateness, ns.
    pub sum: u64,
    /// Greatest lateness, ns.
    pub max: u64,
    /// Frames by lateness: the first counter those that were not late, the n-th those that were
    /// late by 2^(n-2) ns up to less than twice that, the last all that were later.
    pub histogram: [u64; LATENESS_BUCKETS],
}

impl Lateness {
    /// Counts a frame that was `late` ns late.
    #[inline]
    pub fn record(&mut self, late: u64) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(late);
        self.max = self.max.max(late);
        let bucket = (64 - late.leading_zeros() as usize).min(LATENESS_BUCKETS - 1);
        if let Some(count) = self.histogram.get_mut(bucket) {
            *count = count.wrapping_add(1);
        }
    }
}

/// What a direction did since it was made. Only grows; a reader who wants to start from zero keeps
/// an earlier snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Frames that were handed in, those that were refused at once included.
    pub sent: Tally,
    /// Copies that the model made.
    pub duplicated: Tally,
    /// Frames that were handed to the receiver.
    pub delivered: Tally,
    /// Frames that a queue discipline marked instead of dropping them.
    pub marked: Tally,
    /// Frames of which bits were flipped.
    pub corrupted: Tally,
    /// Frames that overtook another one in the delay line.
    pub reordered: Tally,
    /// Copies that could not be made.
    pub copies_failed: u64,
    /// Frames whose jitter would have made the delay negative; it was taken as zero.
    pub delays_cut: u64,
    /// How punctually.
    pub lateness: Lateness,
    drops: [Tally; Cause::COUNT],
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            sent: Tally::default(),
            duplicated: Tally::default(),
            delivered: Tally::default(),
            marked: Tally::default(),
            corrupted: Tally::default(),
            reordered: Tally::default(),
            copies_failed: 0,
            delays_cut: 0,
            lateness: Lateness::default(),
            drops: [Tally::default(); Cause::COUNT],
        }
    }
}

impl Counters {
    /// Counts a dropped frame.
    #[inline]
    pub fn drop(&mut self, stamp: &Stamp, cause: Cause) {
        // Every cause has its place; `get_mut` only spares the panic of an index.
        if let Some(tally) = self.drops.get_mut(cause as usize) {
            tally.add(stamp);
        }
    }

    /// Frames dropped for `cause`.
    pub fn drops(&self, cause: Cause) -> Tally {
        self.drops.get(cause as usize).copied().unwrap_or_default()
    }

    /// Frames dropped for any cause.
    pub fn all_drops(&self) -> Tally {
        self.drops
            .iter()
            .fold(Tally::default(), |sum, tally| sum.plus(*tally))
    }
}

/// One direction's counters and contents at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// When, ns.
    pub now: u64,
    /// What happened since the direction was made.
    pub counters: Counters,
    /// In front of the wire: the queue and the frame that is being serialised.
    pub queued: Tally,
    /// In the delay line, or due and not yet handed over.
    pub in_flight: Tally,
}

impl Snapshot {
    /// Whether every frame is accounted for.
    pub fn balanced(&self) -> bool {
        let counters = &self.counters;
        let came = counters.sent.plus(counters.duplicated);
        let went = counters.delivered.plus(counters.all_drops());
        came == went.plus(self.on_link())
    }

    /// Whether every frame since `earlier`, and what was on the link then, is accounted for.
    ///
    /// `queued_before + sent + duplicated = delivered + drops + queued_now`, where "queued" is all
    /// that is on the link.
    pub fn balanced_since(&self, earlier: &Self) -> bool {
        let (new, old) = (&self.counters, &earlier.counters);
        let came = earlier
            .on_link()
            .plus(new.sent.minus(old.sent))
            .plus(new.duplicated.minus(old.duplicated));
        let went = new
            .delivered
            .minus(old.delivered)
            .plus(new.all_drops().minus(old.all_drops()))
            .plus(self.on_link());
        came == went
    }

    /// All that is on the link.
    pub const fn on_link(&self) -> Tally {
        self.queued.plus(self.in_flight)
    }
}
