// SPDX-License-Identifier: GPL-2.0

//! Socket filters: programs that look at a packet and say a number.

use super::skbuff::SkBuff;
use crate::{
    bindings,
    sync::percpu::BottomHalf, //
};
use core::ptr::{
    self,
    NonNull, //
};
use kernel::{
    error::to_result,
    ffi::c_int,
    prelude::*, //
};

/// An instruction of the classic machine: code, jump if true, jump if false, constant.
#[derive(Clone, Copy)]
pub(crate) struct Instruction {
    /// What to do.
    pub(crate) code: u16,
    /// How many instructions to jump over if the comparison holds.
    pub(crate) jt: u8,
    /// How many instructions to jump over otherwise.
    pub(crate) jf: u8,
    /// The constant.
    pub(crate) k: u32,
}

/// A program that the kernel has checked.
pub(crate) struct Program {
    program: NonNull<bindings::bpf_prog>,
    /// Whether it was made of classic instructions.
    classic: bool,
}

// SAFETY: Programs may be run and freed by any thread.
unsafe impl Send for Program {}
// SAFETY: As above.
unsafe impl Sync for Program {}

impl Program {
    /// The program of these instructions.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the kernel finds fault with it, `ENOMEM` if there is no memory.
    pub(crate) fn classic(code: &[Instruction]) -> Result<Self> {
        let mut filter = KVVec::with_capacity(code.len(), GFP_KERNEL)?;
        for instruction in code {
            filter.push(
                bindings::sock_filter {
                    code: instruction.code,
                    jt: instruction.jt,
                    jf: instruction.jf,
                    k: instruction.k,
                },
                GFP_KERNEL,
            )?;
        }
        let mut description = bindings::sock_fprog_kern {
            len: u16::try_from(filter.len())?,
            filter: filter.as_mut_ptr(),
        };
        let mut program = ptr::null_mut();
        // SAFETY: The description is that of the instructions, which are copied; the result is
        // written to a live variable.
        to_result(unsafe { bindings::bpf_prog_create(&mut program, &mut description) })?;
        Ok(Self {
            program: NonNull::new(program).ok_or(ENOMEM)?,
            classic: true,
        })
    }

    /// The socket filter of a file descriptor of the calling process.
    pub(crate) fn of_fd(fd: u32) -> Result<Self> {
        let kind = bindings::bpf_prog_type_BPF_PROG_TYPE_SOCKET_FILTER;
        // SAFETY: Any number may be asked for.
        let program = unsafe { bindings::bpf_prog_get_type_dev(fd, kind, false) };
        // SAFETY: No requirements.
        if unsafe { bindings::is_err(program.cast()) } {
            // SAFETY: It is an error pointer.
            let error = unsafe { bindings::ptr_err(program.cast()) };
            return Err(Error::from_errno(error as c_int));
        }
        Ok(Self {
            program: NonNull::new(program).ok_or(EBADF)?,
            classic: false,
        })
    }

    /// What the program says of a packet.
    #[inline]
    pub(crate) fn run(&self, packet: &mut SkBuff, _bh: &BottomHalf) -> u32 {
        // SAFETY: The program is live, the packet is ours, and bottom halves are disabled.
        unsafe { bindings::bpf_run(self.program.as_ptr(), packet.as_ptr()) }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: The program, or the reference to it, is ours; nobody runs it any more.
        unsafe {
            match self.classic {
                true => bindings::bpf_prog_destroy(self.program.as_ptr()),
                false => bindings::bpf_prog_put(self.program.as_ptr()),
            }
        }
    }
}
