// SPDX-License-Identifier: GPL-2.0

//! Agendas: when a CPU has to poll which instances.
//!
//! Every direction of a link wants to be polled at some time. With a timer for each of them a packet
//! that crosses a row of links has as many interrupts, and the clock's hardware is set as often, which
//! costs more than the links do, above all in virtual machines. So each CPU has one timer for all that
//! is to be polled there, and a [round](super::round) that ends polls what has become due meanwhile.
//!
//! ```text
//!  schedule_at --> agenda --+-- its timer ----> softirq --> round
//!                           ^                                 | ends
//!                           +------- what is due is polled ---+
//! ```
//!
//! What is next at the end of a round, and nearer than the timer's interrupts are late on the average,
//! is waited for: the interrupt would come later and take as long. A single one is not waited for longer
//! than [`WAITED_FOR`], all of them in a round for [`PATIENCE`], and none if a task wants the CPU.
//!
//! # Vocabulary
//!
//! - *Entry*: that an instance is to be polled, and when. Each has at most one, on the CPU where it was
//!   last made.
//!
//! # Invariants
//!
//! - While there are entries, the timer is armed for no later than the first of them, or a round that
//!   will look at them (`changed`) is running on the CPU or scheduled there. One that is scheduled is
//!   moved to another CPU if this one is taken away, so the timer is armed then, too, for no later than
//!   [`LEFT_ALONE`] from when the round was scheduled.
//! - What is queued is the entry of a live instance: it is taken out when the instance is disabled.

use super::{
    clock,
    hrtimer::HrTimer,
    round::{
        Cpu,
        Seat, //
    }, //
};
use crate::bindings;
use core::{
    cell::UnsafeCell,
    mem::{
        self,
        offset_of, //
    },
    ptr,
    sync::atomic::{
        AtomicBool,
        AtomicPtr,
        AtomicU64,
        Ordering::{
            Acquire,
            Relaxed,
            Release, //
        }, //
    }, //
};
use kernel::{
    ffi::c_ulong,
    types::{
        NotThreadSafe,
        Opaque, //
    }, //
};

/// Not armed.
const NEVER: u64 = u64::MAX;
/// How many interrupts the average of their lateness is of.
const AVERAGED: u64 = 16;
/// What counts most in it, ns: the machine may stand still for much longer.
const LATEST: u64 = 200_000;
/// What the end of a round waits for at most, ns.
const WAITED_FOR: u64 = 10_000;
/// How long a round waits in all, ns.
pub(super) const PATIENCE: u64 = 50_000;
/// Among how many entries an interrupt looks for one that is not due.
const LOOKED_AT: usize = 8;
/// When the timer looks after entries that a round should have seen to, ns.
const LEFT_ALONE: u64 = 1_000_000;

/// An instance's place in an agenda.
#[repr(C)]
pub(super) struct Entry {
    /// Its time is the key. Protected by the lock of `agenda`.
    node: UnsafeCell<bindings::timerqueue_node>,
    /// Whether the node is in the tree of `agenda`. Protected by its lock.
    queued: UnsafeCell<bool>,
    /// To which agenda the entry belongs: where it was made last, or null. Once it is not null, it is
    /// changed under the lock of that agenda only.
    agenda: AtomicPtr<Agenda>,
    /// See [`Agenda::repeat`].
    again: AtomicU64,
}

impl Entry {
    /// One that is in no agenda.
    pub(super) const fn new() -> Self {
        // SAFETY: All zeroes are a valid node.
        let node = unsafe { mem::zeroed() };
        Self {
            node: UnsafeCell::new(node),
            queued: UnsafeCell::new(false),
            agenda: AtomicPtr::new(ptr::null_mut()),
            again: AtomicU64::new(0),
        }
    }
}

/// What a CPU has to poll, and when.
#[repr(C)]
pub(super) struct Agenda {
    /// Protects `queue`, the nodes in it, and `armed`. Taken in hard interrupts, too.
    lock: Opaque<bindings::spinlock_t>,
    queue: UnsafeCell<bindings::timerqueue_head>,
    timer: HrTimer,
    /// When the timer expires, ns.
    armed: AtomicU64,
    /// How late it does on the average, ns.
    late: AtomicU64,
    /// Whether the round that is running, or the next, has to look at the agenda.
    changed: AtomicBool,
}

// SAFETY: What is not atomic is protected by the lock, or C's.
unsafe impl Sync for Agenda {}

/// The proof that the lock of an agenda is held.
struct Locked<'a> {
    agenda: &'a Agenda,
    flags: c_ulong,
    /// Interrupts are disabled on this CPU.
    _not_send: NotThreadSafe,
}

impl Agenda {
    /// Makes it one without entries.
    ///
    /// # Safety
    ///
    /// It is that of a CPU, is made of zeroes, and nobody else knows of it yet. [`Self::end`] is called
    /// before the module goes.
    pub(super) unsafe fn begin(&self) {
        // SAFETY: As required of the caller. The timer is that of an agenda.
        unsafe {
            bindings::spin_lock_init_irq(self.lock.get());
            self.timer.setup(expired);
        }
        self.armed.store(NEVER, Relaxed);
    }

    /// Stops the timer.
    pub(super) fn end(&self) {
        self.timer.cancel();
    }

    #[inline]
    fn lock(&self) -> Locked<'_> {
        // SAFETY: It was initialised by `begin`.
        let flags = unsafe { bindings::spin_lock_irqsave(self.lock.get()) };
        Locked {
            agenda: self,
            flags,
            _not_send: NotThreadSafe,
        }
    }

    /// Has `seat` polled at `at`, ns, and not at the time that was entered before. This is the agenda of
    /// the caller's CPU, who has read the clock at `now`. `rounding`: a round is running here, whose end
    /// will look at the agenda.
    ///
    /// Where a poll comes anyway in time, all stays as it is: to set the clock's hardware costs more than a
    /// poll. So it is with what is overdue (packets have polls run, too, and may be there before the
    /// interrupt) and with what is entered for not much earlier, if the timer
    /// [repeats itself](Self::repeat).
    #[inline]
    pub(super) fn enter(&self, seat: &Seat, at: u64, now: u64, rounding: bool) {
        let (entry, this) = (seat.entry(), ptr::from_ref(self).cast_mut());
        if rounding {
            self.changed.store(true, Relaxed);
        }
        loop {
            let Some(locked) = Self::lock_of(seat) else {
                // Should somebody else be first, the next turn sees that.
                let _ = entry
                    .agenda
                    .compare_exchange(ptr::null_mut(), this, Release, Relaxed);
                continue;
            };
            let early = entry.again.load(Relaxed) / 2;
            if let Some(set) = locked.time_of(seat) {
                if set <= now || (set <= at && at - set <= early) {
                    return;
                }
                locked.remove(seat);
            }
            if !ptr::eq(locked.agenda, self) {
                entry.agenda.store(this, Release);
                continue;
            }
            locked.insert(seat, at);
            if !rounding {
                locked.arm(now);
            }
            return;
        }
    }

    /// Takes the lock of the agenda to which the entry of an instance belongs, if there is one.
    #[inline]
    fn lock_of(seat: &Seat) -> Option<Locked<'static>> {
        let owner = &seat.entry().agenda;
        loop {
            let agenda = owner.load(Relaxed);
            // SAFETY: Agendas live as long as the module.
            let locked = unsafe { agenda.as_ref() }?.lock();
            // If it has come from another one, with what was written under that one's lock.
            if owner.load(Acquire) == agenda {
                return Some(locked);
            }
        }
    }

    /// Takes out the entry of an instance, if there is one.
    pub(super) fn forget(seat: &Seat) {
        if let Some(locked) = Self::lock_of(seat) {
            locked.remove(seat);
        }
    }

    /// When the timer has the instance polled, it sets itself once more by so many ns, unless 0. What it
    /// costs to set the clock's hardware is then paid once for both.
    #[inline]
    pub(super) fn repeat(seat: &Seat, after: u64) {
        seat.entry().again.store(after, Relaxed);
    }

    /// How late the timer's interrupts come on the average, ns.
    #[inline]
    pub(super) fn lateness(&self) -> u64 {
        self.late.load(Relaxed)
    }

    /// Whether the end of a round has to look at the agenda.
    #[inline]
    pub(super) fn has_changed(&self) -> bool {
        self.changed.load(Relaxed)
    }

    /// Has what is due polled by the round that is running here, or if nothing is, what is next and worth
    /// waiting for, and tells so. If there is neither, arms the timer. `patience`: how long the round may
    /// still wait, ns.
    pub(super) fn sweep(&self, patience: &mut u64) -> bool {
        loop {
            let locked = self.lock();
            let now = clock::now();
            match locked.first() {
                Some((_, at)) if at <= now => {
                    let mut pushed = false;
                    locked.pop_due(now, |seat| {
                        // SAFETY: What is queued is live.
                        pushed |= unsafe { Seat::schedule(seat) };
                        true
                    });
                    if pushed {
                        return true;
                    }
                }
                Some((_, at))
                    if at - now <= self.worth_waiting().min(*patience) && !is_wanted() =>
                {
                    drop(locked);
                    *patience -= at - now;
                    clock::spin_until(at, WAITED_FOR);
                }
                _ => {
                    self.changed.store(false, Relaxed);
                    locked.arm(now);
                    return false;
                }
            }
        }
    }

    /// Up to how far ahead what is next is waited for, ns: the interrupt would come later.
    #[inline]
    fn worth_waiting(&self) -> u64 {
        self.lateness().min(WAITED_FOR)
    }

    /// The round that has ended has done enough: what is due is polled later in softirq.
    pub(super) fn leave(&self) {
        let locked = self.lock();
        let now = clock::now();
        let mut goes_on = false;
        locked.pop_due(now, |seat| {
            // SAFETY: What is queued is live.
            goes_on = unsafe { Seat::schedule(seat) };
            !goes_on
        });
        let latest = now.saturating_add(LEFT_ALONE);
        if !goes_on {
            locked.arm(now);
        } else if self.armed.load(Relaxed) > latest {
            locked.start(latest);
        }
    }

    /// The timer has expired. The round that is running sees to what is due, or the one that is begun by
    /// having the first instance polled.
    fn expire(&self) {
        let now = clock::now();
        let (late, before) = (now.saturating_sub(self.timer.expired()), self.lateness());
        let late = before - before / AVERAGED + late.min(LATEST) / AVERAGED;
        self.late.store(late, Relaxed);
        // The timer of a CPU that is taken away goes to another one.
        let cpu = Cpu::here().filter(|cpu| ptr::eq(cpu.agenda(), self));

        let locked = self.lock();
        self.changed.store(true, Relaxed);
        self.armed.store(NEVER, Relaxed);
        let mut next = NEVER;
        if !cpu.is_some_and(Cpu::is_rounding) {
            locked.pop_due(now, |seat| {
                // SAFETY: What is queued is live.
                let (again, here) =
                    unsafe { ((*seat).entry().again.swap(0, Relaxed), Seat::schedule(seat)) };
                // What is nearer than that is seen to when the round ends.
                if again > WAITED_FOR {
                    next = next.min(now.saturating_add(again));
                }
                !here || cpu.is_none()
            });
        }
        if let Some((_, first)) = locked.first() {
            let latest = match first <= now {
                true => now.saturating_add(LEFT_ALONE),
                false => NEVER,
            };
            next = next
                .min(locked.first_after(now).unwrap_or(NEVER))
                .min(latest);
        }
        if next != NEVER {
            locked.start(next);
        }
    }
}

/// Whether somebody waits for this CPU.
#[inline]
fn is_wanted() -> bool {
    // SAFETY: No requirements.
    unsafe { bindings::need_resched() }
}

impl Locked<'_> {
    /// The tree.
    #[inline]
    fn queue(&self) -> *mut bindings::timerqueue_head {
        self.agenda.queue.get()
    }

    /// The first entry and its time, ns.
    #[inline]
    fn first(&self) -> Option<(*const Seat, u64)> {
        // SAFETY: The lock is held; nodes in the tree are those of live instances.
        unsafe {
            let node = (*self.queue()).rb_root.rb_leftmost;
            if node.is_null() {
                return None;
            }
            let node = node.cast::<bindings::timerqueue_node>();
            Some((seat_of(node), time(node)))
        }
    }

    /// The time of an entry, ns, if it is in the tree. Nobody moves it to another agenda.
    #[inline]
    fn time_of(&self, seat: &Seat) -> Option<u64> {
        let entry = seat.entry();
        // SAFETY: The lock of the entry's agenda is held.
        unsafe { (*entry.queued.get()).then(|| time(entry.node.get())) }
    }

    #[inline]
    fn insert(&self, seat: &Seat, at: u64) {
        let entry = seat.entry();
        let node = entry.node.get();
        // SAFETY: The lock of the entry's agenda is held, and the node is in no tree, which C marks by
        // having it be its own parent.
        unsafe {
            (*node).node.__rb_parent_color = node as c_ulong;
            (*node).expires = i64::try_from(at).unwrap_or(i64::MAX);
            bindings::timerqueue_add(self.queue(), node);
            *entry.queued.get() = true;
        }
    }

    /// Takes out an entry, if it is there.
    #[inline]
    fn remove(&self, seat: &Seat) {
        let entry = seat.entry();
        // SAFETY: The lock of the entry's agenda is held; a node that is queued is in its tree.
        unsafe {
            if mem::take(&mut *entry.queued.get()) {
                bindings::timerqueue_del(self.queue(), entry.node.get());
            }
        }
    }

    /// Takes out what is due by `now` and gives it to `then`, until that says no.
    #[inline]
    fn pop_due(&self, now: u64, mut then: impl FnMut(*const Seat) -> bool) {
        while let Some((seat, at)) = self.first() {
            if at > now {
                return;
            }
            // SAFETY: What is queued is live.
            self.remove(unsafe { &*seat });
            if !then(seat) {
                return;
            }
        }
    }

    /// The time of the first entry that is not due by `now`, ns, if it is not behind too many that are.
    #[inline]
    fn first_after(&self, now: u64) -> Option<u64> {
        // SAFETY: The lock is held.
        let first = unsafe { (*self.queue()).rb_root.rb_leftmost };
        let mut node = first.cast::<bindings::timerqueue_node>();
        for _ in 0..LOOKED_AT {
            if node.is_null() {
                return None;
            }
            // SAFETY: The lock is held, and the node is in the tree.
            unsafe {
                let at = time(node);
                if at > now {
                    return Some(at);
                }
                node = bindings::timerqueue_iterate_next(node);
            }
        }
        None
    }

    /// Arms the timer for the first entry, unless it is armed already for about then, or is overdue.
    #[inline]
    fn arm(&self, now: u64) {
        let Some((seat, first)) = self.first() else {
            return;
        };
        // SAFETY: What is queued is live.
        let early = unsafe { (*seat).entry().again.load(Relaxed) } / 2;
        let armed = self.agenda.armed.load(Relaxed);
        if armed > now && (armed > first || first - armed > early) {
            self.start(first);
        }
    }

    #[inline]
    fn start(&self, at: u64) {
        self.agenda.armed.store(at, Relaxed);
        self.agenda.timer.start(at);
    }
}

impl Drop for Locked<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: The lock is held, and was taken with these flags.
        unsafe { bindings::spin_unlock_irqrestore(self.agenda.lock.get(), self.flags) };
    }
}

/// The instance of an entry.
///
/// # Safety
///
/// `node` is that of a live instance.
#[inline]
unsafe fn seat_of(node: *mut bindings::timerqueue_node) -> *const Seat {
    const PLACE: usize = Seat::ENTRY + offset_of!(Entry, node);
    // CAST: The node lies at its place in a seat.
    node.cast::<u8>().wrapping_sub(PLACE).cast()
}

/// When an entry is due, ns.
///
/// # Safety
///
/// `node` is live, and protected by the lock of an agenda that is held.
#[inline]
unsafe fn time(node: *const bindings::timerqueue_node) -> u64 {
    // SAFETY: As required of the caller.
    u64::try_from(unsafe { (*node).expires }).unwrap_or(0)
}

/// # Safety
///
/// `timer` is that of an agenda, which has begun.
unsafe extern "C" fn expired(timer: *mut bindings::hrtimer) -> bindings::hrtimer_restart {
    // CAST: The timer lies at its offset within an agenda.
    let agenda = timer
        .cast::<u8>()
        .wrapping_sub(offset_of!(Agenda, timer))
        .cast::<Agenda>();
    // SAFETY: As required of the caller.
    unsafe { (*agenda).expire() };
    bindings::hrtimer_restart_HRTIMER_NORESTART
}
