// SPDX-License-Identifier: GPL-2.0

//! Each format by a small file of our own: what is carried over, what is not and is said.

use std::collections::BTreeMap;
use std::io;

use vnet_import::{import_text, Format, Nothing, Options, Surroundings};

/// Files in memory.
struct Files(BTreeMap<&'static str, &'static str>);

impl Surroundings for Files {
    fn read(&self, path: &str) -> io::Result<String> {
        self.0
            .get(path)
            .map(|text| (*text).to_owned())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, path: &str) -> Vec<String> {
        let below = self
            .0
            .keys()
            .filter_map(|file| file.strip_prefix(path)?.strip_prefix('/'));
        below.map(str::to_owned).collect()
    }
}

/// The warnings and the file; the file has to compile.
fn imported(format: Format, text: &str, files: &dyn Surroundings) -> String {
    let imported = import_text(format, text, &Options::default(), files)
        .unwrap_or_else(|error| panic!("{error}"));
    let yaml = imported.topology.to_yaml();
    if let Err(report) = vnet_topology::compile("x.yaml", &yaml) {
        panic!("{yaml}\n{}", report.render(false, 100));
    }
    let warnings: String = imported
        .warnings
        .iter()
        .map(|warning| format!("{warning}\n"))
        .collect();
    format!("{warnings}---\n{yaml}")
}

#[test]
fn nothing_of_odd_files_is_dropped_silently() {
    let files = Files(BTreeMap::from([
        ("lab.dep", "pc1: r2\n"),
        ("pc1.shutdown", "ls\n"),
        ("r2/etc/motd", "hello\n"),
        ("shared/all/motd", "for all\n"),
        ("r4/etc/network/interfaces", "auto eth0\niface eth0 inet static\n address 10.4.0.1\n netmask 255.255.255.0\n dns-search x\n"),
        ("r4.startup", "/etc/init.d/networking restart\nifconfig eth1 10.5.0.1 netmask 255.255.255.0\nroute add -net 10.6.0.0/16 gw 10.5.0.2\nifconfig eth1\n"),
        ("c.sh", "ip address add 10.0.0.1/24 dev eth1\n"),
    ]));
    for (name, format, text) in [
        ("imunes", Format::Imunes, include_str!("files/odd.imn")),
        (
            "graphml",
            Format::GraphMl,
            include_str!("files/odd.graphml"),
        ),
        ("gml", Format::Gml, include_str!("files/odd.gml")),
        (
            "repetita",
            Format::Repetita,
            include_str!("files/odd.graph"),
        ),
        (
            "clab",
            Format::Containerlab,
            include_str!("files/odd.clab.yml"),
        ),
        ("kathara", Format::Kathara, include_str!("files/odd.conf")),
        ("core", Format::Core, include_str!("files/odd.xml")),
    ] {
        insta::assert_snapshot!(format!("odd_{name}"), imported(format, text, &files));
    }
}

#[test]
fn directed_edges_there_and_back_are_one_link() {
    let text = "graph [ directed 1\n node [ id 0 ] node [ id 1 ] node [ id 2 ]\n\
                edge [ source 0 target 1 delay_ns 5000 ] edge [ source 1 target 0 delay_ns 7000 ]\n\
                edge [ source 1 target 2 ] edge [ source 0 target 1 ] ]";
    let yaml = imported(Format::Gml, text, &Nothing);
    let links = yaml.split("links:\n").nth(1).unwrap();
    assert_eq!(
        links,
        "  - {ends: [n0, n1], forward: {delay: 5us}, backward: {delay: 7us}}\n  - [n1, n2]\n  - [n0, n1]\n"
    );
    assert!(yaml.contains("2 directed edges have no way back"), "{yaml}");
}

#[test]
fn imunes_json() {
    insta::assert_snapshot!(imported(
        Format::Imunes,
        include_str!("files/experiment.imn"),
        &Nothing
    ));
}

#[test]
fn imunes_tcl() {
    insta::assert_snapshot!(imported(
        Format::Imunes,
        include_str!("files/legacy.imn"),
        &Nothing
    ));
}

#[test]
fn graphml() {
    insta::assert_snapshot!(imported(
        Format::GraphMl,
        include_str!("files/cities.graphml"),
        &Nothing
    ));
}

#[test]
fn gml() {
    insta::assert_snapshot!(imported(
        Format::Gml,
        include_str!("files/cities.gml"),
        &Nothing
    ));
}

#[test]
fn repetita() {
    insta::assert_snapshot!(imported(
        Format::Repetita,
        include_str!("files/triangle.graph"),
        &Nothing
    ));
}

#[test]
fn containerlab() {
    let files = Files(BTreeMap::from([
        ("r1/frr.conf", "interface eth1\n ip address 10.0.0.1/24\n!\nrouter ospf\n network 10.0.0.0/24 area 0\n"),
        ("r1/daemons", "zebra=yes\nospfd=yes\nldpd=yes\n"),
        ("web/index.html", "hello\n"),
    ]));
    insta::assert_snapshot!(imported(
        Format::Containerlab,
        include_str!("files/lab.clab.yml"),
        &files
    ));
}

#[test]
fn kathara() {
    let files = Files(BTreeMap::from([
        ("pc1.startup", "ip address add 10.0.0.2/24 dev eth0\nip route add default via 10.0.0.1\n"),
        ("r1.startup", "ip address add 10.0.0.1/24 dev eth0\nip address add 10.0.1.1/24 dev eth1\nsystemctl start frr\nsystemctl start apache2\n"),
        ("r1/etc/frr/daemons", "zebra=yes\nripd=yes\n"),
        ("r1/etc/frr/frr.conf", "router rip\n network eth1\n"),
        ("shared/etc/motd", "hello\n"),
    ]));
    insta::assert_snapshot!(imported(
        Format::Kathara,
        include_str!("files/lab.conf"),
        &files
    ));
}

#[test]
fn core() {
    insta::assert_snapshot!(imported(
        Format::Core,
        include_str!("files/scenario.xml"),
        &Nothing
    ));
}

#[test]
fn what_is_no_such_file() {
    let refused = |format, text: &str| {
        import_text(format, text, &Options::default(), &Nothing)
            .unwrap_err()
            .to_string()
    };
    let all = [
        refused(Format::Imunes, "{"),
        refused(Format::Imunes, "{}"),
        refused(Format::Imunes, "hello"),
        refused(Format::Imunes, "node n0 {\n type pc\n"),
        refused(Format::GraphMl, "<graphml><graph><node/></graph></graphml>"),
        refused(Format::GraphMl, "<html/>"),
        refused(Format::GraphMl, "<graphml>\n<graph>"),
        refused(Format::GraphMl, "<graphml>&bomb;</graphml>"),
        refused(Format::Gml, "graph [\n node [ id 0"),
        refused(Format::Gml, "digraph {}"),
        refused(Format::Repetita, "NODES 2\nlabel x y\na 0 0\n"),
        refused(
            Format::Repetita,
            "NODES 1\nlabel x y\na 0 0\nEDGES 1\nlabel\ne 0 7 1 1 1\n",
        ),
        refused(Format::Containerlab, "name: x\n"),
        refused(Format::Containerlab, "a: [1\n"),
        refused(Format::Kathara, "pc1[0]=A\nnonsense\n"),
        refused(Format::Core, "<scenario/>"),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn formats_by_name_and_content() {
    for (path, text, format) in [
        ("a/b.imn", "", Some(Format::Imunes)),
        ("x.graphml", "", Some(Format::GraphMl)),
        ("x.xml", "<?xml?><scenario>", Some(Format::Core)),
        ("lab.conf", "", Some(Format::Kathara)),
        ("x.clab.yaml", "", Some(Format::Containerlab)),
        (
            "x.yml",
            "name: a\ntopology:\n  nodes:\n",
            Some(Format::Containerlab),
        ),
        ("x.yaml", "nodes: {a: host}\n", None),
        ("x.graph", "NODES 1", Some(Format::Repetita)),
        ("x.txt", "", None),
    ] {
        assert_eq!(Format::of(path, text), format, "{path}");
    }
}
