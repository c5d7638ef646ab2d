// SPDX-License-Identifier: GPL-2.0

//! Netlink transport: requests with their acknowledgements, in batches, dumps and notifications.
//!
//! A connection belongs to the network namespace of the thread that opened it, whichever thread uses it later. It
//! blocks; whoever wants to wait for several of them polls their descriptors.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use netlink_packet_core::{
    NetlinkBuffer, NetlinkDeserializable, NetlinkMessage, NetlinkPayload, NetlinkSerializable,
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST,
};
use netlink_sys::{Socket, SocketAddr};

use crate::attr::SetSpec;
use crate::error::{Error, Refusal};
use crate::extack::{self, Request, HEADER};

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLM_F_DUMP_INTR: u16 = 0x10;

/// What the receive buffer should hold. Only root may have that much; others get what is usual.
const RECEIVE_BUFFER: usize = 8 << 20;
/// What an answer with its acknowledgement takes of it, with the kernel's bookkeeping. More would be lost.
const ANSWER: usize = 16 << 10;
/// Requests that are on their way at a time, at most.
const BATCH: usize = 128;
/// Bytes of requests that are on their way at a time; the send buffer takes 208 KB.
const BATCH_BYTES: usize = 64 << 10;
/// How often a dump that was overtaken by changes is tried again.
const DUMP_TRIES: u32 = 100;

/// A netlink socket.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    sequence: u32,
    /// Bytes between the netlink header and the attributes of a request.
    fixed: usize,
    /// Requests that are on their way at a time.
    batch: usize,
    /// Whether the kernel has been told to look at what dumps are filtered by.
    strict: bool,
    /// Notifications that came while an answer was waited for.
    pending: VecDeque<Vec<u8>>,
}

/// A request and what is needed to explain its refusal.
#[derive(Clone, Debug)]
pub struct Outgoing<M> {
    /// The message; header fields other than flags are filled in here.
    pub message: NetlinkMessage<M>,
    /// Names of its attributes, if they are known.
    pub spec: Option<&'static SetSpec>,
}

impl<M> Outgoing<M> {
    /// A request with additional flags.
    pub fn new(mut message: NetlinkMessage<M>, flags: u16) -> Self {
        message.header.flags = flags;
        Outgoing {
            message,
            spec: None,
        }
    }

    /// With the names of its attributes.
    pub fn with_spec(mut self, spec: &'static SetSpec) -> Self {
        self.spec = Some(spec);
        self
    }
}

/// The outcome of one request: the messages of its answer, or why it was refused.
pub type Outcome<M> = Result<Vec<M>, Refusal>;

impl Connection {
    /// Opens a socket of a protocol in the network namespace of the calling thread. `fixed` is the length of the header
    /// that precedes the attributes in this protocol's requests.
    pub fn open(protocol: isize, fixed: usize) -> io::Result<Self> {
        let socket = Socket::new(protocol)?;
        // This gives it an address, too.
        socket.connect(&SocketAddr::new(0, 0))?;
        socket.set_ext_ack(true)?;
        let buffer = grow(&socket);
        Ok(Connection {
            socket,
            sequence: 0,
            fixed,
            batch: (buffer / ANSWER).clamp(1, BATCH),
            strict: false,
            pending: VecDeque::new(),
        })
    }

    /// Has the kernel send the notifications of a multicast group.
    pub fn subscribe(&self, group: u32) -> io::Result<()> {
        self.socket.add_membership(group)
    }

    /// Sends a request and waits for its acknowledgement.
    pub fn request<M>(&mut self, request: Outgoing<M>) -> Result<Vec<M>, Error>
    where
        M: NetlinkSerializable + NetlinkDeserializable,
    {
        let mut outcomes = self.batch(vec![request])?;
        Ok(outcomes.remove(0)?)
    }

    /// Sends many requests with few system calls. There is an outcome for each; a refusal does not stop the others.
    pub fn batch<M>(&mut self, requests: Vec<Outgoing<M>>) -> Result<Vec<Outcome<M>>, Error>
    where
        M: NetlinkSerializable + NetlinkDeserializable,
    {
        let mut outcomes = Vec::with_capacity(requests.len());
        let mut flight = Flight::new(self.sequence);
        for request in requests {
            if flight.sent.len() == self.batch || flight.bytes.len() >= BATCH_BYTES {
                self.fly(&mut flight, &mut outcomes)?;
            }
            flight.add(request);
        }
        self.fly(&mut flight, &mut outcomes)?;
        Ok(outcomes)
    }

    /// Sends what has been gathered and collects the answers. The kernel works through it in order and tells of all
    /// refusals by itself; so that it is done with the rest, too, is known when it acknowledges the last one.
    fn fly<M>(&mut self, flight: &mut Flight, outcomes: &mut Vec<Outcome<M>>) -> Result<(), Error>
    where
        M: NetlinkDeserializable,
    {
        if flight.sent.is_empty() {
            return Ok(());
        }
        // Whatever happens to them, these numbers are taken.
        self.sequence = flight.sequence;
        flight.acknowledge_last();
        self.socket.send(&flight.bytes, 0)?;
        let first = flight.sequence.wrapping_sub(flight.sent.len() as u32) + 1;
        let last = flight.sent.len() - 1;
        let mut refusals: Vec<Option<Refusal>> = flight.sent.iter().map(|_| None).collect();
        let mut replies: Vec<Vec<M>> = flight.sent.iter().map(|_| Vec::new()).collect();
        let mut done = false;
        while !done {
            // One answer is the usual case, and may be long.
            let messages = match last {
                0 => self.receive()?,
                _ => self.receive_many()?,
            };
            for raw in messages {
                let index = raw.sequence().wrapping_sub(first) as usize;
                if raw.is_notification() || index > last {
                    self.keep(raw);
                    continue;
                }
                match raw.kind() {
                    NLMSG_ERROR => {
                        done |= index == last;
                        refusals[index] = raw.refusal(flight.request(index, self.fixed));
                    }
                    _ => replies[index].extend(raw.decode()?),
                }
            }
        }
        outcomes.extend(refusals.into_iter().zip(replies).map(
            |(refusal, replies)| match refusal {
                None => Ok(replies),
                Some(refusal) => Err(refusal),
            },
        ));
        flight.clear();
        Ok(())
    }

    /// Reads a list. A list that changed while it was read is read again.
    pub fn dump<M>(&mut self, request: Outgoing<M>) -> Result<Vec<M>, Error>
    where
        M: NetlinkSerializable + NetlinkDeserializable + Clone,
    {
        for _ in 0..DUMP_TRIES {
            let mut request = request.clone();
            request.message.header.flags |= NLM_F_DUMP;
            if let Some(messages) = self.dump_once(request)? {
                return Ok(messages);
            }
        }
        Err(Error::Unstable(DUMP_TRIES))
    }

    fn dump_once<M>(&mut self, request: Outgoing<M>) -> Result<Option<Vec<M>>, Error>
    where
        M: NetlinkSerializable + NetlinkDeserializable,
    {
        let mut flight = Flight::new(self.sequence);
        flight.add(request);
        flight.acknowledge_last();
        self.sequence = flight.sequence;
        if !self.strict {
            // Older kernels do not have it; dumps are then filtered by nobody, which is no error.
            let _ = self.socket.set_netlink_get_strict_chk(true);
            self.strict = true;
        }
        self.socket.send(&flight.bytes, 0)?;
        let mut messages = Vec::new();
        let mut consistent = true;
        loop {
            for raw in self.receive()? {
                if raw.is_notification() || raw.sequence() != flight.sequence {
                    self.keep(raw);
                    continue;
                }
                consistent &= raw.flags() & NLM_F_DUMP_INTR == 0;
                match raw.kind() {
                    // An error ends a dump as well, and a refusal of the request comes as one.
                    NLMSG_ERROR | NLMSG_DONE => {
                        return match raw.refusal(flight.request(0, self.fixed)) {
                            Some(refusal) => Err(refusal.into()),
                            None => Ok(consistent.then_some(messages)),
                        };
                    }
                    _ => messages.extend(raw.decode()?),
                }
            }
        }
    }

    /// The next notifications; waits for some unless `wait` is false. Empty if there were none, or none of this type.
    ///
    /// `ENOBUFS` means that some were lost: read the state anew.
    pub fn notifications<M>(&mut self, wait: bool) -> Result<Vec<M>, Error>
    where
        M: NetlinkDeserializable,
    {
        let mut messages = Vec::new();
        if self.pending.is_empty() {
            let raws = match self.receive_flags(if wait { 0 } else { libc::MSG_DONTWAIT }) {
                Ok(raws) => raws,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(messages),
                Err(error) => return Err(error.into()),
            };
            for raw in raws {
                self.keep(raw);
            }
        }
        for bytes in self.pending.drain(..) {
            messages.extend(Raw(bytes).decode()?);
        }
        Ok(messages)
    }

    /// Whether notifications have come while an answer was waited for. The descriptor does not tell of those.
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    fn keep(&mut self, raw: Raw) {
        if raw.is_notification() {
            self.pending.push_back(raw.0);
        }
    }

    fn receive(&mut self) -> io::Result<Vec<Raw>> {
        self.receive_flags(0)
    }

    fn receive_flags(&self, flags: libc::c_int) -> io::Result<Vec<Raw>> {
        // The kernel fills a dump's datagrams up to what the reader offers, 32 KB at most.
        let mut buffer = Vec::with_capacity(64 << 10);
        loop {
            match self.socket.recv(&mut buffer, flags) {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(split(&buffer))
    }
}

/// Datagrams that are taken with one system call, at most.
const MANY: usize = 32;
/// The longest one of them.
const LONGEST: usize = 32 << 10;

thread_local! {
    /// Where they are put. Only what is used of it takes memory, and it takes it once.
    static ARENA: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Connection {
    /// The messages of all datagrams that are there; waits for the first.
    fn receive_many(&self) -> io::Result<Vec<Raw>> {
        ARENA.with_borrow_mut(|arena| {
            arena.reserve(MANY * LONGEST);
            let mut parts: [libc::iovec; MANY] = std::array::from_fn(|index| libc::iovec {
                iov_base: arena.spare_capacity_mut()[index * LONGEST..]
                    .as_mut_ptr()
                    .cast(),
                iov_len: LONGEST,
            });
            // SAFETY: all bytes zero is a valid value of this plain structure.
            #[allow(unsafe_code)]
            let mut headers: [libc::mmsghdr; MANY] = unsafe { std::mem::zeroed() };
            for (header, part) in headers.iter_mut().zip(&mut parts) {
                header.msg_hdr.msg_iov = part;
                header.msg_hdr.msg_iovlen = 1;
            }
            let count = loop {
                // SAFETY: each of these headers points to one part, and that to as many bytes of the arena as it says,
                // which nobody else uses.
                #[allow(unsafe_code)]
                let result = unsafe {
                    libc::recvmmsg(
                        self.socket.as_raw_fd(),
                        headers.as_mut_ptr(),
                        MANY as libc::c_uint,
                        libc::MSG_WAITFORONE as _,
                        std::ptr::null_mut(),
                    )
                };
                match usize::try_from(result) {
                    Ok(count) => break count,
                    Err(_) => match io::Error::last_os_error() {
                        error if error.kind() == io::ErrorKind::Interrupted => {}
                        error => return Err(error),
                    },
                }
            };
            let mut messages = Vec::with_capacity(count);
            for (header, part) in headers.iter().zip(&parts).take(count) {
                if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
                    return Err(io::Error::other("a message of the kernel is too long"));
                }
                let length = (header.msg_len as usize).min(LONGEST);
                // SAFETY: the kernel has written this many bytes there.
                #[allow(unsafe_code)]
                let bytes = unsafe { std::slice::from_raw_parts(part.iov_base.cast(), length) };
                messages.extend(split(bytes));
            }
            Ok(messages)
        })
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor is open as long as the socket lives, which `self` borrows.
        #[allow(unsafe_code)]
        unsafe {
            BorrowedFd::borrow_raw(self.socket.as_raw_fd())
        }
    }
}

/// Makes the receive buffer larger, as far as that is allowed; returns its size.
fn grow(socket: &Socket) -> usize {
    let size = RECEIVE_BUFFER as libc::c_int;
    for option in [libc::SO_RCVBUFFORCE, libc::SO_RCVBUF] {
        // SAFETY: the option's value is a number of this type, which lives for the call.
        #[allow(unsafe_code)]
        let result = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                option,
                (&raw const size).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            )
        };
        match (result, option) {
            (0, libc::SO_RCVBUFFORCE) => return RECEIVE_BUFFER,
            (0, _) => break,
            _ => {}
        }
    }
    socket.get_rx_buf_sz().unwrap_or(0)
}

/// Requests that are sent together.
struct Flight {
    bytes: Vec<u8>,
    /// Where each request starts, and its attributes' names.
    sent: Vec<(usize, Option<&'static SetSpec>)>,
    /// Sequence number of the last one.
    sequence: u32,
}

impl Flight {
    fn new(sequence: u32) -> Self {
        Flight {
            bytes: Vec::new(),
            sent: Vec::new(),
            sequence,
        }
    }

    fn add<M: NetlinkSerializable>(&mut self, request: Outgoing<M>) {
        self.sequence = self.sequence.wrapping_add(1);
        let mut message = request.message;
        message.header.sequence_number = self.sequence;
        message.header.flags |= NLM_F_REQUEST;
        message.finalize();
        let start = self.bytes.len();
        self.sent.push((start, request.spec));
        self.bytes
            .resize((start + message.buffer_len()).next_multiple_of(4), 0);
        message.serialize(&mut self.bytes[start..]);
    }

    /// Has the kernel answer the last request whatever comes of it.
    fn acknowledge_last(&mut self) {
        if let Some((start, _)) = self.sent.last() {
            let mut message = NetlinkBuffer::new(&mut self.bytes[*start..]);
            let flags = message.flags();
            message.set_flags(flags | NLM_F_ACK);
        }
    }

    fn request(&self, index: usize, fixed: usize) -> Request<'_> {
        let (start, spec) = self.sent[index];
        let end = self
            .sent
            .get(index + 1)
            .map_or(self.bytes.len(), |next| next.0);
        Request {
            bytes: &self.bytes[start..end],
            attributes: HEADER + fixed,
            spec,
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.sent.clear();
    }
}

/// One message as it came.
struct Raw(Vec<u8>);

impl Raw {
    fn header(&self) -> NetlinkBuffer<&[u8]> {
        NetlinkBuffer::new(&self.0)
    }

    fn sequence(&self) -> u32 {
        self.header().sequence_number()
    }

    fn kind(&self) -> u16 {
        self.header().message_type()
    }

    fn flags(&self) -> u16 {
        self.header().flags()
    }

    /// The kernel sends notifications without a sequence number; ours start at 1.
    fn is_notification(&self) -> bool {
        self.sequence() == 0
    }

    /// What an acknowledgement says: `None` if all is well.
    fn refusal(&self, request: Request<'_>) -> Option<Refusal> {
        let payload = &self.0[HEADER.min(self.0.len())..];
        let (code, rest) = payload.split_first_chunk::<4>()?;
        let code = i32::from_ne_bytes(*code);
        if code == 0 {
            return None;
        }
        let flags = self.flags();
        // What follows the code: in an error the header of the request, with its body unless that was cut off; then the
        // attributes. At the end of a dump the attributes follow at once.
        let skip = match (self.kind(), flags & NLM_F_CAPPED != 0) {
            (NLMSG_DONE, _) => 0,
            (_, true) => HEADER,
            (_, false) => request.bytes.len(),
        };
        let tlvs = match flags & NLM_F_ACK_TLVS {
            0 => &[][..],
            _ => rest.get(skip..).unwrap_or_default(),
        };
        Some(extack::decode(-code, tlvs, request))
    }

    /// The message inside; `None` for control messages.
    fn decode<M: NetlinkDeserializable>(&self) -> Result<Option<M>, Error> {
        match NetlinkMessage::<M>::deserialize(&self.0)?.payload {
            NetlinkPayload::InnerMessage(message) => Ok(Some(message)),
            _ => Ok(None),
        }
    }
}

/// The messages of a datagram.
fn split(mut bytes: &[u8]) -> Vec<Raw> {
    let mut messages = Vec::new();
    while let Ok(buffer) = NetlinkBuffer::new_checked(bytes) {
        let length = buffer.length() as usize;
        messages.push(Raw(bytes[..length].to_vec()));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(kind: u16, flags: u16, payload: &[u8]) -> Raw {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&((HEADER + payload.len()) as u32).to_ne_bytes());
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&flags.to_ne_bytes());
        bytes.extend_from_slice(&1u32.to_ne_bytes());
        bytes.extend_from_slice(&0u32.to_ne_bytes());
        bytes.extend_from_slice(payload);
        Raw(bytes)
    }

    const NOTHING: Request<'static> = Request {
        bytes: &[0; 20],
        attributes: 20,
        spec: None,
    };

    #[test]
    fn acknowledgement_and_errors() {
        let ack = raw(NLMSG_ERROR, NLM_F_CAPPED, &[0; 20]);
        assert_eq!(ack.refusal(NOTHING), None);
        let mut payload = (-libc::EEXIST).to_ne_bytes().to_vec();
        payload.extend([0; HEADER]);
        let error = raw(NLMSG_ERROR, NLM_F_CAPPED, &payload);
        assert_eq!(error.refusal(NOTHING), Some(Refusal::new(libc::EEXIST)));
        // with the kernel's words behind the echoed header
        payload.extend([7, 0, 1, 0, b'n', b'o', 0, 0]);
        let error = raw(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, &payload);
        let refusal = error.refusal(NOTHING).unwrap();
        assert_eq!(refusal.message.as_deref(), Some("no"));
    }

    #[test]
    fn datagrams_are_split_and_damaged_rests_ignored() {
        let mut bytes = raw(NLMSG_DONE, 0, &[0; 4]).0;
        bytes.extend(raw(NLMSG_ERROR, 0, &[0; 20]).0);
        bytes.extend([1, 2, 3]);
        let kinds: Vec<u16> = split(&bytes).iter().map(Raw::kind).collect();
        assert_eq!(kinds, [NLMSG_DONE, NLMSG_ERROR]);
    }
}
