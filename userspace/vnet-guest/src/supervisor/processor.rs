// SPDX-License-Identifier: GPL-2.0
//! A processor of its own for a kernel without SMP.
//!
//! Such a kernel of User-Mode Linux and its processes take turns. On one processor that is a switch; on several, one
//! has to be woken each time, which takes many times as long, above all in a virtual machine. Which processors are
//! taken is known by locks on files in the cache, which `qemu/guest-run` respects, too.

use std::fs::{self, File};
use std::path::Path;

use nix::sched::{sched_getaffinity, sched_setaffinity, CpuSet};
use nix::unistd::Pid;

/// This thread.
const SELF: Pid = Pid::from_raw(0);

/// A processor that no other guest is bound to while this exists.
#[derive(Debug)]
pub struct Processor {
    number: usize,
    _lock: File,
}

impl Processor {
    /// One of those that we may use, if one is free; `locks` is the folder of the files.
    pub fn claim(locks: &Path) -> Option<Self> {
        fs::create_dir_all(locks).ok()?;
        let allowed = sched_getaffinity(SELF).ok()?;
        // From the last, since the first has more to do for the machine.
        let numbers = (0..CpuSet::count()).rev();
        numbers
            .filter(|number| allowed.is_set(*number).unwrap_or(false))
            .find_map(|number| {
                let path = locks.join(format!("processor-{number}"));
                let lock = File::options().create(true).append(true).open(path).ok()?;
                lock.try_lock().ok()?;
                Some(Self {
                    number,
                    _lock: lock,
                })
            })
    }

    /// Calls `start`; processes that it starts are bound to the processor.
    pub fn bind<T>(&self, start: impl FnOnce() -> T) -> T {
        let before = sched_getaffinity(SELF);
        let mut own = CpuSet::new();
        let bound = own
            .set(self.number)
            .and_then(|()| sched_setaffinity(SELF, &own));
        let result = start();
        if let (Ok(()), Ok(before)) = (bound, before) {
            // It was allowed before, so it is now.
            let _ = sched_setaffinity(SELF, &before);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed() -> Vec<usize> {
        let set = sched_getaffinity(SELF).unwrap();
        (0..CpuSet::count())
            .filter(|number| set.is_set(*number).unwrap())
            .collect()
    }

    #[test]
    fn each_guest_has_another_processor() {
        let dir = tempfile::tempdir().unwrap();
        let locks = dir.path().join("lock");
        let all = allowed();
        let mut claimed: Vec<Processor> = all
            .iter()
            .map(|_| Processor::claim(&locks).unwrap())
            .collect();
        let mut numbers: Vec<usize> = claimed.iter().map(|one| one.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, all);
        assert!(Processor::claim(&locks).is_none());
        let freed = claimed.pop().unwrap().number;
        assert_eq!(Processor::claim(&locks).unwrap().number, freed);
    }

    #[test]
    fn what_is_started_is_bound_and_we_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let before = allowed();
        let processor = Processor::claim(dir.path()).unwrap();
        assert_eq!(processor.bind(allowed), [processor.number]);
        assert_eq!(allowed(), before);
    }
}
