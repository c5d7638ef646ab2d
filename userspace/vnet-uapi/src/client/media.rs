// SPDX-License-Identifier: GPL-2.0

//! Broadcast media.

use super::Client;
use crate::error::Error;
use crate::generated::{Command, Medium, MediumPair, MediumPort};

impl Client {
    /// Makes a medium.
    pub fn medium_new(&mut self, medium: &Medium) -> Result<Medium, Error> {
        self.one(Command::MediumNew, medium)
    }

    /// Reads one medium, without its ports and ways.
    pub fn medium(&mut self, id: u32) -> Result<Medium, Error> {
        self.one(Command::MediumGet, &named(id))
    }

    /// Reads all media, or those of a lab, without their ports and ways.
    pub fn media(&mut self, lab: Option<&str>) -> Result<Vec<Medium>, Error> {
        let request = Medium {
            lab: lab.map(Into::into),
            ..Default::default()
        };
        self.dump(Command::MediumGet, &request)
    }

    /// Reads the ports of a medium, in their order.
    pub fn medium_ports(&mut self, id: u32) -> Result<Vec<MediumPort>, Error> {
        let told = self.dump(Command::MediumPortGet, &named(id))?;
        Ok(told.into_iter().flat_map(|medium| medium.port).collect())
    }

    /// Reads the ways between the ports of a medium.
    pub fn medium_pairs(&mut self, id: u32) -> Result<Vec<MediumPair>, Error> {
        let told = self.dump(Command::MediumPairGet, &named(id))?;
        Ok(told.into_iter().flat_map(|medium| medium.pair).collect())
    }

    /// Changes a medium: what `change` has besides the number; the rest stays as it is.
    pub fn medium_set(&mut self, id: u32, change: Medium) -> Result<(), Error> {
        let request = Medium {
            id: Some(id),
            ..change
        };
        self.none(Command::MediumSet, &request)
    }

    /// Removes a medium with all its devices.
    pub fn medium_del(&mut self, id: u32) -> Result<(), Error> {
        self.none(Command::MediumDel, &named(id))
    }
}

/// A request for a medium with nothing else in it.
fn named(id: u32) -> Medium {
    Medium {
        id: Some(id),
        ..Default::default()
    }
}
