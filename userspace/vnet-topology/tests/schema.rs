// SPDX-License-Identifier: GPL-2.0

//! The schema takes what the compiler takes, and knows the same keys.

use std::collections::BTreeSet;

use serde_json::{json, Value};

fn schema() -> Value {
    serde_json::to_value(vnet_topology::schema()).unwrap()
}

fn to_json(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap()
}

/// What the schema finds wrong with a file.
fn problem(yaml: &str) -> Option<String> {
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("topology.json", schema()).unwrap();
    let mut schemas = boon::Schemas::new();
    let index = compiler.compile("topology.json", &mut schemas).unwrap();
    schemas
        .validate(&to_json(yaml), index)
        .map_err(|error| format!("{error:#}"))
        .err()
}

#[test]
fn every_example_is_valid() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../topologies");
    let mut seen = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let problem = problem(&std::fs::read_to_string(&path).unwrap());
            assert_eq!(problem, None, "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 3);
}

#[test]
fn what_is_wrong_by_itself_is_invalid() {
    for right in [
        "vars: {n: 3, mtu: 1500}\nnodes: {'r${i}': {for: {i: 1..3}, kind: router}}\nlinks: [{ends: [a, b], mtu: '${mtu}', rate: '${n}mbit'}]",
        "nodes: {a: host, b: host}\nlinks: [{ends: [a, b], loss: [1%, {pattern: {every: 7}}], queue: {discipline: {red: {min: 1KB, max: 3KB}}}}]",
        "nodes: {a: host, b: host}\nlinks: [{ends: [a, b], loss: {gilbert-elliott: none}, reorder: {every: 9}, jitter: 1ms, ber: 1e-9}]",
        "nodes: {a: {template: x}}\ntemplates: {node: {x: {kind: router}}, link: {y: {rate: 1mbit}}}",
    ] {
        assert_eq!(problem(right), None, "{right}");
    }
    for wrong in [
        "links: []",
        "nodes: {a: hots}",
        "nodes: {a: {kind: host, comands: []}}",
        "nodes: {a: host, b: host}\nlinks: [[a]]",
        "nodes: {a: host, b: host}\nlinks: [{ends: [a, b], rate: 100}]",
        "nodes: {a: host, b: host}\nlinks: [{ends: [a, b], rate: 10MB/s}]",
        "nodes: {a: host, b: host}\nlinks: [{ends: [a, b], dealy: 10ms}]",
        "nodes: {a: host, b: host}\nlinks: [{ends: [a, b], forward: {mtu: 1500}}]",
        "nodes: {a: host, b: host}\nlinks: [{ends: [a, b], mtu: 42}]",
        "nodes: {a: host, b: host}\nlinks: [{ends: [a, b], loss: 5}]",
        "nodes: {a: host, b: host}\nlinks: [{ends: [a, b], loss: much}]",
        "nodes: {a: host, b: host}\nlinks: [{ends: [a, b], jitter: {distribution: gauss}}]",
        "nodes: {a: host, b: host}\nlinks: [{ends: [a, b], queue: {discipline: cake}}]",
        "nodes: {a: host, b: host}\nlinks: [{ends: [a, b], queue: {discipline: red}}]",
    ] {
        assert!(problem(wrong).is_some(), "{wrong}");
    }
}

#[test]
fn variables_stand_for_anything() {
    let text = "
vars: {a: router, b: bgp, c: 65001, d: 1, e: 'true', f: codel, g: tail, h: normal, i: keep, j: allow}
addressing: {overlap: '${j}'}
seed: '${d}'
nodes:
  r: {kind: '${a}', routing: ['${b}', ospf], asn: '${c}', position: ['${d}', 2]}
  q: '${a}'
  s: {kind: switch, stp: '${e}'}
  h: {gateway: none, routing: none, routes: [{to: default, interface: to-s, metric: '${d}'}]}
links:
  - {ends: [r, s], up: '${e}', seed: '${d}', queue: {discipline: '${f}', drop: '${g}', ecn: '${e}'}}
  - {ends: [q, r], jitter: {amount: 1ms, distribution: '${h}', order: '${i}'}, loss: {pattern: {rules: {frame: 1, drop: '${e}'}}}}
  - {ends: [h, s], queue: {discipline: {red: {min: 1KB, max: 30KB, gentle: '${e}'}}}}
media: {m: {ports: [r, h], up: '${e}', seed: '${d}'}}
";
    assert_eq!(problem(text), None);
    if let Err(report) = vnet_topology::compile("variables.yaml", text) {
        panic!("{}", report.render(false, 100));
    }
}

/// The keys that the reader of the file knows, from its message about one that it does not.
fn known_keys(yaml: &str) -> BTreeSet<String> {
    let report = vnet_topology::compile("keys.yaml", yaml).unwrap_err();
    let help = report.problems().iter().find_map(|problem| {
        let help = problem.help.as_deref()?;
        help.strip_prefix("known keys of ")?
            .rsplit_once(": ")
            .map(|(_, keys)| keys.to_owned())
    });
    help.unwrap_or_else(|| panic!("{yaml}"))
        .split(", ")
        .map(str::to_owned)
        .collect()
}

#[test]
fn schema_and_reader_know_the_same_keys() {
    let schema = schema();
    let properties = |name: &str| -> BTreeSet<String> {
        let object = match name {
            "" => &schema,
            _ => &schema["$defs"][name],
        };
        assert_eq!(
            object["additionalProperties"],
            json!(false),
            "{name}: {object:#}"
        );
        object["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let end = |end: &str| format!("nodes: {{a: host, b: host}}\nlinks: [{{ends: [{end}, b]}}]\n");
    let link =
        |link: &str| format!("nodes: {{a: host, b: host}}\nlinks: [{{ends: [a, b], {link}}}]\n");
    let discipline = |text: &str| link(&format!("queue: {{discipline: {{{text}}}}}"));
    let node = |node: &str| format!("nodes: {{a: {{{node}}}}}\n");
    for (name, yaml) in [
        ("", "nodes: {a: host}\nzzzzzz: 1\n".into()),
        (
            "Addressing",
            "nodes: {a: host}\naddressing: {zzzzzz: 1}\n".to_owned(),
        ),
        (
            "Defaults",
            "nodes: {a: host}\ndefaults: {zzzzzz: 1}\n".to_owned(),
        ),
        (
            "NodeParams",
            "nodes: {a: host}\ndefaults: {router: {zzzzzz: 1}}\n".to_owned(),
        ),
        (
            "NodeDefaults",
            "nodes: {a: host}\ndefaults: {node: {zzzzzz: 1}}\n".to_owned(),
        ),
        ("Node", node("zzzzzz: 1")),
        ("Interface", node("interfaces: {d0: {zzzzzz: 1}}")),
        ("Route", node("routes: [{to: default, zzzzzz: 1}]")),
        ("File", node("files: {/etc/x: {content: x, zzzzzz: 1}}")),
        ("Daemon", node("daemons: [{command: x, zzzzzz: 1}]")),
        ("Ready", node("daemons: [{command: x, ready: {zzzzzz: 1}}]")),
        ("Link", link("zzzzzz: 1")),
        (
            "LinkParams",
            "nodes: {a: host}\ndefaults: {link: {zzzzzz: 1}}\n".to_owned(),
        ),
        ("Direction", link("forward: {zzzzzz: 1}")),
        ("Queue", link("queue: {zzzzzz: 1}")),
        ("Drr", discipline("drr: {zzzzzz: 1}")),
        ("Red", discipline("red: {min: 1, max: 2, zzzzzz: 1}")),
        ("Codel", discipline("codel: {zzzzzz: 1}")),
        ("Pie", discipline("pie: {zzzzzz: 1}")),
        ("FqCodel", discipline("fq-codel: {zzzzzz: 1}")),
        ("Loss", link("loss: {zzzzzz: 1}")),
        (
            "GilbertElliott",
            link("loss: {gilbert-elliott: {p: 1%, zzzzzz: 1}}"),
        ),
        (
            "FourState",
            link("loss: {four-state: {p13: 1%, zzzzzz: 1}}"),
        ),
        ("Pattern", link("loss: {pattern: {every: 7, zzzzzz: 1}}")),
        (
            "Rule",
            link("loss: {pattern: {rules: [{frame: 1, drop: true, zzzzzz: 1}]}}"),
        ),
        ("Jitter", link("jitter: {zzzzzz: 1}")),
        ("Every", link("reorder: {every: 7, zzzzzz: 1}")),
        ("DelayLimit", link("delay_limit: {zzzzzz: 1}")),
        ("End", end("{node: a, zzzzzz: 1}")),
        ("Vlan", end("{node: a, vlan: {zzzzzz: 1}}")),
    ] {
        assert_eq!(properties(name), known_keys(&yaml), "{name}");
    }
}
