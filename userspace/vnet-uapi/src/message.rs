// SPDX-License-Identifier: GPL-2.0

//! Messages of the family.

use netlink_packet_core::{DecodeError, Emitable, NetlinkMessage, ParseableParametrized};
use netlink_packet_generic::{GenlFamily, GenlHeader, GenlMessage};

use crate::attr::{Attributes, Encoder};
use crate::generated::{Command, FAMILY_NAME, FAMILY_VERSION};

/// One message: a command and its attributes, still encoded, since which set they are of depends on the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VnetMessage {
    /// What is asked for or told.
    pub command: Command,
    attributes: Vec<u8>,
}

impl VnetMessage {
    /// A message with these attributes.
    pub fn new(command: Command, attributes: &impl Attributes) -> Self {
        VnetMessage {
            command,
            attributes: Encoder::encode(attributes),
        }
    }

    /// Its attributes as a set of the spec.
    pub fn decode<T: Attributes>(&self) -> Result<T, DecodeError> {
        T::decode(&self.attributes)
    }

    /// Ready to be sent to the family of that number.
    pub(crate) fn into_netlink(self, family: u16) -> NetlinkMessage<GenlMessage<VnetMessage>> {
        let mut message = GenlMessage::from_payload(self);
        message.set_resolved_family_id(family);
        NetlinkMessage::from(message)
    }
}

impl GenlFamily for VnetMessage {
    fn family_name() -> &'static str {
        FAMILY_NAME
    }

    fn command(&self) -> u8 {
        self.command as u8
    }

    fn version(&self) -> u8 {
        FAMILY_VERSION
    }
}

impl Emitable for VnetMessage {
    fn buffer_len(&self) -> usize {
        self.attributes.len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        buffer[..self.attributes.len()].copy_from_slice(&self.attributes);
    }
}

impl ParseableParametrized<[u8], GenlHeader> for VnetMessage {
    fn parse_with_param(bytes: &[u8], header: GenlHeader) -> Result<Self, DecodeError> {
        let command = Command::from_number(header.cmd)
            .ok_or_else(|| DecodeError::from(format!("unknown command {}", header.cmd)))?;
        Ok(VnetMessage {
            command,
            attributes: bytes.to_vec(),
        })
    }
}
