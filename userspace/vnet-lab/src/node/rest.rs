// SPDX-License-Identifier: GPL-2.0

//! Nodes at rest.
//!
//! Most nodes of a large lab only forward. Their first process holds the namespaces, reaps, and waits for someone to
//! ask it for something. Such processes share the memory of the helper that has made them: a thousand of them take that
//! of one, and are made in a small part of the time that a thousand copies of a process need. At the first request one
//! *wakes*: it executes this program anew, which gives it memory of its own, and becomes [`super::init`].
//!
//! What shares memory must not run at the same time as another that does and touches it. So the helper waits for each
//! process until it rests, and what runs afterwards ([`rest`]) makes system calls on its own stack only: it allocates
//! nothing, locks nothing and does not look at `errno`. Each system call counts: in User-Mode Linux they are what making a
//! node costs.

use std::ffi::{c_char, c_int, CString};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use super::NodeSpec;
use crate::error::{Context, Error, Result};
use crate::sysctl;

/// Descriptor of the control socket in an awakened process.
pub const LISTENER: c_int = 3;
/// Descriptor of the connection whose request has come first.
pub const CONNECTION: c_int = 4;
/// Descriptor of a file with the node's spec.
pub const SPEC: c_int = 5;
/// Argument of the program that is an awakened process.
pub const AWAKE: &str = "awake";

/// Descriptors of the helper that its children need are at least this, so that they do not meet those above.
pub const FIRST_OWN: c_int = 10;

/// libc's constant of that name has lost the bit.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
/// Of one stack; only what is touched takes memory.
const STACK: usize = 16 << 10;
const BACKLOG: c_int = 128;
/// How often a write is tried that is interrupted.
const ATTEMPTS: usize = 8;

/// What a process needs until it rests, and then to wake. It lives as long as the memory does.
pub struct Bed {
    hostname: Vec<u8>,
    /// Kernel parameters: paths and values.
    parameters: Vec<(CString, CString)>,
    /// What is written to [`SPEC`].
    spec: Vec<u8>,
    listener: c_int,
    /// Where the outcome is told.
    notice: &'static Notice,
    program: CString,
    arguments: [*const c_char; 3],
    environment: [*const c_char; 1],
}

/// Stacks for a number of processes.
pub struct Stacks {
    memory: *mut u8,
}

/// Steps that can fail, in the order of their numbers in reports.
const STEPS: [&str; 3] = [
    "set the host name",
    "listen on the control socket",
    "set the kernel parameter",
];

/// What has come of the preparations of a process: the step that has failed (0 for none), `errno`, and the number of the
/// parameter.
type Report = [i32; 3];

/// Where a new process tells its helper what has come of it: memory of both. A pipe would take five more system calls.
pub struct Notice {
    /// 0 until the report is there; a futex.
    told: AtomicU32,
    report: [AtomicI32; 3],
}

impl Bed {
    /// For a node; the descriptors are those of the helper.
    pub fn new(
        spec: &NodeSpec,
        sysctls: &[(&str, &str)],
        json: Vec<u8>,
        listener: c_int,
        notice: &'static Notice,
    ) -> Result<Self> {
        let text = |text: &str| {
            CString::new(text).map_err(|_| Error::Unsupported(format!("\"{text}\" holds a NUL")))
        };
        let parameters = sysctls
            .iter()
            .map(|(name, value)| {
                let path = sysctl::path(name);
                Ok((text(&path.to_string_lossy())?, text(value)?))
            })
            .collect::<Result<_>>()?;
        Ok(Bed {
            hostname: spec.hostname.clone().into_bytes(),
            parameters,
            spec: json,
            listener,
            notice,
            program: c"/proc/self/exe".to_owned(),
            arguments: [c"vnet-init".as_ptr(), c"awake".as_ptr(), ptr::null()],
            environment: [ptr::null()],
        })
    }

    /// What a report says.
    pub fn outcome(&self, [step, errno, parameter]: Report) -> Result<()> {
        if step == 0 {
            return Ok(());
        }
        let what = STEPS.get(step as usize - 1).unwrap_or(&"begin");
        let which = match self.parameters.get(parameter as usize) {
            Some((path, value)) if step == 3 => format!(
                " {} to \"{}\"",
                path.to_string_lossy(),
                value.to_string_lossy()
            ),
            _ => String::new(),
        };
        Err(io::Error::from_raw_os_error(errno)).context(|| format!("cannot {what}{which}"))
    }
}

impl Notice {
    /// In memory that is shared even with those that have a copy of the rest.
    pub fn new() -> Result<&'static Self> {
        // SAFETY: a new mapping that nothing else knows of, whose bytes are zero.
        #[allow(unsafe_code)]
        let memory = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size_of::<Self>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error())
                .context(|| "cannot get memory for the nodes".into());
        }
        // SAFETY: the mapping is large enough, aligned to a page, and never unmapped; zero is a value of each of them.
        #[allow(unsafe_code)]
        Ok(unsafe { &*memory.cast::<Self>() })
    }

    /// Waits for the report of a process that has just been started.
    pub fn wait(&self, process: c_int) -> Result<Report> {
        let second = libc::timespec {
            tv_sec: 1,
            tv_nsec: 0,
        };
        while self.told.load(Ordering::Acquire) == 0 {
            // SAFETY: pointers to memory that lives for the calls.
            #[allow(unsafe_code)]
            let gone = unsafe {
                libc::syscall(
                    libc::SYS_futex,
                    self.told.as_ptr(),
                    libc::FUTEX_WAIT,
                    0,
                    &raw const second,
                );
                libc::kill(process, 0) != 0
            };
            if gone && self.told.load(Ordering::Acquire) == 0 {
                return Err(Error::Protocol("its first process has ended".into()));
            }
        }
        self.told.store(0, Ordering::Relaxed);
        Ok([0, 1, 2].map(|index: usize| self.report[index].load(Ordering::Relaxed)))
    }

    /// Tells.
    #[allow(unsafe_code)]
    fn tell(&self, report: Report) {
        for (to, value) in self.report.iter().zip(report) {
            to.store(value, Ordering::Relaxed);
        }
        self.told.store(1, Ordering::Release);
        // SAFETY: the pointer is only used to find those who wait.
        unsafe {
            libc::syscall(libc::SYS_futex, self.told.as_ptr(), libc::FUTEX_WAKE, 1);
        }
    }
}

impl Stacks {
    /// For this many processes.
    pub fn new(count: usize) -> Result<Self> {
        // SAFETY: a new mapping that nothing else knows of.
        #[allow(unsafe_code)]
        let memory = unsafe {
            libc::mmap(
                ptr::null_mut(),
                count.max(1) * STACK,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error())
                .context(|| "cannot get memory for the nodes".into());
        }
        Ok(Stacks {
            memory: memory.cast(),
        })
    }

    /// The lowest address of one.
    fn bottom(&self, index: usize) -> u64 {
        self.memory as u64 + (index * STACK) as u64
    }
}

/// Starts the first process of a node, in namespaces of its own and in a control group; returns its number. It then
/// reports, and rests.
pub fn start(
    index: usize,
    stacks: &Stacks,
    bed: &'static Bed,
    cgroup: Option<&File>,
) -> io::Result<i32> {
    let flags = libc::CLONE_NEWNET | libc::CLONE_NEWNS | libc::CLONE_NEWUTS | libc::CLONE_NEWPID;
    // SAFETY: all bytes zero is a valid value of this plain structure.
    #[allow(unsafe_code)]
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = flags as u64;
    arguments.exit_signal = libc::SIGCHLD as u64;
    if let Some(group) = cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = group.as_raw_fd() as u64;
    }
    match clone(&mut arguments, stacks.bottom(index), bed) {
        process if process > 0 => Ok(process as i32),
        error => Err(io::Error::from_raw_os_error(-error as i32)),
    }
}

/// The number of the child, or that of an error, negative.
#[cfg(target_arch = "x86_64")]
fn clone(arguments: &mut libc::clone_args, stack: u64, bed: &'static Bed) -> isize {
    arguments.flags |= libc::CLONE_VM as u64;
    arguments.stack = stack;
    arguments.stack_size = STACK as u64;
    let result: isize;
    // SAFETY: the child starts on a stack that nobody else uses, whose end is aligned as the call wants it, and never
    // leaves `begin`. The helper, which waits for its report, does not run at the same time as it does.
    #[allow(unsafe_code)]
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r13",
            "call r12",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 as isize => result,
            in("rdi") ptr::from_mut(arguments),
            in("rsi") size_of::<libc::clone_args>(),
            in("r12") begin as extern "C" fn(*const Bed) -> !,
            in("r13") ptr::from_ref(bed),
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    result
}

/// As above, but with a copy of the memory.
#[cfg(not(target_arch = "x86_64"))]
fn clone(arguments: &mut libc::clone_args, _stack: u64, bed: &'static Bed) -> isize {
    // SAFETY: without CLONE_VM this is a fork. The helper has one thread, so the copy lacks none that could hold a lock.
    #[allow(unsafe_code)]
    let result = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            ptr::from_mut(arguments),
            size_of::<libc::clone_args>(),
        )
    };
    match result {
        0 => begin(bed),
        -1 => {
            -(io::Error::last_os_error()
                .raw_os_error()
                .unwrap_or(libc::EINVAL) as isize)
        }
        process => process as isize,
    }
}

/// The first process of a node, from its first instruction on.
#[allow(unsafe_code)]
extern "C" fn begin(bed: *const Bed) -> ! {
    // SAFETY: it is never freed and not changed.
    let bed = unsafe { &*bed };
    let report = match prepare(bed) {
        Ok(()) => [0; 3],
        Err(failure) => failure,
    };
    bed.notice.tell(report);
    // SAFETY: these calls take numbers. The descriptors that are closed are this process's copies; those of standard input
    // and output lead nowhere already.
    unsafe {
        if report[0] != 0 {
            libc::_exit(1);
        }
        libc::syscall(libc::SYS_close_range, CONNECTION, c_int::MAX, 0);
    }
    rest(bed)
}

/// Runs while the helper waits, so `errno` is this process's alone.
#[allow(unsafe_code)]
fn prepare(bed: &Bed) -> std::result::Result<(), Report> {
    let failed = |step, parameter| {
        Err([
            step,
            io::Error::last_os_error().raw_os_error().unwrap_or(0),
            parameter,
        ])
    };
    // SAFETY: the calls take numbers and pointers to memory of the bed with its length, or with a NUL at its end.
    unsafe {
        if libc::sethostname(bed.hostname.as_ptr().cast(), bed.hostname.len()) != 0 {
            return failed(1, 0);
        }
        if bed.listener != LISTENER {
            libc::dup2(bed.listener, LISTENER);
        }
        // Who listens is who answers, as far as those who connect can see.
        if libc::listen(LISTENER, BACKLOG) != 0 {
            return failed(2, 0);
        }
        for (index, (path, value)) in bed.parameters.iter().enumerate() {
            let file = libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
            let bytes = value.as_bytes();
            if file < 0 || libc::write(file, bytes.as_ptr().cast(), bytes.len()) < 0 {
                return failed(3, index as i32);
            }
            // It is closed with the rest.
        }
    }
    Ok(())
}

/// Waits for the first request. Those who only connect, to see who answers, do not wake it. When the kernel refuses what
/// this needs (memory, mostly), it tries again after a while: nothing is to end a node.
#[allow(unsafe_code)]
fn rest(bed: &Bed) -> ! {
    let poll = |descriptor| libc::pollfd {
        fd: descriptor,
        events: libc::POLLIN,
        revents: 0,
    };
    let mut connected = false;
    loop {
        let mut fds = [
            poll(LISTENER),
            poll(if connected { CONNECTION } else { -1 }),
        ];
        // SAFETY: the calls take numbers and pointers to what is on this stack.
        unsafe {
            if libc::poll(fds.as_mut_ptr(), 2, -1) <= 0 {
                pause();
                continue;
            }
            if fds[1].revents != 0 {
                let mut byte = 0u8;
                let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
                if libc::recv(CONNECTION, (&raw mut byte).cast(), 1, flags) == 1 {
                    wake(bed);
                }
                libc::close(CONNECTION);
                connected = false;
                continue;
            }
            // Someone keeps a connection open and another one comes: this takes more than one who rests.
            if connected {
                wake(bed);
                libc::close(CONNECTION);
                connected = false;
                continue;
            }
            let taken = libc::accept(LISTENER, ptr::null_mut(), ptr::null_mut());
            connected = taken == CONNECTION;
            // Nothing else is open, so it has the first free number.
            if taken >= 0 && !connected {
                libc::close(taken);
            } else if taken < 0 {
                pause();
            }
        }
    }
}

/// Lets a tenth of a second pass. Signals, which no node at rest has handlers for, only make it shorter.
#[allow(unsafe_code)]
fn pause() {
    // SAFETY: a pointer to nothing, of no elements.
    unsafe {
        libc::poll(ptr::null_mut(), 0, 100);
    }
}

/// Writes the node's spec to [`SPEC`]; says whether all of it is there. Only system calls tell of failures here, since
/// `errno` is shared: what fails is tried again as often as a write may be interrupted, and then given up.
#[allow(unsafe_code)]
fn write_spec(bed: &Bed) -> bool {
    // SAFETY: the calls take numbers and pointers to memory of the bed with its length.
    unsafe {
        let file = libc::memfd_create(c"vnet-node".as_ptr(), 0);
        if file < 0 {
            return false;
        }
        let mut written = 0;
        let mut failures = 0;
        while written < bed.spec.len() && failures < ATTEMPTS {
            let rest = &bed.spec[written..];
            match libc::write(file, rest.as_ptr().cast(), rest.len()) {
                count if count > 0 => written += count as usize,
                _ => failures += 1,
            }
        }
        let whole = written == bed.spec.len() && libc::lseek(file, 0, libc::SEEK_SET) == 0;
        if file == SPEC {
            if !whole {
                libc::close(file);
            }
            return whole;
        }
        let moved = whole && libc::dup2(file, SPEC) == SPEC;
        libc::close(file);
        moved
    }
}

/// Becomes a process of its own. Returns if that fails; whoever asks is not answered and the next one tries again.
#[allow(unsafe_code)]
fn wake(bed: &Bed) {
    if !write_spec(bed) {
        return;
    }
    // SAFETY: the calls take numbers and pointers to memory of the bed; the arrays end with null.
    unsafe {
        // Ignored signals would stay ignored.
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        libc::execve(
            bed.program.as_ptr(),
            bed.arguments.as_ptr(),
            bed.environment.as_ptr(),
        );
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
        libc::close(SPEC);
    }
}
