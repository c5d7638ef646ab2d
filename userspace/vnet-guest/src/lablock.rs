// SPDX-License-Identifier: GPL-2.0
//! The lock that says that a lab is up. It belongs to an open file and goes with its process, however that ends.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

use nix::errno::Errno;
use nix::fcntl::{fcntl, FcntlArg};
use nix::libc;
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;

use crate::error::{Error, Result};
use crate::rundir::{gone_is_fine, LabDir};

impl LabDir {
    /// Whether a supervisor lives. Asking disturbs nobody.
    pub fn is_locked(&self) -> Result<bool> {
        let file = match OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.lock_file())
        {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => {
                return Err(Error::io(format!(
                    "cannot open {}",
                    self.lock_file().display()
                ))(error))
            }
        };
        let mut lock = whole_file();
        fcntl(&file, FcntlArg::F_OFD_GETLK(&mut lock)).map_err(Error::errno(format!(
            "cannot ask for the lock of {}",
            self.lock_file().display()
        )))?;
        Ok(lock.l_type != libc::F_UNLCK as libc::c_short)
    }

    /// Takes the lock, held as long as the result (or an inherited copy of it) is open; `None` if another has it.
    pub fn try_lock(&self) -> Result<Option<File>> {
        loop {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(self.lock_file())
                .map_err(Error::io(format!(
                    "cannot open {}",
                    self.lock_file().display()
                )))?;
            match fcntl(&file, FcntlArg::F_OFD_SETLK(&whole_file())) {
                Ok(_) => {}
                Err(Errno::EAGAIN | Errno::EACCES) => return Ok(None),
                Err(errno) => {
                    return Err(Error::errno(format!(
                        "cannot lock {}",
                        self.lock_file().display()
                    ))(errno))
                }
            }
            // Between open and lock somebody may have cleaned up: then this is a lock on a file that is gone.
            let mine = file
                .metadata()
                .map_err(Error::io("cannot look at the lock"))?;
            match fs::metadata(self.lock_file()) {
                Ok(there) if there.ino() == mine.ino() && there.dev() == mine.dev() => {
                    return Ok(Some(file))
                }
                _ if self.path.exists() => {}
                _ => {
                    return Err(Error::NotRunning {
                        lab: self.lab.clone(),
                    })
                }
            }
        }
    }

    /// Kills whoever has the lock, found by what it holds.
    pub fn kill_holder(&self) -> Result<()> {
        let lock = match fs::metadata(self.lock_file()) {
            Ok(meta) => meta,
            Err(error) => return gone_is_fine(error).map_err(Error::io("cannot look at the lock")),
        };
        let processes = fs::read_dir("/proc")
            .map_err(Error::io("cannot list /proc"))?
            .flatten();
        for process in processes {
            let Some(pid) = process
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            let Ok(fds) = fs::read_dir(process.path().join("fd")) else {
                continue;
            };
            let holds = fds.flatten().any(|fd| {
                let same = fs::metadata(fd.path())
                    .is_ok_and(|m| m.ino() == lock.ino() && m.dev() == lock.dev());
                // Others may have the file open to ask for the lock.
                same && fs::read_to_string(process.path().join("fdinfo").join(fd.file_name()))
                    .is_ok_and(|text| text.contains("\nlock:"))
            });
            if holds {
                // If it has ended meanwhile, so much the better.
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
        Ok(())
    }
}

fn whole_file() -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}
