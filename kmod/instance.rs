// SPDX-License-Identifier: GPL-2.0

//! Instances: the emulator's view of a network namespace.
//!
//! Every namespace has an [`Instance`] from its first to its last moment: what is on links has to
//! be charged to somebody, also where nobody asked for an instance. What `instance-new` adds and
//! `instance-del` takes away is its *identity*: number, name and lab.
//!
//! ```text
//!  namespace made --> anonymous <--instance-new / instance-del--> named
//!                         |                                         |
//!                         +--------> namespace gone <---------------+
//! ```

use crate::{
    account::{
        Account,
        Load, //
    },
    fb::graph::Graph,
    net::{
        clock,
        netns::{
            self,
            Net,
            NetCell,
            PerNet,
            PerNetId, //
        }, //
    },
    registry::{
        self,
        Registry, //
    }, //
};
use kernel::{
    new_mutex,
    prelude::*,
    str::CString,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc,
        Mutex, //
    }, //
};

/// Most link ends a namespace may have, unless `instance-set` says otherwise.
const MAX_LINKS: u32 = 16 << 10;
/// Most link ends that all namespaces of the system may have together; those of a user namespace
/// half of what its parent may have.
const MAX_USER_LINKS: u32 = 256 << 10;
/// Most wire frames in flight.
const MAX_FRAMES: u64 = 4 << 20;
/// Most wire frames in flight in the system; in a user namespace half of what its parent may have.
const MAX_USER_FRAMES: u64 = 32 << 20;
/// Share of the machine's memory that an instance may have in flight: one over this.
const MEMORY_SHARE: u64 = 8;
/// Share of the machine's memory that may be in flight in the system: one over this; in a user
/// namespace half of what its parent may have.
const USER_MEMORY_SHARE: u64 = 2;

/// Who an instance is.
pub(crate) struct Identity {
    /// Its number.
    pub(crate) id: u32,
    /// Name of the node.
    pub(crate) name: Option<CString>,
    /// Lab that owns it.
    pub(crate) lab: Option<CString>,
    /// Who asked for it, if from another namespace. It is told of changes, too.
    pub(crate) maker: Option<Arc<Instance>>,
}

/// What links report to an instance; wire frames and L2 bytes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Traffic {
    /// Frames sent.
    pub(crate) packets: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Frames of those that a link dropped; only of what was sent.
    pub(crate) drops: u64,
}

/// Sums over links, present and past.
pub(crate) struct Totals {
    tx_packets: Atomic<u64>,
    tx_bytes: Atomic<u64>,
    tx_drops: Atomic<u64>,
    rx_packets: Atomic<u64>,
    rx_bytes: Atomic<u64>,
    softirq_time: Atomic<u64>,
}

/// A network namespace, as the emulator sees it.
#[pin_data]
pub(crate) struct Instance {
    account: Account,
    owner: usize,
    inode: u64,
    totals: Totals,
    #[pin]
    net: NetCell,
    #[pin]
    blocks: Graph,
    /// Protects the identity; taken under the registry's lock.
    #[pin]
    identity: Mutex<Option<Identity>>,
}

impl Instance {
    /// The instance of a namespace.
    pub(crate) fn of(net: &Net) -> Arc<Self> {
        netns::shared_data::<Self>(net)
    }

    /// Limits and charges.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// Inode number of the namespace.
    pub(crate) fn inode(&self) -> u64 {
        self.inode
    }

    /// Calls `then` with the namespace, unless it is gone.
    pub(crate) fn with_net<R>(&self, then: impl FnOnce(&Net) -> R) -> Option<R> {
        self.net.with(then)
    }

    /// Calls `then` with the identity, if there is one.
    pub(crate) fn with_identity<R>(&self, then: impl FnOnce(&Identity) -> R) -> Option<R> {
        self.identity.lock().as_ref().map(then)
    }

    /// The number, if there is one.
    pub(crate) fn id(&self) -> Option<u32> {
        self.with_identity(|identity| identity.id)
    }

    /// Gives, changes or takes the identity; gives back the old one.
    pub(crate) fn replace_identity(&self, identity: Option<Identity>) -> Option<Identity> {
        core::mem::replace(&mut *self.identity.lock(), identity)
    }

    /// Changes the name of an instance that has an identity.
    pub(crate) fn rename(&self, name: CString) -> Option<CString> {
        let mut identity = self.identity.lock();
        (*identity).as_mut()?.name.replace(name)
    }

    /// The functional blocks.
    pub(crate) fn blocks(&self) -> &Graph {
        &self.blocks
    }

    /// Sums over links.
    pub(crate) fn totals(&self) -> &Totals {
        &self.totals
    }
}

impl Totals {
    fn new() -> Self {
        Self {
            tx_packets: Atomic::new(0),
            tx_bytes: Atomic::new(0),
            tx_drops: Atomic::new(0),
            rx_packets: Atomic::new(0),
            rx_bytes: Atomic::new(0),
            softirq_time: Atomic::new(0),
        }
    }

    /// Adds what was sent.
    pub(crate) fn add_sent(&self, traffic: Traffic) {
        self.tx_packets.add(traffic.packets, Relaxed);
        self.tx_bytes.add(traffic.bytes, Relaxed);
        self.tx_drops.add(traffic.drops, Relaxed);
    }

    /// Adds what was received, and the softirq time in ns that it took.
    pub(crate) fn add_received(&self, traffic: Traffic, softirq_time: u64) {
        self.rx_packets.add(traffic.packets, Relaxed);
        self.rx_bytes.add(traffic.bytes, Relaxed);
        self.softirq_time.add(softirq_time, Relaxed);
    }

    /// What was sent.
    pub(crate) fn sent(&self) -> Traffic {
        Traffic {
            packets: self.tx_packets.load(Relaxed),
            bytes: self.tx_bytes.load(Relaxed),
            drops: self.tx_drops.load(Relaxed),
        }
    }

    /// What was received.
    pub(crate) fn received(&self) -> Traffic {
        Traffic {
            packets: self.rx_packets.load(Relaxed),
            bytes: self.rx_bytes.load(Relaxed),
            drops: 0,
        }
    }

    /// Softirq time spent on delivery, in ns.
    pub(crate) fn softirq_time(&self) -> u64 {
        self.softirq_time.load(Relaxed)
    }
}

/// The number under which the core keeps the instances.
static PER_NET_ID: PerNetId<Instance> = PerNetId::new();

impl PerNet for Instance {
    fn id() -> &'static PerNetId<Self> {
        &PER_NET_ID
    }

    fn init(net: &Net) -> Result<Arc<Self>> {
        let memory = clock::total_memory();
        let max = Load {
            frames: MAX_FRAMES,
            bytes: memory / MEMORY_SHARE,
        };
        let max_user = Load {
            frames: MAX_USER_FRAMES,
            bytes: memory / USER_MEMORY_SHARE,
        };
        let (user, turns) = registry::with(|registry| {
            let user = registry.user_account(net, max_user, MAX_USER_LINKS)?;
            Ok((user, registry.turns().clone()))
        })?;
        let owner = user.owner;
        let instance = Arc::pin_init(
            pin_init!(Self {
                account: Account::new(max, MAX_LINKS, Some(user.account)),
                owner,
                inode: net.inode(),
                totals: Totals::new(),
                net <- NetCell::new(net),
                blocks <- Graph::new(turns),
                identity <- new_mutex!(None, "vnet_identity"),
            }),
            GFP_KERNEL,
        );
        if instance.is_err() {
            let _ = registry::with(|registry| {
                registry.release_user(owner);
                Ok(())
            });
        }
        instance
    }

    fn exit(this: &Arc<Self>) {
        this.blocks.clear();
        crate::control::instance::gone(this);
        this.net.clear();
        let _ = registry::with(|registry: &mut Registry| {
            registry.release_user(this.owner);
            Ok(())
        });
    }
}
