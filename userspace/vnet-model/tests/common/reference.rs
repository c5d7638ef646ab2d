// SPDX-License-Identifier: GPL-2.0

//! The same wire, written for obviousness: plain vectors, 128-bit divisions, times summed from the
//! start of each busy period instead of carried from frame to frame, and no lateness.

use vnet_model::{Cause, Params};

/// A frame as the reference sees it.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    pub id: u64,
    pub frames: u64,
    pub bytes: u64,
}

/// A run of back-to-back frames with one rate.
#[derive(Clone, Copy, Debug)]
struct Busy {
    start: u128,
    /// What the exact start is after `start`, in 1/rate ns.
    fraction: u128,
    bits: u128,
}

#[derive(Debug)]
pub struct Reference {
    params: Params,
    waiting: Vec<Item>,
    /// Frame, end, arrival.
    on_wire: Option<(Item, u128, u128)>,
    busy: Option<Busy>,
    last_due: u128,
    /// All frames that entered the delay line with their due time.
    pub landed: Vec<(Item, u64)>,
    pub dropped: Vec<(u64, Cause)>,
}

impl Reference {
    pub fn new(params: Params) -> Self {
        Self {
            params,
            waiting: Vec::new(),
            on_wire: None,
            busy: None,
            last_due: 0,
            landed: Vec::new(),
            dropped: Vec::new(),
        }
    }

    pub fn arrive(&mut self, now: u64, item: Item) {
        self.run(now.into());
        if self.on_wire.is_none() {
            return self.begin(now.into(), item);
        }
        match self.refused(&item) {
            Some(cause) => self.dropped.push((item.id, cause)),
            None => self.waiting.push(item),
        }
    }

    pub fn change(&mut self, now: u64, params: Params) {
        self.run(now.into());
        self.busy = match (self.busy, self.params.rate, params.rate) {
            (Some(busy), Some(old), Some(new)) => {
                let (old, new) = (u128::from(old), u128::from(new));
                let exact = busy.bits * 1_000_000_000 + busy.fraction;
                Some(Busy {
                    start: busy.start + exact / old,
                    fraction: exact % old * new / old,
                    bits: 0,
                })
            }
            _ => None,
        };
        self.params = params;
    }

    pub fn cut(&mut self, now: u64, cause: Cause) {
        self.run(now.into());
        let on_wire = self.on_wire.take().map(|(item, ..)| item);
        for item in on_wire.into_iter().chain(self.waiting.drain(..)) {
            self.dropped.push((item.id, cause));
        }
        for (item, _) in self.landed.iter().filter(|(_, due)| *due > now) {
            self.dropped.push((item.id, cause));
        }
        self.landed.retain(|(_, due)| *due <= now);
        self.busy = None;
        self.last_due = 0;
    }

    pub fn finish(&mut self) {
        self.run(u128::MAX);
    }

    fn bits(&self, items: &[Item]) -> u128 {
        items
            .iter()
            .map(|i| {
                8 * (u128::from(i.bytes) + u128::from(i.frames) * u128::from(self.params.overhead))
            })
            .sum()
    }

    fn refused(&self, item: &Item) -> Option<Cause> {
        let mut after = self.waiting.clone();
        after.push(*item);
        let packets: u64 = after.iter().map(|i| i.frames).sum();
        let bytes: u64 = after.iter().map(|i| i.bytes).sum();
        // More than the line sends in `time`, for whole bits.
        let long = |items: &[Item], time: u64| {
            self.params.rate.is_some_and(|rate| {
                self.bits(items) > u128::from(time) * u128::from(rate) / 1_000_000_000
            })
        };
        let limit = &self.params.queue;
        if (limit.packets, limit.bytes, limit.time) == (None, None, None) {
            return match (
                packets > 100 && long(&after, 50_000_000),
                long(&self.waiting, 50_000_000),
            ) {
                (false, _) => None,
                (true, false) => Some(Cause::QueueTime),
                (true, true) => Some(Cause::QueuePackets),
            };
        }
        if limit.packets.is_some_and(|limit| packets > limit.into()) {
            Some(Cause::QueuePackets)
        } else if limit.bytes.is_some_and(|limit| bytes > limit) {
            Some(Cause::QueueBytes)
        } else if limit.time.is_some_and(|limit| long(&after, limit)) {
            Some(Cause::QueueTime)
        } else {
            None
        }
    }

    fn begin(&mut self, start: u128, item: Item) {
        let Some(rate) = self.params.rate else {
            self.busy = None;
            return self.land(start, start + u128::from(self.params.delay), item);
        };
        let rate = u128::from(rate);
        let end_of = |busy: &Busy| busy.start + (busy.bits * 1_000_000_000 + busy.fraction) / rate;
        let mut busy = match self.busy {
            Some(busy) if end_of(&busy) == start => busy,
            _ => Busy {
                start,
                fraction: 0,
                bits: 0,
            },
        };
        busy.bits += self.bits(&[item]);
        let end = end_of(&busy);
        self.busy = Some(busy);
        self.on_wire = Some((item, end, end + u128::from(self.params.delay)));
    }

    fn run(&mut self, now: u128) {
        while let Some((item, end, arrival)) = self.on_wire {
            if end > now {
                break;
            }
            self.on_wire = None;
            self.land(end, arrival, item);
            while self.on_wire.is_none() && !self.waiting.is_empty() {
                let next = self.waiting.remove(0);
                self.begin(end, next);
            }
        }
    }

    fn land(&mut self, end: u128, arrival: u128, item: Item) {
        let in_line = || {
            self.landed
                .iter()
                .filter(|(_, due)| u128::from(*due) > end)
                .map(|(item, _)| item)
                .chain(std::iter::once(&item))
        };
        let limit = &self.params.line;
        let packets: u64 = in_line().map(|i| i.frames).sum();
        let bytes: u64 = in_line().map(|i| i.bytes).sum();
        if limit.packets.is_some_and(|limit| packets > limit.into())
            || limit.bytes.is_some_and(|limit| bytes > limit)
        {
            self.dropped.push((item.id, Cause::DelayLimit));
            return;
        }
        self.last_due = self.last_due.max(arrival);
        let due = u64::try_from(self.last_due).expect("in range");
        self.landed.push((item, due));
    }
}
