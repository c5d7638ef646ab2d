// SPDX-License-Identifier: GPL-2.0

//! Requests to the kernel, with the types of the interface.

use std::os::fd::{AsFd, BorrowedFd, RawFd};

use netlink_packet_core::NetlinkMessage;
use netlink_packet_generic::ctrl::nlas::{GenlCtrlAttrs, McastGrpAttrs};
use netlink_packet_generic::ctrl::{GenlCtrl, GenlCtrlCmd};
use netlink_packet_generic::GenlMessage;
use netlink_sys::protocols::NETLINK_GENERIC;

use crate::attr::Attributes;
use crate::error::{Error, Refusal};
use crate::generated::{Block, Command, Instance, Link, Medium, Trace, FAMILY_NAME, GROUP_CONFIG};
use crate::message::VnetMessage;
use crate::netlink::{Connection, Outcome, Outgoing};

mod blocks;
mod media;

pub use blocks::PortKey;

/// Length of the generic netlink header, which follows the netlink header.
const GENL_HEADER: usize = 4;

type Message = GenlMessage<VnetMessage>;

/// A connection to the family, in the network namespace in which it was opened.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    family: u16,
    groups: Vec<(String, u32)>,
}

/// Which instance is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceKey {
    /// By its number.
    Id(u32),
    /// By a descriptor of its network namespace.
    Netns(RawFd),
}

/// Which link is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKey {
    /// By its number.
    Id(u32),
    /// By a device of either end, in the network namespace of a descriptor.
    Device {
        /// Descriptor of the namespace.
        netns: RawFd,
        /// Index of the device there.
        ifindex: u32,
    },
}

/// What the kernel tells about changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    /// An instance was made, changed or has gone.
    Instance(Command, Box<Instance>),
    /// A link was made, changed or has gone.
    Link(Command, Box<Link>),
    /// A medium was made, changed or has gone, or a port of it has gone.
    Medium(Command, Box<Medium>),
    /// A block was made, changed, bound, unbound or has gone.
    Block(Command, Box<Block>),
}

impl InstanceKey {
    /// A request for it with nothing else in it.
    fn request(self) -> Instance {
        match self {
            InstanceKey::Id(id) => Instance {
                id: Some(id),
                ..Default::default()
            },
            InstanceKey::Netns(fd) => Instance {
                netns_fd: Some(fd as u32),
                ..Default::default()
            },
        }
    }
}

impl LinkKey {
    fn request(self) -> Link {
        match self {
            LinkKey::Id(id) => Link {
                id: Some(id),
                ..Default::default()
            },
            LinkKey::Device { netns, ifindex } => Link {
                netns_fd: Some(netns as u32),
                ifindex: Some(ifindex),
                ..Default::default()
            },
        }
    }
}

impl Client {
    /// Connects to the family of the running kernel.
    pub fn open() -> Result<Self, Error> {
        let mut connection = Connection::open(NETLINK_GENERIC, GENL_HEADER)?;
        let (family, groups) = resolve(&mut connection)?;
        Ok(Client {
            connection,
            family,
            groups,
        })
    }

    /// Makes an instance of a namespace.
    pub fn instance_new(&mut self, instance: &Instance) -> Result<Instance, Error> {
        self.one(Command::InstanceNew, instance)
    }

    /// Makes many instances; the outcomes are in the order of the requests.
    pub fn instances_new(
        &mut self,
        instances: &[Instance],
    ) -> Result<Vec<Result<Instance, Refusal>>, Error> {
        self.many(Command::InstanceNew, instances)
    }

    /// Reads one instance.
    pub fn instance(&mut self, key: InstanceKey) -> Result<Instance, Error> {
        self.one(Command::InstanceGet, &key.request())
    }

    /// Reads all instances, or those of a lab.
    pub fn instances(&mut self, lab: Option<&str>) -> Result<Vec<Instance>, Error> {
        let request = Instance {
            lab: lab.map(Into::into),
            ..Default::default()
        };
        self.dump(Command::InstanceGet, &request)
    }

    /// Changes an instance: what `change` has besides the key.
    pub fn instance_set(&mut self, key: InstanceKey, change: Instance) -> Result<(), Error> {
        let Instance { id, netns_fd, .. } = key.request();
        let request = Instance {
            id,
            netns_fd,
            ..change
        };
        self.none(Command::InstanceSet, &request)
    }

    /// Makes a plain namespace of an instance's one.
    pub fn instance_del(&mut self, key: InstanceKey) -> Result<(), Error> {
        self.none(Command::InstanceDel, &key.request())
    }

    /// Takes their identities from many instances; the outcomes are in the order of the keys.
    pub fn instances_del(
        &mut self,
        keys: &[InstanceKey],
    ) -> Result<Vec<Result<(), Refusal>>, Error> {
        let requests: Vec<Instance> = keys.iter().map(|key| key.request()).collect();
        let outcomes = self.batch(Command::InstanceDel, &requests)?;
        Ok(outcomes
            .into_iter()
            .map(|outcome| outcome.map(drop))
            .collect())
    }

    /// Makes a link.
    pub fn link_new(&mut self, link: &Link) -> Result<Link, Error> {
        self.one(Command::LinkNew, link)
    }

    /// Makes many links; the outcomes are in the order of the requests.
    pub fn links_new(&mut self, links: &[Link]) -> Result<Vec<Result<Link, Refusal>>, Error> {
        self.many(Command::LinkNew, links)
    }

    /// Reads one link.
    pub fn link(&mut self, key: LinkKey) -> Result<Link, Error> {
        self.one(Command::LinkGet, &key.request())
    }

    /// Reads all links, or those of a lab.
    pub fn links(&mut self, lab: Option<&str>) -> Result<Vec<Link>, Error> {
        let request = Link {
            lab: lab.map(Into::into),
            ..Default::default()
        };
        self.dump(Command::LinkGet, &request)
    }

    /// Changes a link: what `change` has besides the key; the rest stays as it is.
    pub fn link_set(&mut self, key: LinkKey, change: Link) -> Result<(), Error> {
        let Link {
            id,
            netns_fd,
            ifindex,
            ..
        } = key.request();
        let request = Link {
            id,
            netns_fd,
            ifindex,
            ..change
        };
        self.none(Command::LinkSet, &request)
    }

    /// Removes a link with both its devices.
    pub fn link_del(&mut self, key: LinkKey) -> Result<(), Error> {
        self.none(Command::LinkDel, &key.request())
    }

    /// Removes many links; the outcomes are in the order of the requests.
    pub fn links_del(&mut self, keys: &[LinkKey]) -> Result<Vec<Result<(), Refusal>>, Error> {
        let requests: Vec<Link> = keys.iter().map(|key| key.request()).collect();
        let outcomes = self.batch(Command::LinkDel, &requests)?;
        Ok(outcomes
            .into_iter()
            .map(|outcome| outcome.map(drop))
            .collect())
    }

    /// Begins or ends the log of decisions of a link's direction.
    pub fn link_trace_set(&mut self, trace: Trace) -> Result<(), Error> {
        self.none(Command::LinkTraceSet, &trace)
    }

    /// Reads from it.
    pub fn link_trace_get(&mut self, trace: Trace) -> Result<Trace, Error> {
        self.one(Command::LinkTraceGet, &trace)
    }

    /// Begins or ends the log of decisions of a medium's transmitter or way.
    pub fn medium_trace_set(&mut self, trace: Trace) -> Result<(), Error> {
        self.none(Command::MediumTraceSet, &trace)
    }

    /// Reads from it.
    pub fn medium_trace_get(&mut self, trace: Trace) -> Result<Trace, Error> {
        self.one(Command::MediumTraceGet, &trace)
    }

    /// Has the kernel tell about changes, to [`Client::notifications`].
    pub fn subscribe(&mut self) -> Result<(), Error> {
        let group = self
            .groups
            .iter()
            .find(|(name, _)| name == GROUP_CONFIG)
            .ok_or(Error::NoGroup(FAMILY_NAME, GROUP_CONFIG))?;
        Ok(self.connection.subscribe(group.1)?)
    }

    /// What has changed; waits for something unless `wait` is false.
    pub fn notifications(&mut self, wait: bool) -> Result<Vec<Notification>, Error> {
        let messages: Vec<Message> = self.connection.notifications(wait)?;
        messages
            .into_iter()
            .filter_map(|message| match message.payload.command {
                command @ (Command::InstanceNewNtf
                | Command::InstanceSetNtf
                | Command::InstanceDelNtf) => Some(
                    message
                        .payload
                        .decode()
                        .map(|instance| Notification::Instance(command, Box::new(instance))),
                ),
                command @ (Command::LinkNewNtf | Command::LinkSetNtf | Command::LinkDelNtf) => {
                    Some(
                        message
                            .payload
                            .decode()
                            .map(|link| Notification::Link(command, Box::new(link))),
                    )
                }
                command @ (Command::MediumNewNtf
                | Command::MediumSetNtf
                | Command::MediumDelNtf) => Some(
                    message
                        .payload
                        .decode()
                        .map(|medium| Notification::Medium(command, Box::new(medium))),
                ),
                command @ (Command::BlockNewNtf
                | Command::BlockSetNtf
                | Command::BlockDelNtf
                | Command::BlockBindNtf
                | Command::BlockUnbindNtf
                | Command::BlockSubscribeNtf
                | Command::BlockUnsubscribeNtf) => Some(
                    message
                        .payload
                        .decode()
                        .map(|block| Notification::Block(command, Box::new(block))),
                ),
                _ => None,
            })
            .map(|result| result.map_err(Error::from))
            .collect()
    }

    fn outgoing<T: Attributes>(&self, command: Command, attributes: &T) -> Outgoing<Message> {
        let message = VnetMessage::new(command, attributes).into_netlink(self.family);
        Outgoing::new(message, 0).with_spec(const { &T::SPEC })
    }

    fn batch<T: Attributes>(
        &mut self,
        command: Command,
        requests: &[T],
    ) -> Result<Vec<Outcome<Message>>, Error> {
        let requests = requests
            .iter()
            .map(|request| self.outgoing(command, request))
            .collect();
        self.connection.batch(requests)
    }

    fn none<T: Attributes>(&mut self, command: Command, request: &T) -> Result<(), Error> {
        let request = self.outgoing(command, request);
        self.connection.request(request).map(drop)
    }

    fn one<T: Attributes>(&mut self, command: Command, request: &T) -> Result<T, Error> {
        let request = self.outgoing(command, request);
        let answer: Vec<Message> = self.connection.request(request)?;
        first(command, answer)
    }

    fn many<T: Attributes>(
        &mut self,
        command: Command,
        requests: &[T],
    ) -> Result<Vec<Result<T, Refusal>>, Error> {
        self.batch(command, requests)?
            .into_iter()
            .map(|outcome| match outcome {
                Ok(answer) => first(command, answer).map(Ok),
                Err(refusal) => Ok(Err(refusal)),
            })
            .collect()
    }

    fn dump<T: Attributes>(&mut self, command: Command, request: &T) -> Result<Vec<T>, Error> {
        let request = self.outgoing(command, request);
        let messages: Vec<Message> = self.connection.dump(request)?;
        messages
            .iter()
            .map(|message| Ok(message.payload.decode()?))
            .collect()
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }
}

fn first<T: Attributes>(command: Command, answer: Vec<Message>) -> Result<T, Error> {
    let message = answer.first().ok_or(Error::NoAnswer(command.name()))?;
    Ok(message.payload.decode()?)
}

/// Asks the kernel's generic netlink controller for the numbers of the family and its groups.
fn resolve(connection: &mut Connection) -> Result<(u16, Vec<(String, u32)>), Error> {
    let request = GenlMessage::from_payload(GenlCtrl {
        cmd: GenlCtrlCmd::GetFamily,
        nlas: vec![GenlCtrlAttrs::FamilyName(FAMILY_NAME.into())],
    });
    let request = Outgoing::new(NetlinkMessage::from(request), 0);
    let answer: Vec<GenlMessage<GenlCtrl>> = match connection.request(request) {
        Err(Error::Refused(refusal)) if refusal.errno == libc::ENOENT => {
            return Err(Error::NoFamily(FAMILY_NAME))
        }
        other => other?,
    };
    let mut family = None;
    let mut groups = Vec::new();
    for attribute in answer.into_iter().flat_map(|message| message.payload.nlas) {
        match attribute {
            GenlCtrlAttrs::FamilyId(id) => family = Some(id),
            GenlCtrlAttrs::McastGroups(list) => groups.extend(list.iter().filter_map(group)),
            _ => {}
        }
    }
    Ok((family.ok_or(Error::NoFamily(FAMILY_NAME))?, groups))
}

fn group(attributes: &Vec<McastGrpAttrs>) -> Option<(String, u32)> {
    let mut name = None;
    let mut id = None;
    for attribute in attributes {
        match attribute {
            McastGrpAttrs::Name(text) => name = Some(text.clone()),
            McastGrpAttrs::Id(number) => id = Some(*number),
        }
    }
    Some((name?, id?))
}
