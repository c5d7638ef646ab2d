// SPDX-License-Identifier: GPL-2.0

use super::*;
use vnet_topology::plan::ParamPlan;
use vnet_uapi::BlockPort;

fn declared(name: &str, access: BlockParamAccess, default: Option<u64>) -> BlockTypeParam {
    BlockTypeParam {
        name: Some(name.into()),
        kind: Some(match default {
            Some(_) => BlockParamKind::Uint as u32,
            None => BlockParamKind::Text as u32,
        }),
        access: Some(access as u32),
        default,
        ..BlockTypeParam::default()
    }
}

fn types() -> Vec<BlockType> {
    let kind = |name: &str, param: Vec<BlockTypeParam>| BlockType {
        name: Some(name.into()),
        param,
        ..BlockType::default()
    };
    let mut device = declared("device", BlockParamAccess::Initial, None);
    device.required = Some(1);
    vec![
        kind(
            "eth",
            vec![device, declared("ifindex", BlockParamAccess::Told, Some(0))],
        ),
        kind("counter", vec![]),
        kind(
            "queue",
            vec![
                declared("packets", BlockParamAccess::AnyTime, Some(100)),
                declared("label", BlockParamAccess::AnyTime, None),
            ],
        ),
    ]
}

/// A block of the lab `l`, with parameters and bindings `port side peer peer-port`.
fn block(name: &str, kind: &str, params: &[(&str, Result<u64, &str>)], ports: &[&str]) -> Block {
    let param = |(name, value): &(&str, Result<u64, &str>)| BlockParam {
        name: Some((*name).into()),
        uint: value.ok(),
        text: value.err().map(Into::into),
        ..BlockParam::default()
    };
    let port = |text: &&str| {
        let words: Vec<&str> = text.split(' ').collect();
        BlockPort {
            name: Some(words[0].into()),
            side: Some(u32::from(words[1] == "upper")),
            peer: Some(words[2].into()),
            peer_port: Some(words[3].into()),
            ..BlockPort::default()
        }
    };
    Block {
        name: Some(name.into()),
        kind: Some(kind.into()),
        lab: Some("l".into()),
        param: params.iter().map(param).collect(),
        port: ports.iter().map(port).collect(),
        ..Block::default()
    }
}

/// A device and a counter, as the kernel has them.
fn now() -> Vec<Block> {
    vec![
        block(
            "e",
            "eth",
            &[("device", Err("eth0")), ("ifindex", Ok(3))],
            &["wire upper c lower", "host lower c upper"],
        ),
        block(
            "c",
            "counter",
            &[],
            &["lower lower e wire", "upper upper e host"],
        ),
    ]
}

/// Name, type, parameters.
type Made<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

fn plan(blocks: &[Made<'_>], chain: &str) -> ChainsPlan {
    let params = |params: &[(&str, &str)]| {
        let all = params.iter();
        all.map(|(name, value)| ((*name).into(), ParamPlan::Text((*value).into())))
            .collect()
    };
    let block = |(name, kind, given): &Made<'_>| {
        let kind = (*kind).to_owned();
        let params = params(given);
        ((*name).to_owned(), BlockPlan { kind, params })
    };
    let hops = vnet_topology::chain::parse(chain).unwrap();
    ChainsPlan {
        blocks: blocks.iter().map(block).collect(),
        bindings: vnet_topology::chain::bindings(&hops).collect(),
        subscriptions: Vec::new(),
    }
}

const E: Made<'_> = ("e", "eth", &[("device", "eth0")]);

fn words(now: &[Block], wanted: &ChainsPlan) -> Vec<String> {
    let steps = between("l", now, wanted, &types()).unwrap();
    steps.iter().map(Step::describe).collect()
}

#[test]
fn nothing_is_done_where_nothing_differs() {
    let wanted = plan(&[E, ("c", "counter", &[])], "e:wire -> c -> e:host");
    assert!(words(&now(), &wanted).is_empty());
}

#[test]
fn from_nothing_and_to_nothing() {
    let wanted = plan(&[E, ("c", "counter", &[])], "e:wire -> c -> e:host");
    assert_eq!(
        words(&[], &wanted),
        [
            "block c comes, counter",
            "block e comes, eth",
            "bind e:wire -> c",
            "bind c -> e:host"
        ]
    );
    assert_eq!(
        words(&now(), &ChainsPlan::default()),
        [
            "unbind e:wire -> c:lower",
            "unbind c:upper -> e:host",
            "block c goes",
            "block e goes"
        ]
    );
}

#[test]
fn a_block_comes_between() {
    let wanted = plan(
        &[
            E,
            ("c", "counter", &[]),
            ("q", "queue", &[("packets", "7")]),
        ],
        "e:wire -> c -> q -> e:host",
    );
    assert_eq!(
        words(&now(), &wanted),
        [
            "unbind c:upper -> e:host",
            "block q comes, queue",
            "bind c -> q",
            "bind q -> e:host"
        ]
    );
}

#[test]
fn another_type_keeps_the_bindings() {
    let wanted = plan(&[E, ("c", "queue", &[])], "e:wire -> c -> e:host");
    assert_eq!(words(&now(), &wanted), ["block c becomes queue"]);
}

#[test]
fn parameters_change_go_and_are_given_when_made() {
    let queue = [block("q", "queue", &[("packets", Ok(7))], &[])];
    let to = |params: &[(&str, &str)]| words(&queue, &plan(&[("q", "queue", params)], "q"));
    assert!(to(&[("packets", "7")]).is_empty());
    assert_eq!(to(&[("packets", "8")]), ["block q changes (packets)"]);
    assert_eq!(to(&[]), ["block q changes (packets)"]);
    let other = plan(&[("e", "eth", &[("device", "eth1")])], "e");
    let device = [block(
        "e",
        "eth",
        &[("device", Err("eth0")), ("ifindex", Ok(3))],
        &[],
    )];
    assert_eq!(words(&device, &other), ["block e is replaced (device)"]);
    let gone = [block(
        "e",
        "eth",
        &[("device", Err("eth0")), ("ifindex", Ok(0))],
        &[],
    )];
    assert_eq!(
        words(&gone, &plan(&[E], "e")),
        ["block e is replaced (device)"]
    );
}

#[test]
fn a_value_without_default_goes_with_its_block() {
    let queue = [block(
        "q",
        "queue",
        &[("packets", Ok(100)), ("label", Err("x"))],
        &[],
    )];
    assert_eq!(
        words(&queue, &plan(&[("q", "queue", &[])], "q")),
        ["block q goes", "block q comes, queue"]
    );
}

#[test]
fn subscriptions_come_and_go_with_their_blocks() {
    let one = |subscriber: &str, publisher: &str| SubscriptionPlan {
        subscriber: subscriber.into(),
        publisher: publisher.into(),
    };
    let mut wanted = plan(&[E, ("q", "queue", &[])], "e:wire -> q -> e:host");
    wanted.subscriptions = vec![one("q", "e")];
    let all = words(&[], &wanted);
    assert_eq!(
        all.last().map(String::as_str),
        Some("subscribe q to e"),
        "{all:?}"
    );
    let chain = [
        block("e", "eth", &[("device", Err("eth0"))], &[]),
        block("q", "queue", &[("packets", Ok(100))], &[]),
    ];
    let subscribed = |mut blocks: [Block; 2]| {
        blocks[1].subscription.push(BlockSubscription {
            publisher: Some("e".into()),
        });
        blocks
    };
    wanted.bindings.clear();
    assert_eq!(words(&chain, &wanted), ["subscribe q to e"]);
    assert!(words(&subscribed(chain.clone()), &wanted).is_empty());
    let mut other = wanted.clone();
    other.subscriptions.clear();
    assert_eq!(
        words(&subscribed(chain.clone()), &other),
        ["unsubscribe q from e"]
    );
    wanted.blocks.get_mut("q").unwrap().kind = "counter".into();
    assert_eq!(
        words(&subscribed(chain), &wanted),
        [
            "unsubscribe q from e",
            "block q becomes counter",
            "subscribe q to e"
        ]
    );
}

#[test]
fn what_others_have_made_stays() {
    let mut others = block("x", "counter", &[], &[]);
    others.lab = None;
    assert!(words(&[others], &ChainsPlan::default()).is_empty());
}

#[test]
fn mistakes() {
    let error = |plan: ChainsPlan| between("l", &[], &plan, &types()).unwrap_err().to_string();
    assert_eq!(
        error(plan(&[("c", "countr", &[])], "c")),
        "block c: there is no type countr; did you mean counter?"
    );
    assert_eq!(
        error(plan(&[("e", "eth", &[])], "e")),
        "block e: a block of type eth needs device"
    );
    assert_eq!(
        error(plan(&[("e", "eth", &[("ifindex", "1")])], "e")),
        "block e: ifindex is a reading of the block and cannot be set"
    );
}
