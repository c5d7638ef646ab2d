// SPDX-License-Identifier: GPL-2.0

//! `fb list`, `get`, `show`, `types`

use std::fmt::Write;
use std::os::fd::AsRawFd;

use vnet_lab::chain::values;
use vnet_uapi::{
    BlockCarries, BlockEvent, BlockParamAccess, BlockParamKind, BlockSide, BlockType,
    BlockTypeField, BlockTypeParam,
};

use super::change::type_of;
use super::graph::Graph;
use super::report::BlockReport;
use super::{Format, Get, Here, List, Show, Types};
use crate::error::{Error, Result};
use crate::output::{self, Table};

/// Lists blocks.
pub(super) fn list(here: &mut Here, list: &List) -> Result<()> {
    let reports = reports(here, &list.nodes)?;
    if list.json {
        return output::json(&reports);
    }
    if reports.is_empty() {
        return output::print("no blocks; make one with `vnetctl fb add`\n");
    }
    let mut table = Table::new(&[
        "NODE",
        "BLOCK",
        "TYPE",
        ">BOUND",
        ">IN",
        ">GENERATED",
        ">OUT",
        ">CONSUMED",
        ">QUEUED",
        "DROPS",
    ]);
    for report in &reports {
        let count = |name: &str| report.counters.get(name).copied().unwrap_or(0).to_string();
        let drops: Vec<String> = report
            .drops
            .iter()
            .map(|(cause, packets)| format!("{cause}={packets}"))
            .collect();
        table.row(vec![
            report.node.clone(),
            report.name.clone(),
            report.kind.clone(),
            format!("{}/{}", report.bound(), report.ports.len()),
            count("in-packets"),
            count("generated-packets"),
            count("out-packets"),
            count("consumed-packets"),
            count("queued-packets"),
            match drops.is_empty() {
                true => "-".into(),
                false => drops.join(" "),
            },
        ]);
    }
    table.print()
}

/// Prints parameters.
pub(super) fn get(here: &mut Here, get: &Get) -> Result<()> {
    let node = here.node(&get.node)?;
    let block = here.block(&get.node, node.netns().as_raw_fd(), &get.name)?;
    if get.json {
        return output::json(&BlockReport::new(&get.node, &block));
    }
    let types = here.types()?;
    let kind = type_of(&types, block.kind.as_deref().unwrap_or_default())?;
    let declared = |name: &str| values::find(kind, name).ok();
    let value = |name: &str| {
        let found = block.param.iter().find(|p| p.name.as_deref() == Some(name));
        found.map(|found| values::show(found, declared(name)))
    };
    let mut text = String::new();
    if get.params.is_empty() {
        for name in block.param.iter().filter_map(|param| param.name.as_deref()) {
            let _ = writeln!(text, "{name}={}", value(name).unwrap_or_default());
        }
        return output::print(&text);
    }
    for name in &get.params {
        let param = values::find(kind, name).map_err(|error| Error::Message(error.to_string()))?;
        if param.access == Some(BlockParamAccess::Secret as u32) {
            return Err(Error::Message(format!(
                "{name} is secret: it can be set, but is not told"
            )));
        }
        text.push_str(&value(name).unwrap_or_default());
        text.push('\n');
    }
    output::print(&text)
}

/// Shows how blocks are bound.
pub(super) fn graph(here: &mut Here, show: &Show) -> Result<()> {
    let nodes = here.nodes(&show.nodes)?;
    let mut graphs = Vec::new();
    for node in &nodes {
        let blocks = here.blocks(node.netns().as_raw_fd())?;
        // A node without blocks is worth a word only to who asks for it.
        if !blocks.is_empty() || !show.nodes.is_empty() {
            graphs.push(Graph::new(&node.name, &blocks));
        }
    }
    match show.format {
        Format::Json => output::json(&graphs),
        Format::Dot => output::print(&Graph::dot(&graphs)),
        Format::Text if graphs.is_empty() => {
            output::print("no blocks; make one with `vnetctl fb add`\n")
        }
        Format::Text => {
            let texts: Vec<String> = graphs.iter().map(Graph::text).collect();
            output::print(&texts.concat())
        }
    }
}

/// Shows types.
pub(super) fn types(here: &mut Here, wanted: &Types) -> Result<()> {
    let all = here.types()?;
    let chosen: Vec<&BlockType> = match &wanted.names[..] {
        [] => all.iter().collect(),
        names => names
            .iter()
            .map(|name| type_of(&all, name))
            .collect::<Result<_>>()?,
    };
    if wanted.json {
        return output::json(&chosen);
    }
    if !wanted.names.is_empty() {
        let texts: Vec<String> = chosen.into_iter().map(detail).collect();
        return output::print(&texts.join("\n"));
    }
    let mut table = Table::new(&["TYPE", "LOWER", "UPPER", "PARAMETERS", "WHAT"]);
    for kind in chosen {
        let ports = |side: BlockSide| -> String {
            let ports = kind
                .port
                .iter()
                .filter(|port| port.side == Some(side as u32));
            let names: Vec<String> = ports
                .map(|port| {
                    let name = port.name.as_deref().unwrap_or_default();
                    match port.numbered {
                        Some(1) => format!("{name}0.."),
                        _ => name.to_owned(),
                    }
                })
                .collect();
            or_dash(names.join(","))
        };
        let told = Some(BlockParamAccess::Told as u32);
        let params = kind.param.iter().filter(|param| param.access != told);
        let params: Vec<&str> = params.filter_map(|param| param.name.as_deref()).collect();
        table.row(vec![
            kind.name.clone().unwrap_or_default(),
            ports(BlockSide::Lower),
            ports(BlockSide::Upper),
            or_dash(params.join(",")),
            kind.doc.clone().unwrap_or_default(),
        ]);
    }
    table.print()
}

/// The blocks of nodes, or of all.
fn reports(here: &mut Here, names: &[String]) -> Result<Vec<BlockReport>> {
    let nodes = here.nodes(names)?;
    let mut reports = Vec::new();
    for node in &nodes {
        let blocks = here.blocks(node.netns().as_raw_fd())?;
        reports.extend(
            blocks
                .iter()
                .map(|block| BlockReport::new(&node.name, block)),
        );
    }
    Ok(reports)
}

fn or_dash(text: String) -> String {
    match text.is_empty() {
        true => "-".into(),
        false => text,
    }
}

/// All about a type, for people.
fn detail(kind: &BlockType) -> String {
    let mut text = format!(
        "{}: {}\n",
        kind.name.as_deref().unwrap_or_default(),
        kind.doc.as_deref().unwrap_or_default()
    );
    if !kind.port.is_empty() {
        text.push_str("ports\n");
    }
    for port in &kind.port {
        let side = port
            .side
            .and_then(BlockSide::from_number)
            .map_or("?", BlockSide::name);
        let carries = match port.carries.and_then(BlockCarries::from_number) {
            Some(BlockCarries::Any) | None => "anything",
            Some(BlockCarries::Frame) => "frames",
            Some(BlockCarries::Datagram) => "datagrams",
        };
        let name = port.name.as_deref().unwrap_or_default();
        let name = match port.numbered {
            Some(1) => format!("{name}0, {name}1 ..."),
            _ => name.to_owned(),
        };
        let doc = port.doc.as_deref().unwrap_or_default();
        let _ = writeln!(text, "  {name} ({side}, {carries}): {doc}");
    }
    let told = |param: &&BlockTypeParam| param.access == Some(BlockParamAccess::Told as u32);
    for (heading, readings) in [("parameters", false), ("readings", true)] {
        let params: Vec<_> = kind
            .param
            .iter()
            .filter(|param| told(param) == readings)
            .collect();
        if !params.is_empty() {
            let _ = writeln!(text, "{heading}");
        }
        for param in params {
            parameter(&mut text, param);
        }
    }
    if !kind.event.is_empty() {
        text.push_str("events\n");
    }
    for event in &kind.event {
        let number = event.event.unwrap_or(u32::MAX);
        let name = BlockEvent::from_number(number).map_or("?", BlockEvent::name);
        let does = match event.raised {
            Some(1) => "raises",
            _ => "takes",
        };
        let doc = event.doc.as_deref().unwrap_or_default();
        let _ = writeln!(text, "  {does} {name}: {doc}");
    }
    text
}

fn parameter(text: &mut String, param: &BlockTypeParam) {
    let mut notes = vec![describe(
        param.kind,
        param.least,
        param.most,
        param.unit.as_deref(),
    )];
    match param.access.and_then(BlockParamAccess::from_number) {
        Some(BlockParamAccess::Told) => notes.clear(),
        Some(BlockParamAccess::Initial) => notes.push("only when the block is made".into()),
        Some(BlockParamAccess::Secret) => notes.push("not told".into()),
        _ => {}
    }
    let told = param.access == Some(BlockParamAccess::Told as u32);
    match param.default {
        _ if told => notes.extend(param.unit.clone()),
        _ if param.required == Some(1) => notes.push("required".into()),
        Some(value) if param.kind == Some(BlockParamKind::Bool as u32) => {
            notes.push(format!("default {}", value != 0));
        }
        Some(value) => {
            let value = values::show_number(value, param.unit.as_deref());
            notes.push(format!("default {value}"));
        }
        None => {}
    }
    let notes = match notes.is_empty() {
        true => String::new(),
        false => format!(" ({})", notes.join("; ")),
    };
    let name = param.name.as_deref().unwrap_or_default();
    let doc = param.doc.as_deref().unwrap_or_default();
    let _ = writeln!(text, "  {name}{notes}: {doc}");
    for field in &param.field {
        let BlockTypeField {
            name,
            doc,
            kind,
            least,
            most,
            unit,
            ..
        } = field;
        let _ = writeln!(
            text,
            "    {} ({}): {}",
            name.as_deref().unwrap_or_default(),
            describe(*kind, *least, *most, unit.as_deref()),
            doc.as_deref().unwrap_or_default()
        );
    }
}

/// What values there are.
fn describe(
    kind: Option<u32>,
    least: Option<u64>,
    most: Option<u64>,
    unit: Option<&str>,
) -> String {
    let (least, most) = (least.unwrap_or(0), most.unwrap_or(u64::MAX));
    let number = |value| values::show_number(value, unit);
    // Units that numbers are not written with.
    let unit = match unit {
        Some(unit) if number(most) == most.to_string() => format!(", in {unit}"),
        _ => String::new(),
    };
    match kind.and_then(BlockParamKind::from_number) {
        Some(BlockParamKind::Uint) if most == u64::MAX => {
            format!("{} or more{unit}", number(least))
        }
        Some(BlockParamKind::Uint) => format!("{} to {}{unit}", number(least), number(most)),
        Some(BlockParamKind::Bool) => "true or false".into(),
        Some(BlockParamKind::Text) => format!("text, at most {most} bytes"),
        Some(BlockParamKind::Data) if least == most => format!("{most} bytes"),
        Some(BlockParamKind::Data) => format!("{least} to {most} bytes"),
        Some(BlockParamKind::Records) => format!("at most {most} records"),
        None => "unknown".into(),
    }
}
