// SPDX-License-Identifier: GPL-2.0

//! `bpf`: a socket filter says by which port a packet leaves.

use super::{
    prelude::*,
    rules::number, //
};
use crate::{
    net::bpf::{
        Instruction,
        Program, //
    },
    sync::rcu::{
        RcuBox,
        RcuPtr, //
    }, //
};
use kernel::{
    str::CString,
    sync::rcu, //
};

const OTHER: u32 = 2;

/// Places of the parameters.
const FILTER: usize = 0;
const PROGRAM: usize = 1;

/// Longest text of a filter.
const MAX_TEXT: usize = 8192;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"bpf",
    doc: c"what comes from lower leaves by upper if a filter matches it, all else by other",
    passage: Passage::Through,
    ports: &[
        Port::lower(c"lower", Carries::Any, c"where the other ports lead"),
        Port::upper(
            c"upper",
            Carries::Any,
            c"what the filter matches; what enters leads to lower",
        ),
        Port::upper(
            c"other",
            Carries::Any,
            c"all else, which is dropped if nothing is bound here; what enters leads to lower",
        ),
    ],
    params: &[
        Param::new(
            c"filter",
            c"a classic filter, as tcpdump -ddd prints it; without any everything matches",
            Kind::Text(MAX_TEXT),
        ),
        number(
            c"program",
            c"descriptor of an eBPF program of type socket filter, which goes before a filter; 0 is none",
            i32::MAX as u64,
        ),
    ],
    events: &[],
    state: false,
    make,
};

/// A program with what it was made from.
struct Loaded {
    filter: Option<CString>,
    fd: u64,
    program: Option<Program>,
}

/// Replaced as a whole.
struct Bpf(RcuPtr<Arc<Loaded>>);

fn make(_site: &Site<'_>, values: &Values, old: Option<&dyn Block>) -> Made {
    let old = of_type::<Bpf>(old).map(Bpf::loaded);
    let loaded = RcuBox::new(load(values, old)?)?;
    Ok(Arc::new(Bpf(RcuPtr::new(loaded)), GFP_KERNEL)?)
}

/// The program that the parameters name. It stays the same as long as they do: a descriptor was that of
/// who gave it.
fn load(values: &Values, old: Option<Arc<Loaded>>) -> Result<Arc<Loaded>, Refused> {
    let (filter, fd) = (values.text(FILTER), values.uint(PROGRAM));
    if let Some(old) = old.filter(|old| old.fd == fd && old.filter.as_deref() == filter) {
        return Ok(old);
    }
    let program = match (fd, filter) {
        (0, None) => None,
        (0, Some(filter)) => Some(compile(filter)?),
        _ => Some(Program::of_fd(fd as u32).map_err(|error| {
            let message = c"this is not the descriptor of a program of type socket filter";
            Refused::param(PROGRAM, message, error)
        })?),
    };
    let filter = match filter {
        Some(filter) => Some(CString::try_from_fmt(fmt!("{}", filter.to_str()?))?),
        None => None,
    };
    let loaded = Loaded {
        filter,
        fd,
        program,
    };
    Ok(Arc::new(loaded, GFP_KERNEL)?)
}

fn compile(filter: &CStr) -> Result<Program, Refused> {
    let code = parse(filter)?.ok_or_else(|| {
        let message = c"the filter is not what tcpdump -ddd prints: a number of lines, and so many of four numbers";
        Refused::param(FILTER, message, EINVAL)
    })?;
    Program::classic(&code).map_err(|error| match error {
        error if error == EINVAL => {
            Refused::param(FILTER, c"the kernel refuses the instructions", error)
        }
        error => error.into(),
    })
}

/// The instructions of a filter, if it is one.
fn parse(filter: &CStr) -> Result<Option<KVVec<Instruction>>> {
    let mut code = KVVec::new();
    let mut numbers = filter
        .to_str()?
        .split([' ', '\n', '\t', '\r', ','])
        .filter(|word| !word.is_empty())
        .map(|word| word.parse::<u32>().ok());
    let Some(Some(count)) = numbers.next() else {
        return Ok(None);
    };
    while let Some(operation) = numbers.next() {
        let mut field = || numbers.next().flatten();
        let (jt, jf, k) = (field(), field(), field());
        let instruction = || {
            Some(Instruction {
                code: u16::try_from(operation?).ok()?,
                jt: u8::try_from(jt?).ok()?,
                jf: u8::try_from(jf?).ok()?,
                k: k?,
            })
        };
        match instruction() {
            Some(instruction) => code.push(instruction, GFP_KERNEL)?,
            None => return Ok(None),
        }
    }
    Ok((code.len() == count as usize).then_some(code))
}

impl Bpf {
    fn loaded(&self) -> Arc<Loaded> {
        let guard = rcu::read_lock();
        self.0.read(&guard).clone()
    }
}

impl Block for Bpf {
    fn receive(&self, mut packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        if from != LOWER {
            return Verdict::leave(packet, LOWER);
        }
        let loaded = self.0.read(run.rcu());
        let program = loaded.program.as_ref();
        if program.is_none_or(|program| program.run(&mut packet, run.bh()) != 0) {
            return Verdict::leave(packet, UPPER);
        }
        match run.is_bound(OTHER) {
            true => Verdict::leave(packet, OTHER),
            false => Verdict::drop(packet, Cause::Filtered),
        }
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        let loaded = load(values, Some(self.loaded()))?;
        self.0.replace(RcuBox::new(loaded)?);
        Ok(())
    }
}
