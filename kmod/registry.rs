// SPDX-License-Identifier: GPL-2.0

//! All instances, links and media by number, and the accounts of user namespaces.
//!
//! One mutex protects it. It is taken under RTNL where both are needed, and nothing but an
//! instance's identity is locked under it.

use crate::{
    account::{
        Account,
        Load, //
    },
    fb::{
        program::Entry,
        socket::Chain, //
    },
    instance::Instance,
    medium::Medium,
    net::{
        device::NetDevice,
        netns::Net,
        notifier::Watcher,
        rtnl::Rtnl, //
    },
    pipe::Link,
    sync::{
        registry::REGISTRY,
        turns::Turns, //
    }, //
};
use kernel::{
    prelude::*,
    rbtree::RBTree,
    sync::Arc, //
};

/// Everything that can be found by number.
pub(crate) struct Registry {
    instances: Numbered<Instance>,
    links: Numbered<Link>,
    media: Numbered<Medium>,
    /// By the owner's number, see [`Net::owners`].
    users: RBTree<usize, User>,
    /// By the address of the device, while RTNL keeps it, and the number of the user.
    device_users: RBTree<(usize, u32), Arc<dyn DeviceUser>>,
    last_device_user: u32,
    /// By the inode number of the namespace and the number of the chain.
    chains: RBTree<(u64, u32), Arc<Chain>>,
    turns: Arc<Turns<Entry>>,
}

/// Who has to let go of a device before it goes.
pub(crate) trait DeviceUser: Send + Sync {
    /// The device goes.
    fn device_gone(&self, rtnl: &Rtnl);

    /// The device came up or went down, or its carrier changed.
    fn device_changed(&self, device: &NetDevice, rtnl: &Rtnl);
}

/// Tells the users of a device what happens to it.
pub(crate) struct Devices;

impl Watcher for Devices {
    fn gone(device: &NetDevice, rtnl: &Rtnl) {
        let key = (device.address_in_memory(), 0);
        let next = || {
            with(|registry| {
                let first = registry.device_users.cursor_lower_bound(&key);
                let found = first.and_then(|cursor| {
                    let (found, _) = cursor.current();
                    (found.0 == key.0).then_some(*found)
                });
                Ok(found.and_then(|found| registry.device_users.remove(&found)))
            })
        };
        while let Ok(Some(user)) = next() {
            user.device_gone(rtnl);
        }
    }

    fn changed(device: &NetDevice, rtnl: &Rtnl) {
        let address = device.address_in_memory();
        let mut from = Some(0);
        while let Some(number) = from {
            let found = with(|registry| {
                let first = registry.device_users.cursor_lower_bound(&(address, number));
                Ok(first.and_then(|cursor| {
                    let ((of, number), user) = cursor.current();
                    (*of == address).then(|| (*number, user.clone()))
                }))
            });
            let Ok(Some((number, user))) = found else {
                return;
            };
            user.device_changed(device, rtnl);
            from = number.checked_add(1);
        }
    }
}

/// The account of a user namespace.
struct User {
    account: Arc<Account>,
    /// Parent, if it has one.
    above: Option<usize>,
    /// Network namespaces and user namespaces that use it.
    users: u32,
}

/// An account that was found or made.
pub(crate) struct UserAccount {
    /// The owner's number, for [`Registry::release_user`].
    pub(crate) owner: usize,
    /// Its account.
    pub(crate) account: Arc<Account>,
}

/// Makes the registry; before that [`with`] fails.
pub(crate) fn open() -> Result {
    let turns = Arc::new(Turns::new()?, GFP_KERNEL)?;
    *REGISTRY.lock() = Some(Registry {
        instances: Numbered::new(),
        links: Numbered::new(),
        media: Numbered::new(),
        users: RBTree::new(),
        device_users: RBTree::new(),
        last_device_user: 0,
        chains: RBTree::new(),
        turns,
    });
    Ok(())
}

/// Frees the registry.
pub(crate) fn close() {
    let registry = REGISTRY.lock().take();
    drop(registry);
}

/// Calls `then` with the registry locked.
pub(crate) fn with<R>(then: impl FnOnce(&mut Registry) -> Result<R>) -> Result<R> {
    then(REGISTRY.lock().as_mut().ok_or(ENODEV)?)
}

impl Registry {
    /// The instances.
    pub(crate) fn instances(&mut self) -> &mut Numbered<Instance> {
        &mut self.instances
    }

    /// The links.
    pub(crate) fn links(&mut self) -> &mut Numbered<Link> {
        &mut self.links
    }

    /// The media.
    pub(crate) fn media(&mut self) -> &mut Numbered<Medium> {
        &mut self.media
    }

    /// The turns that packets take on the CPUs.
    pub(crate) fn turns(&self) -> &Arc<Turns<Entry>> {
        &self.turns
    }

    /// Has `user` told when a device goes; a number for [`Self::remove_device_user`].
    pub(crate) fn add_device_user(
        &mut self,
        device: &NetDevice,
        user: Arc<dyn DeviceUser>,
        _rtnl: &Rtnl,
    ) -> Result<u32> {
        let address = device.address_in_memory();
        loop {
            self.last_device_user = self.last_device_user.wrapping_add(1);
            let key = (address, self.last_device_user);
            if self.device_users.get(&key).is_none() {
                self.device_users
                    .try_create_and_insert(key, user, GFP_KERNEL)?;
                return Ok(self.last_device_user);
            }
        }
    }

    /// The user of a number has let go of the device.
    pub(crate) fn remove_device_user(&mut self, device: &NetDevice, number: u32) {
        let key = (device.address_in_memory(), number);
        drop(self.device_users.remove(&key));
    }

    /// The chain of a number in the namespace with an inode number.
    pub(crate) fn find_chain(&self, inode: u64, number: u32) -> Option<Arc<Chain>> {
        self.chains.get(&(inode, number)).cloned()
    }

    /// Has a chain found by its number, which is free.
    pub(crate) fn add_chain(&mut self, inode: u64, number: u32, chain: Arc<Chain>) -> Result {
        self.chains
            .try_create_and_insert((inode, number), chain, GFP_KERNEL)?;
        Ok(())
    }

    /// The chain is not found any more.
    pub(crate) fn remove_chain(&mut self, inode: u64, number: u32) {
        drop(self.chains.remove(&(inode, number)));
    }

    /// The account of the user namespace that owns `net`, with those above it. The first user
    /// namespace of the system has `max` and `max_links`, each other one half of its parent's.
    pub(crate) fn user_account(
        &mut self,
        net: &Net,
        max: Load,
        max_links: u32,
    ) -> Result<UserAccount> {
        let mut chain = KVec::new();
        for owner in net.owners() {
            chain.push(owner, GFP_KERNEL)?;
        }
        let mut above: Option<(usize, Arc<Account>)> = None;
        for owner in chain.iter().rev().copied() {
            if let Some(user) = self.users.get(&owner) {
                above = Some((owner, user.account.clone()));
                continue;
            }
            // Half of what is above, so that no user namespace can use up what others need.
            let (max, max_links) = match &above {
                Some((_, account)) => (account.budget().max().half(), account.links().max() / 2),
                None => (max, max_links),
            };
            let made = self.make_user(owner, above.clone(), max, max_links);
            match made {
                Ok(account) => above = Some((owner, account)),
                Err(error) => {
                    // What was made for a chain that failed half way has no user.
                    if let Some((owner, _)) = above {
                        self.drop_unused(owner);
                    }
                    return Err(error);
                }
            }
        }
        let (owner, account) = above.ok_or(EINVAL)?;
        self.count_user(owner, 1);
        Ok(UserAccount { owner, account })
    }

    fn make_user(
        &mut self,
        owner: usize,
        above: Option<(usize, Arc<Account>)>,
        max: Load,
        max_links: u32,
    ) -> Result<Arc<Account>> {
        let (above, above_account) = above.unzip();
        let account = Arc::new(Account::new(max, max_links, above_account), GFP_KERNEL)?;
        let user = User {
            account: account.clone(),
            above,
            users: 0,
        };
        self.users.try_create_and_insert(owner, user, GFP_KERNEL)?;
        if let Some(above) = above {
            self.count_user(above, 1);
        }
        Ok(account)
    }

    fn count_user(&mut self, owner: usize, more: u32) {
        if let Some(user) = self.users.get_mut(&owner) {
            user.users = user.users.saturating_add(more);
        }
    }

    /// A network namespace of an owner is gone.
    pub(crate) fn release_user(&mut self, owner: usize) {
        if let Some(user) = self.users.get_mut(&owner) {
            user.users = user.users.saturating_sub(1);
        }
        self.drop_unused(owner);
    }

    /// Drops an account that nobody uses, and those above it that nobody uses then.
    fn drop_unused(&mut self, owner: usize) {
        let mut next = Some(owner);
        while let Some(owner) = next.take() {
            if self.users.get(&owner).is_some_and(|user| user.users == 0) {
                next = self.users.remove(&owner).and_then(|user| user.above);
                if let Some(user) = next.and_then(|above| self.users.get_mut(&above)) {
                    user.users = user.users.saturating_sub(1);
                }
            }
        }
    }
}

/// Objects by number. A number is not used twice before all have been.
pub(crate) struct Numbered<T> {
    by_id: RBTree<u32, Arc<T>>,
    last: u32,
    generation: u32,
}

impl<T> Numbered<T> {
    fn new() -> Self {
        Self {
            by_id: RBTree::new(),
            last: 0,
            generation: 1,
        }
    }

    /// A number that is free.
    pub(crate) fn next_id(&mut self) -> u32 {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if self.by_id.get(&self.last).is_none() {
                return self.last;
            }
        }
    }

    /// Adds an object under a number from [`Self::next_id`].
    pub(crate) fn insert(&mut self, id: u32, object: Arc<T>) -> Result {
        self.by_id.try_create_and_insert(id, object, GFP_KERNEL)?;
        self.changed();
        Ok(())
    }

    /// Removes an object.
    pub(crate) fn remove(&mut self, id: u32) -> Option<Arc<T>> {
        let object = self.by_id.remove(&id);
        if object.is_some() {
            self.changed();
        }
        object
    }

    /// The object of a number.
    pub(crate) fn get(&self, id: u32) -> Option<Arc<T>> {
        self.by_id.get(&id).cloned()
    }

    /// The object with the lowest number from `id` on.
    pub(crate) fn from(&self, id: u32) -> Option<(u32, Arc<T>)> {
        let cursor = self.by_id.cursor_lower_bound(&id)?;
        let (id, object) = cursor.current();
        Some((*id, object.clone()))
    }

    /// A number that changes with each change of the set.
    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// Notes a change of an object that a dump should see.
    pub(crate) fn changed(&mut self) {
        self.generation = self.generation.wrapping_add(1);
    }
}
