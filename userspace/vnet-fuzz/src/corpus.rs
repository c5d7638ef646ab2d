// SPDX-License-Identifier: GPL-2.0

//! Files that are right, to be damaged, and words that are in such files.

/// Topology files.
pub const TOPOLOGIES: &[&str] = &[
    include_str!("../files/everything.yaml"),
    include_str!("../files/repetition.yaml"),
    include_str!("../../../topologies/imunes.yaml"),
];

/// IMUNES, JSON.
pub const IMUNES_JSON: &[&str] = &[include_str!("../../vnet-import/tests/files/experiment.imn")];
/// IMUNES, Tcl.
pub const IMUNES_TCL: &[&str] = &[include_str!("../../vnet-import/tests/files/legacy.imn")];
/// GraphML.
pub const GRAPHML: &[&str] = &[include_str!("../../vnet-import/tests/files/cities.graphml")];
/// GML.
pub const GML: &[&str] = &[include_str!("../../vnet-import/tests/files/cities.gml")];
/// Repetita.
pub const REPETITA: &[&str] = &[include_str!("../../vnet-import/tests/files/triangle.graph")];
/// containerlab.
pub const CONTAINERLAB: &[&str] = &[include_str!("../../vnet-import/tests/files/lab.clab.yml")];
/// Kathara.
pub const KATHARA: &[&str] = &[include_str!("../../vnet-import/tests/files/lab.conf")];
/// CORE.
pub const CORE: &[&str] = &[include_str!("../../vnet-import/tests/files/scenario.xml")];

/// Words of YAML and of topology files.
pub const YAML: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "? ",
    "&a ",
    "*a",
    "<<: *a",
    "!!binary ",
    "!x ",
    "|\n",
    ">-\n",
    "\"",
    "'",
    "#",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "nodes",
    "links",
    "ends",
    "for",
    "template",
    "templates",
    "vars",
    "defaults",
    "addressing",
    "ipv4",
    "interfaces",
    "routes",
    "rate",
    "delay",
    "queue",
    "vlan",
    "parent",
    "asn",
    "routing: [ospf, bgp]",
    "switch",
    "router",
    "host",
    "files",
    "daemons",
    "commands",
    "10.0.0.0/30",
    "via 10.0.0.1",
    "topology",
    "kind",
    "binds",
    "exec",
    "endpoints",
    "{i: 1..4}",
    "${i + 1}",
    "&a [*a, *a]",
    "&b [*a, *a, *a, *a, *a, *a, *a, *a, *a]",
];
/// Words of JSON.
pub const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\"name\"",
    "\"type\"",
    "\"ifaces\"",
    "\"peers\"",
    "\"n0 n1\"",
    "\"mirror\"",
    "\"pseudo\"",
    "\"vlan_tag\"",
    "\"l0\"",
    "\"custom_configs\"",
];
/// Words of Tcl lists.
pub const TCL: &[&str] = &[
    "{",
    "}",
    "\"",
    "\\",
    "node",
    "link",
    "n0",
    "l0",
    "type",
    "router",
    "network-config",
    "interface-peer",
    "{eth0 n1}",
    "nodes {n0 n1}",
    "mirror",
    "interface eth0\n",
    "ip address 10.0.0.1/24\n",
    "!\n",
    "custom-configs",
];
/// Words of XML.
pub const XML: &[&str] = &[
    "<",
    ">",
    "/>",
    "</",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "&amp;",
    "&#0;",
    "&#x10ffff;",
    "&bomb;",
    "<!DOCTYPE a [<!ENTITY bomb \"x\">]>",
    "<node id=\"0\"/>",
    "<edge source=\"0\" target=\"1\"/>",
    "<data key=\"d0\">",
    "id=\"0\"",
    "<device id=\"1\"/>",
    "<link node1=\"1\" node2=\"2\">",
    "<options delay=\"1\"/>",
    "<a>",
];
/// Words of GML.
pub const GML_WORDS: &[&str] = &[
    "[",
    "]",
    "\"",
    "#",
    "graph",
    "node",
    "edge",
    "id",
    "source",
    "target",
    "label",
    "Latitude",
    "Longitude",
    "&#123;",
    "&amp;",
    "hyperedge 1",
];
/// Words of Repetita.
pub const REPETITA_WORDS: &[&str] = &[
    "NODES", "EDGES", "label", "edge_0", " ", "\n", "0", "1", "2",
];
/// Words of Kathara.
pub const KATHARA_WORDS: &[&str] = &[
    "[",
    "]",
    "=",
    "\"",
    "'",
    "/",
    "#",
    "r1[0]",
    "r1[1]=\"A\"",
    "LAB_DESCRIPTION",
    "[mem]",
    "[exec]",
    "02:00:00:00:00:01",
];
