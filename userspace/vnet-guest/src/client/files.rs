// SPDX-License-Identifier: GPL-2.0
//! Files to and from the guest.

use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::conn::{Conn, End, Stream};
use super::pump;
use super::types::ExitStatus;
use crate::error::{Error, Result};
use crate::proto::msg::{Failure, Msg, STDOUT};
use crate::proto::{Grants, WINDOW};

/// Writes a file.
pub fn put(conn: &Conn, path: &Path, mode: u32, from: &mut dyn Read) -> Result<()> {
    let stream = conn.open(&Msg::Put {
        path: path.as_os_str().as_bytes().to_vec(),
        mode,
    })?;
    // If reading fails, closing without end of file makes the agent throw away what it has.
    let result = pump::input_from_reader(conn, &stream, from)
        .map_err(Error::io(format!(
            "cannot read what should go to {}",
            path.display()
        )))
        .and_then(|()| ended(conn, &stream, path));
    conn.close(&stream);
    result
}

/// Reads a file.
pub fn get(conn: &Conn, path: &Path, to: &mut dyn Write) -> Result<u64> {
    let stream = conn.open(&Msg::Get {
        path: path.as_os_str().as_bytes().to_vec(),
        credit: WINDOW,
    })?;
    let result = receive(conn, &stream, to)
        .map_err(Error::io(format!(
            "cannot write what came from {}",
            path.display()
        )))
        .and_then(|length| ended(conn, &stream, path).map(|()| length));
    conn.close(&stream);
    result
}

fn receive(conn: &Conn, stream: &Stream, to: &mut dyn Write) -> std::io::Result<u64> {
    let mut grants = Grants::default();
    let mut length = 0;
    loop {
        let chunk = stream.wait(|state| {
            let incoming = &mut state.incoming[0];
            match incoming.chunks.pop_front() {
                Some(chunk) => Some(Some(chunk)),
                None => (incoming.eof || state.end.is_some()).then_some(None),
            }
        });
        let Some(chunk) = chunk else {
            to.flush()?;
            return Ok(length);
        };
        to.write_all(&chunk)?;
        length += chunk.len() as u64;
        if let Some(credit) = grants.consumed(chunk.len()) {
            conn.send(stream.id, &Msg::Credit(STDOUT, credit));
        }
    }
}

fn ended(conn: &Conn, stream: &Stream, path: &Path) -> Result<()> {
    match stream.wait(|state| state.end.clone()) {
        End::Exit(ExitStatus::Code(0)) => Ok(()),
        End::Exit(_) => Err(Error::Protocol {
            peer: "the agent",
            reason: "a file with an exit status".into(),
        }),
        End::Failed(Failure::NotFound, path) => Err(Error::NotFound { program: path }),
        End::Failed(_, reason) => Err(Error::Agent {
            what: format!("{} in the guest", path.display()),
            reason,
        }),
        End::Lost => Err(conn.lost()),
    }
}
