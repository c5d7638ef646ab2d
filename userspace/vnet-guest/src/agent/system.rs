// SPDX-License-Identifier: GPL-2.0
//! What process 1 of a guest does besides running programs: the line to the host, the module, powering off.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::kmod::{finit_module, ModuleInitFlags};
use nix::libc;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::reboot::{reboot, RebootMode};
use nix::sys::signal::{kill, Signal};
use nix::sys::termios::{
    cfmakeraw, tcgetattr, tcsetattr, ControlFlags, SetArg, SpecialCharacterIndices,
};
use nix::sys::wait::{waitpid, WaitPidFlag, WaitStatus};
use nix::unistd::{sync, Pid};

/// The name of the virtio port.
pub const PORT: &str = "org.vnet.agent";

/// How long the line's device may take to appear.
const DEVICE_LIMIT: Duration = Duration::from_secs(30);

/// How long programs may take to end when the guest powers off.
const END_LIMIT: Duration = Duration::from_millis(1500);

/// Opens the line to the supervisor: what the kernel's command line says with `vnet.channel=`, else a virtio port of
/// our name, else, in User-Mode Linux, the first serial line. Under QEMU that one is the console.
pub fn open_channel() -> io::Result<OwnedFd> {
    let given = command_line_word("vnet.channel").map(|name| Path::new("/dev").join(name));
    let deadline = Instant::now() + DEVICE_LIMIT;
    loop {
        let found = given.clone().or_else(virtio_port).or_else(uml_line);
        match found.map(|path| open_line(&path)) {
            Some(Ok(fd)) => {
                // A virtio port can be opened before it hears that the host has its end open; until then reading says
                // that the stream has ended.
                while hung_up(&fd)? && Instant::now() < deadline {
                    sleep(Duration::from_millis(5));
                }
                return Ok(fd);
            }
            // Drivers may still be on their way: nothing in the kernel tells process 1 when all are there.
            _ if Instant::now() < deadline => sleep(Duration::from_millis(5)),
            Some(Err(error)) => return Err(error),
            None => {
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    "no line to the supervisor",
                ))
            }
        }
    }
}

fn hung_up(fd: &OwnedFd) -> io::Result<bool> {
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::empty())];
    poll(&mut fds, PollTimeout::ZERO)?;
    Ok(fds[0]
        .revents()
        .is_some_and(|events| events.contains(PollFlags::POLLHUP)))
}

/// The value of `NAME=value` on the kernel's command line.
pub fn command_line_word(name: &str) -> Option<String> {
    let line = fs::read_to_string("/proc/cmdline").ok()?;
    line.split_whitespace()
        .filter_map(|word| word.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, v)| v.into())
}

fn virtio_port() -> Option<PathBuf> {
    let ports = fs::read_dir("/sys/class/virtio-ports").ok()?;
    ports
        .flatten()
        .find(|port| {
            fs::read_to_string(port.path().join("name")).is_ok_and(|name| name.trim() == PORT)
        })
        .map(|port| Path::new("/dev").join(port.file_name()))
}

fn uml_line() -> Option<PathBuf> {
    let uml =
        fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| text.contains("User Mode Linux"));
    uml.then(|| "/dev/ttyS0".into())
}

/// Opens a line; a serial one is made to pass all bytes as they are.
pub fn open_line(path: &Path) -> io::Result<OwnedFd> {
    let fd: OwnedFd = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
        .open(path)?
        .into();
    make_raw(&fd)?;
    Ok(fd)
}

/// Puts a terminal into raw mode; others are left alone.
pub fn make_raw(fd: &OwnedFd) -> io::Result<()> {
    let mut settings = match tcgetattr(fd) {
        Ok(settings) => settings,
        Err(Errno::ENOTTY | Errno::EINVAL) => return Ok(()),
        Err(errno) => return Err(errno.into()),
    };
    cfmakeraw(&mut settings);
    settings.control_flags |= ControlFlags::CLOCAL | ControlFlags::CREAD;
    settings.control_flags &= !(ControlFlags::HUPCL | ControlFlags::CRTSCTS);
    settings.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
    settings.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
    tcsetattr(fd, SetArg::TCSANOW, &settings)?;
    Ok(())
}

/// Loads the module; what to say if that fails. It being there already is as good.
pub fn load_module(path: &Path) -> Result<(), String> {
    let file = File::open(path)
        .map_err(|error| format!("cannot open the module {}: {error}", path.display()))?;
    match finit_module(&file, c"", ModuleInitFlags::empty()) {
        Ok(()) | Err(Errno::EEXIST) => Ok(()),
        Err(errno) => Err(format!(
            "the kernel refuses the module {}: {}",
            path.display(),
            errno.desc()
        )),
    }
}

/// Ends everything and switches the machine off.
pub fn power_off() {
    // From process 1, -1 means everybody else. No such process: nothing to end.
    for (signal, limit) in [(Signal::SIGTERM, END_LIMIT), (Signal::SIGKILL, END_LIMIT)] {
        if kill(Pid::from_raw(-1), signal).is_err() {
            break;
        }
        // Stopped ones do not hear SIGTERM otherwise.
        let _ = kill(Pid::from_raw(-1), Signal::SIGCONT);
        if reap_all(limit) {
            break;
        }
    }
    sync();
    // It returns only to say why it could not.
    let Err(errno) = reboot(RebootMode::RB_POWER_OFF);
    eprintln!("vnetctl agent: cannot power off: {}", errno.desc());
}

/// Waits for all children; whether they have gone in time.
fn reap_all(limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) if Instant::now() >= deadline => return false,
            Ok(WaitStatus::StillAlive) => sleep(Duration::from_millis(2)),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return true,
        }
    }
}
