// SPDX-License-Identifier: GPL-2.0

//! Devices of the machine, which a lab's kernel may not have.

use vnet_guest::Form;
use vnet_topology::plan::Plan;

use super::source::Loaded;
use crate::error::{Error, Result};

/// What stands in the place of nodes that are devices of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Devices {
    /// `--without-devices`.
    pub without: bool,
    /// The embedded kernel in which the lab is to be, if it is one: it has no device of the machine.
    pub form: Option<Form>,
}

impl Devices {
    /// Refuses a plan that wants what is not there; or leaves the devices out and tells so, where that is asked for or the
    /// file is one of another tool, which knows of no such kernels. Their nodes are then switches that lead nowhere else.
    pub fn fit(self, loaded: Loaded) -> Result<Plan> {
        let Loaded { mut plan, foreign } = loaded;
        let Devices { without, form } = self;
        for node in &mut plan.nodes {
            let Some(outside) = &node.outside else {
                continue;
            };
            let (name, device, place) = (&node.name, &outside.device, &outside.place);
            match form {
                None if !without => continue,
                Some(form) if !without && !foreign => {
                    return Err(Error::Message(format!(
                        "{place}: node {name} is the machine's device {device}, which a kernel of form {form} does not \
                         have; say --kernel host, or --without-devices to have a switch there that leads nowhere else"
                    )));
                }
                Some(form) if !without => eprintln!(
                    "vnetctl: node {name} is without the machine's device {device}, which a kernel of form {form} does \
                     not have: it leads nowhere (--kernel host has it)"
                ),
                _ => eprintln!("vnetctl: node {name} is without the machine's device {device}"),
            }
            node.outside = None;
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
nodes: {a: host, out: {kind: rj45, device: eth7}}
links: [[a, out]]
";

    fn fit(without: bool, form: Option<Form>, foreign: bool) -> Result<bool> {
        let plan = vnet_topology::compile("x.yaml", FILE).unwrap();
        let plan = Devices { without, form }.fit(Loaded { plan, foreign })?;
        Ok(plan.nodes.iter().any(|node| node.outside.is_some()))
    }

    #[test]
    fn devices_are_where_they_can_be() {
        let uml = Some(Form::Uml);
        assert!(fit(false, None, false).unwrap());
        assert!(fit(false, None, true).unwrap());
        assert!(!fit(true, None, false).unwrap());
        assert!(!fit(true, uml, false).unwrap());
        assert!(!fit(false, uml, true).unwrap());
        let refusal = fit(false, uml, false).unwrap_err().to_string();
        assert!(refusal.starts_with("x.yaml:2: node out is the machine's device eth7"));
    }
}
