// SPDX-License-Identifier: GPL-2.0

//! `ratelimited-source`: makes frames, so many a second.

use super::{
    outlet::Outlet,
    prelude::*, //
};
use crate::{
    model::bucket::Bucket,
    net::{
        clock,
        skbuff::SkBuffList,
        soft_timer::{
            Expire,
            SoftTimer, //
        }, //
    },
    sync::{
        percpu::{
            self,
            BottomHalf, //
        },
        spinlock_bh::{
            new_spinlock_bh,
            SpinLockBh, //
        }, //
    }, //
};

const UPPER: u32 = 0;
const LOWER: u32 = 1;

/// Places of the parameters.
const RATE: usize = 0;
const BURST: usize = 1;
const COUNT: usize = 2;
const SIZE: usize = 3;
const DESTINATION: usize = 4;
const ORIGIN: usize = 5;
const PROTOCOL: usize = 6;
const LEFT: usize = 7;
const FAILED: usize = 8;
const PAUSED: usize = 9;

/// Bytes of an Ethernet header.
const HEADER: usize = 14;
/// Time between two bursts at least, ns.
const PAUSE: u64 = 20_000;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"ratelimited-source",
    doc: c"makes numbered frames, so many a second, which leave by upper, or by lower if only that is bound",
    passage: Passage::Nowhere,
    ports: &[
        Port::upper(c"upper", Carries::Frame, c"frames; what enters is consumed"),
        Port::lower(c"lower", Carries::Frame, c"frames; what enters is consumed"),
    ],
    params: &[
        Param::uint(c"rate", c"frames a second; 0 stops", 0..=100_000_000, 1000).unit(c"packets/s"),
        Param::uint(
            c"burst",
            c"most frames at once, when the rate asks for more than the timer expires",
            1..=1024,
            64,
        )
        .unit(c"packets"),
        Param::uint(
            c"count",
            c"frames to make from when it is given on; 0 is no end",
            0..=u64::MAX,
            0,
        )
        .unit(c"packets"),
        Param::uint(
            c"size",
            c"length of a frame with its Ethernet header",
            22..=9018,
            60,
        )
        .unit(c"bytes"),
        Param::new(
            c"destination",
            c"address; that of all devices if absent",
            Kind::Data(6, 6),
        ),
        Param::new(
            c"source",
            c"address; 02:00:00:00:00:01 if absent",
            Kind::Data(6, 6),
        ),
        Param::uint(c"protocol", c"Ethernet type", 0x600..=0xffff, 0x88b5),
        Param::reading(c"left", c"frames to make still, if there is an end").unit(c"packets"),
        Param::reading(c"failed", c"frames that were not made for want of memory")
            .access(Access::Told)
            .unit(c"packets"),
        Param::reading(c"paused", c"1 while events have it wait"),
    ],
    events: &[
        EventUse::takes(Event::Carrier, c"makes no frames while there is none"),
        EventUse::takes(Event::Congestion, c"makes no frames meanwhile"),
    ],
    state: true,
    make,
};

/// What is to be made.
struct Plan {
    bucket: Bucket,
    rate: u64,
    count: u64,
    /// Frames to make still, if there is an end.
    left: Option<u64>,
    /// Header, and the number that follows it.
    header: [u8; HEADER],
    number: u64,
    size: u32,
    burst: u64,
    failed: u64,
    /// What it is subscribed to has it wait.
    paused: bool,
    closed: bool,
}

/// What replacements share.
#[pin_data]
struct Maker {
    outlet: Arc<Outlet>,
    /// Protects the plan; nothing is locked under it.
    #[pin]
    plan: SpinLockBh<Plan>,
}

struct Source(Arc<SoftTimer<Maker>>);

fn make(site: &Site<'_>, _values: &Values, old: Option<&dyn Block>) -> Made {
    let old = of_type::<Source>(old);
    let maker = match old {
        Some(old) => old.0.clone(),
        None => {
            let outlet = site.outlet.clone();
            let plan = Plan {
                bucket: Bucket::new(0, 1, clock::now()),
                rate: 0,
                count: 0,
                left: None,
                header: [0; HEADER],
                number: 0,
                size: 0,
                burst: 1,
                failed: 0,
                paused: false,
                closed: false,
            };
            let maker = pin_init!(Maker {
                outlet,
                plan <- new_spinlock_bh!(plan, "vnet_source"),
            });
            Arc::pin_init(SoftTimer::new(maker), GFP_KERNEL)?
        }
    };
    Ok(Arc::new(Source(maker), GFP_KERNEL)?)
}

impl Plan {
    /// Takes parameters over.
    fn change(&mut self, values: &Values, now: u64) {
        self.rate = values.uint(RATE);
        self.burst = values.uint(BURST);
        self.size = values.uint(SIZE) as u32;
        self.bucket.change(self.rate, self.burst, now);
        let count = values.uint(COUNT);
        if count != self.count {
            self.left = (count != 0).then_some(count);
            self.count = count;
        }
        let mut header = [0xff; HEADER];
        let address = |place, default: &'static [u8; 6]| match values.data(place) {
            [] => default,
            given => given.first_chunk().unwrap_or(default),
        };
        let protocol = values.uint(PROTOCOL) as u16;
        let protocol = protocol.to_be_bytes();
        let parts = [
            address(DESTINATION, &[0xff; 6]).as_slice(),
            address(ORIGIN, &[2, 0, 0, 0, 0, 1]),
            &protocol,
        ];
        for (to, from) in header.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        self.header = header;
    }

    /// Whether there is nothing to make at present.
    fn rests(&self) -> bool {
        self.closed || self.paused || self.left == Some(0)
    }

    /// The next frame, if it is time for one.
    fn next(&mut self) -> Option<SkBuff> {
        if self.rests() || !self.bucket.take(1) {
            return None;
        }
        let mut bytes = [0; HEADER + 8];
        let number = self.number.to_be_bytes();
        let parts = [self.header.as_slice(), &number];
        for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        let frame = SkBuff::with_header(&bytes, self.size);
        match frame {
            Some(_) => {
                self.number = self.number.wrapping_add(1);
                self.left = self.left.map(|left| left.saturating_sub(1));
            }
            None => self.failed = self.failed.saturating_add(1),
        }
        frame
    }

    /// The frames for which it is time, and when it is time for the next one.
    fn burst(&mut self, now: u64) -> (SkBuffList, Option<u64>) {
        self.bucket.advance(now);
        let mut frames = SkBuffList::default();
        for _ in 0..self.burst {
            match self.next() {
                Some(frame) => frames.push_back(frame),
                None => break,
            }
        }
        (frames, self.due(now))
    }

    /// When to look again.
    fn due(&self, now: u64) -> Option<u64> {
        if self.rests() {
            return None;
        }
        let due = self.bucket.due(1)?;
        Some(due.max(now.saturating_add(PAUSE)))
    }
}

impl Expire for Maker {
    fn expired(timer: &SoftTimer<Self>, bh: &BottomHalf) {
        let now = clock::now();
        let (mut frames, due) = timer.plan.lock().burst(now);
        let port = timer.port();
        while let Some(frame) = frames.pop_front() {
            timer.outlet.emit(frame, port, bh);
        }
        if let Some(due) = due {
            timer.start(due);
        }
    }
}

impl Maker {
    /// By which port frames leave.
    fn port(&self) -> u32 {
        match !self.outlet.is_bound(UPPER) && self.outlet.is_bound(LOWER) {
            true => LOWER,
            false => UPPER,
        }
    }
}

impl Source {
    fn change(&self, values: &Values) {
        let now = clock::now();
        let due = {
            let mut plan = self.0.plan.lock();
            plan.change(values, now);
            plan.due(now)
        };
        // No frame comes by the old plan after this.
        self.0.cancel();
        // Not late because a softirq has to be woken.
        let _bh = percpu::disable_bottom_half();
        if let Some(due) = due {
            self.0.start(due);
        }
    }
}

impl Block for Source {
    fn receive(&self, packet: SkBuff, _from: u32, _run: &Run<'_>) -> Verdict {
        packet.consume();
        Verdict::consumed()
    }

    fn start(&self, values: &Values, _rtnl: &Rtnl) {
        self.change(values);
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        self.change(values);
        Ok(())
    }

    fn notice(&self, heard: &Heard<'_>) {
        let due = {
            let mut plan = self.0.plan.lock();
            let before = core::mem::replace(&mut plan.paused, heard.says_wait());
            let now = clock::now();
            // Of the time in which it waited a burst is made up for at most.
            plan.due(now).filter(|_| before)
        };
        if let Some(due) = due {
            self.0.start(due);
        }
    }

    fn read(&self, place: usize) -> Result<Value> {
        let plan = self.0.plan.lock();
        Ok(match place {
            LEFT => plan.left.map_or(Value::Absent, Value::Uint),
            FAILED => Value::Uint(plan.failed),
            PAUSED => Value::Uint(u64::from(plan.paused)),
            _ => Value::Absent,
        })
    }

    fn stop(&self, successor: Option<&dyn Block>, _rtnl: &Rtnl) {
        if !takes_over(successor, |other: &Source| &other.0, &self.0) {
            self.0.plan.lock().closed = true;
            self.0.cancel();
        }
    }
}
