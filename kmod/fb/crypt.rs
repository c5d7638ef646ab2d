// SPDX-License-Identifier: GPL-2.0

//! `crypt`: keeps secret, and protects against change, what goes between two ends with such a
//! block.
//!
//! ```text
//!   frames:     | destination, source | protocol | header | sealed | seal | (padding)
//!   datagrams:                        | protocol | header | sealed | seal |
//!                        12                2         26                16
//!               |<---------- authenticated ------------->|encrypted|
//!
//!   header:     | 7 | 0 | key | length | epoch | nonce |
//!                 1   1    2      2        8      12
//! ```
//!
//! *Sealed* is a frame from its Ethernet type on, or a datagram, of *length* bytes; *key* are the
//! first bytes of the key's fingerprint. The algorithms are AES-GCM (SP 800-38D) and
//! ChaCha20-Poly1305 (RFC 8439, which the kernel calls after its predecessor, RFC 7539).
//!
//! # Nonces
//!
//! With either algorithm two packets that are sealed with one key and one nonce give both away.
//! Both ends have the same key, neither knows of the other's nonces, and a block that is made anew
//! knows nothing of the one before it. So whoever begins to send with a key draws a nonce of 96
//! random bits and counts on from there: a random field that is incremented, SP 800-38D, 8.2.2. How
//! improbable it is that two of them meet, `model::seal` says. (32 bits and a counter of 64, as
//! IPsec and MACsec have them, need somebody who gives each sender 32 bits of its own.) The whole
//! nonce is in the packet. What follows:
//!
//! - the nonces belong to a key and live with it (`key`): a replacement that has the same key goes
//!   on counting; with another one, or without the state, it begins anew;
//! - a nonce is drawn under a lock and never given back, whatever becomes of the packet.
//!
//! # Packets that come twice
//!
//! RFC 4303, 3.4.3, in the manner of RFC 6479, for the end that was heard last. What tells a block
//! that begins anew, whose nonces begin somewhere else, from what somebody has recorded of an
//! earlier one, is the *epoch*: the time at which it began. As the initiator's time stamp of
//! WireGuard it may only grow. Packets of this end itself are refused by their nonce. No more is
//! possible without an exchange of keys: a block that begins anew knows nothing of what its key has
//! seen before, and needs another key then, as RFC 4303 says of keys that are given by hand.
//!
//! # Keys
//!
//! A block seals with its `key`, and opens what was sealed with that or with `other-key`. So keys
//! change without loss: one end learns the new one as its `other-key`; the other end takes it as its
//! `key`, with the old one as `other-key`; then so does the first.

mod key;

use self::key::Key;
use super::{
    format::{
        self,
        Format, //
    },
    prelude::*, //
};
use crate::{
    model::seal::{
        Header,
        KINDS,
        MAX_WINDOW, //
    },
    net::crypto::NoSealer,
    sync::{
        counter::Counter,
        percpu::PerCpu,
        rcu::{
            RcuBox,
            RcuPtr, //
        }, //
    }, //
};
use kernel::sync::rcu;

/// Places of the parameters.
const KEY: usize = 0;
const OTHER_KEY: usize = 1;
const ALGORITHM: usize = 2;
const WINDOW: usize = 3;
const SEND: usize = 4;
const PLAIN: usize = 5;
const FRAMES: usize = 6;
const PROTOCOL: usize = 7;
const KEY_ID: usize = 8;
const OTHER_KEY_ID: usize = 9;
const SEALED: usize = 10;
const OPENED: usize = 11;
const REJECTED: usize = 12;

/// The algorithms; the first one is the default.
const ALGORITHMS: [&CStr; 2] = [c"gcm(aes)", c"rfc7539(chacha20,poly1305)"];

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"crypt",
    doc: c"encrypts and authenticates what goes to the block at the other end, which opens it",
    passage: Passage::Through,
    ports: ANY_THROUGH,
    params: &[
        Param::new(
            c"key",
            c"by which is sealed and opened, the same at both ends: 16, 24 or 32 random bytes",
            Kind::Data(16, 32),
        )
        .access(Access::Secret)
        .required(),
        Param::new(
            c"other-key",
            c"by which is opened, too, while keys change; no bytes are none",
            Kind::Data(0, 32),
        )
        .access(Access::Secret),
        Param::new(
            c"algorithm",
            c"gcm(aes) if absent, or rfc7539(chacha20,poly1305), which takes keys of 32 bytes",
            Kind::Text(64),
        )
        .access(Access::Initial),
        Param::uint(
            c"window",
            c"how far behind the newest one a packet may come; 0 takes packets again and again",
            0..=MAX_WINDOW,
            1024,
        )
        .unit(c"packets"),
        Param::new(
            c"send",
            c"whether what is sent is sealed; else it passes as it is",
            Kind::Bool(true),
        ),
        Param::new(
            c"plain",
            c"whether what is not sealed is let in, while blocks change",
            Kind::Bool(false),
        ),
        format::FRAMES,
        format::PROTOCOL,
        Param::new(
            c"key-id",
            c"fingerprint of the key: the first bytes of its SHA-256",
            Kind::Data(key::ID, key::ID),
        )
        .access(Access::Told),
        Param::new(
            c"other-key-id",
            c"that of the other key",
            Kind::Data(key::ID, key::ID),
        )
        .access(Access::Told),
        Param::reading(c"sealed", c"packets that were sealed").unit(c"packets"),
        Param::reading(c"opened", c"packets that were opened").unit(c"packets"),
        Param::reading(c"rejected", c"packets that were not let in").unit(c"packets"),
    ],
    events: &[],
    state: false,
    make,
};

/// Readings of one CPU.
#[derive(Default)]
struct Local {
    sealed: Counter,
    opened: Counter,
    rejected: Counter,
}

/// What parameters say; replaced as a whole.
struct Plan {
    key: Arc<Key>,
    other: Option<Arc<Key>>,
    window: u64,
    sends: bool,
    plain: bool,
}

struct Crypt {
    format: Format,
    algorithm: &'static CStr,
    plan: RcuPtr<Plan>,
    /// Replacements share them.
    readings: Arc<PerCpu<Local>>,
}

fn make(site: &Site<'_>, values: &Values, old: Option<&dyn Block>) -> Made {
    let old = of_type::<Crypt>(old);
    let algorithm = match values.text(ALGORITHM) {
        None => ALGORITHMS.first().copied(),
        Some(text) => ALGORITHMS.into_iter().find(|known| *known == text),
    };
    let message = c"the algorithm is gcm(aes) or rfc7539(chacha20,poly1305)";
    let algorithm = algorithm.ok_or_else(|| Refused::param(ALGORITHM, message, EINVAL))?;
    let readings = match old {
        Some(old) => old.readings.clone(),
        None => Arc::new(PerCpu::new()?, GFP_KERNEL)?,
    };
    let plan = plan_of(algorithm, values, old, site.rtnl)?;
    let block = Crypt {
        format: Format::new(values.uint(FRAMES), values.uint(PROTOCOL)),
        algorithm,
        plan: RcuPtr::new(RcuBox::new(plan)?),
        readings,
    };
    Ok(Arc::new(block, GFP_KERNEL)?)
}

/// What values say. Keys that a block has had before stay the same ones, with nonces and windows.
fn plan_of(
    algorithm: &'static CStr,
    values: &Values,
    old: Option<&Crypt>,
    rtnl: &Rtnl,
) -> Result<Plan, Refused> {
    let known = old.map(Crypt::keys);
    let key = |place: usize| {
        let bytes = values.data(place);
        let known = known.iter().flatten().flatten();
        match known.into_iter().find(|key| key.is(algorithm, bytes)) {
            Some(key) => Ok(key.clone()),
            None => Key::new(algorithm, bytes, rtnl).map_err(|error| refusal(error, place)),
        }
    };
    let other = match values.data(OTHER_KEY) {
        [] => None,
        bytes if bytes == values.data(KEY) => None,
        _ => Some(key(OTHER_KEY)?),
    };
    Ok(Plan {
        key: key(KEY)?,
        other,
        window: values.uint(WINDOW),
        sends: values.uint(SEND) != 0,
        plain: values.uint(PLAIN) != 0,
    })
}

fn refusal(error: NoSealer, place: usize) -> Refused {
    match error {
        NoSealer::Algorithm => Refused::param(
            ALGORITHM,
            c"the kernel has no implementation of the algorithm that works in a softirq",
            ENOENT,
        ),
        NoSealer::Key => Refused::param(
            place,
            c"the algorithm does not take keys of that length",
            EINVAL,
        ),
        NoSealer::Error(error) => error.into(),
    }
}

impl Crypt {
    /// The keys that it has.
    fn keys(&self) -> [Option<Arc<Key>>; 2] {
        let guard = rcu::read_lock();
        let plan = self.plan.read(&guard);
        [Some(plan.key.clone()), plan.other.clone()]
    }

    /// Puts a sealed packet in the place of one.
    fn seal(&self, packet: &mut SkBuff, plan: &Plan) -> Result<(), Cause> {
        if !packet.fill_in() {
            return Err(Cause::NoMemory);
        }
        let mark = packet.mark();
        let bytes = packet.first(packet.len()).ok_or(Cause::NoMemory)?;
        let (head, rest) = bytes
            .split_at_checked(self.format.at)
            .ok_or(Cause::Malformed)?;
        let mut sealed = plan.key.seal(self.format, head, rest)?;
        sealed.set_mark(mark);
        core::mem::replace(packet, sealed).consume();
        Ok(())
    }

    /// The inverse.
    fn open(&self, packet: &mut SkBuff, plan: &Plan, header: &Header) -> Result<(), Cause> {
        let mark = packet.mark();
        let bytes = packet.first(packet.len()).ok_or(Cause::NoMemory)?;
        let mut result = plan.key.open(self.format, header, bytes, plan.window);
        if let (Err(Cause::Authentication), Some(other)) = (&result, &plan.other) {
            result = other.open(self.format, header, bytes, plan.window);
        }
        let mut opened = result?;
        opened.set_mark(mark);
        core::mem::replace(packet, opened).consume();
        Ok(())
    }

    /// A packet from the other end, or from somebody else.
    fn enter(&self, packet: &mut SkBuff, run: &Run<'_>) -> Result<(), Cause> {
        let plan = self.plan.read(run.rcu());
        let readings = self.readings.here(run.bh());
        let message = self.format.message(packet, KINDS);
        let result = match message.and_then(|message| Header::decode(&message)) {
            Some(header) => self.open(packet, plan, &header),
            None if plan.plain => return Ok(()),
            None => Err(Cause::Authentication),
        };
        match result {
            Ok(()) => readings.opened.add(1),
            Err(_) => readings.rejected.add(1),
        }
        result
    }
}

impl Block for Crypt {
    fn receive(&self, mut packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        if from == LOWER {
            return match self.enter(&mut packet, run) {
                Ok(()) => Verdict::leave(packet, UPPER),
                Err(cause) => Verdict::drop(packet, cause),
            };
        }
        let plan = self.plan.read(run.rcu());
        if !plan.sends {
            return Verdict::leave(packet, LOWER);
        }
        format::send(packet, run, |packet| {
            self.seal(packet, plan)?;
            self.readings.here(run.bh()).sealed.add(1);
            Ok(())
        })
    }

    fn set(&self, values: &Values, rtnl: &Rtnl) -> Result<(), Refused> {
        let plan = plan_of(self.algorithm, values, Some(self), rtnl)?;
        self.plan.replace(RcuBox::new(plan)?);
        Ok(())
    }

    fn read(&self, place: usize) -> Result<Value> {
        let sum = |of: fn(&Local) -> &Counter| {
            let all = self.readings.all().map(|local| of(local).get());
            Value::Uint(all.fold(0, u64::wrapping_add))
        };
        Ok(match place {
            KEY_ID | OTHER_KEY_ID => {
                let [key, other] = self.keys();
                match if place == KEY_ID { key } else { other } {
                    None => Value::Absent,
                    Some(key) => {
                        let mut id = KVVec::with_capacity(key::ID, GFP_KERNEL)?;
                        id.extend_from_slice(&key.id(), GFP_KERNEL)?;
                        Value::Data(id)
                    }
                }
            }
            SEALED => sum(|local| &local.sealed),
            OPENED => sum(|local| &local.opened),
            REJECTED => sum(|local| &local.rejected),
            _ => Value::Absent,
        })
    }
}
