// SPDX-License-Identifier: GPL-2.0

//! Counters of the kernel as JSON, for programs that do not know the control interface.

use serde::{Serialize, Serializer};
use vnet_uapi::generated::{Drop, LateBucket};
use vnet_uapi::{DropCause, Stats};

/// Counters with lists that are there also when nothing is in them, and with the names of causes.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Named<'a> {
    #[serde(flatten)]
    numbers: Stats,
    drop: Vec<NamedDrop<'a>>,
    late_histogram: &'a [LateBucket],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct NamedDrop<'a> {
    cause_name: String,
    #[serde(flatten)]
    drop: &'a Drop,
}

/// Writes counters.
pub fn with_names<S: Serializer>(stats: &Stats, serializer: S) -> Result<S::Ok, S::Error> {
    let drop = stats.drop.iter().map(|drop| NamedDrop {
        cause_name: cause(drop.cause.unwrap_or(u32::MAX)),
        drop,
    });
    let named = Named {
        // Lists that are empty are left out there.
        numbers: Stats {
            drop: Vec::new(),
            late_histogram: Vec::new(),
            ..stats.clone()
        },
        drop: drop.collect(),
        late_histogram: &stats.late_histogram,
    };
    named.serialize(serializer)
}

/// The name of a cause for which frames are lost.
pub fn cause(number: u32) -> String {
    match DropCause::from_number(number) {
        Some(cause) => cause.name().to_owned(),
        None => format!("cause-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(stats: &Stats) -> String {
        let mut out = Vec::new();
        with_names(stats, &mut serde_json::Serializer::new(&mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn causes_have_names_and_lists_are_there() {
        let drop = |cause| Drop {
            cause: Some(cause),
            frames: Some(2),
            bytes: Some(84),
        };
        let stats = Stats {
            sent_frames: Some(7),
            drop: vec![drop(DropCause::LossRandom as u32), drop(999)],
            ..Default::default()
        };
        let number = DropCause::LossRandom as u32;
        let expected = [
            r#"{"sent-frames":7,"drop":[{"cause-name":"loss-random","cause":NUMBER,"frames":2,"bytes":84},"#,
            r#"{"cause-name":"cause-999","cause":999,"frames":2,"bytes":84}],"late-histogram":[]}"#,
        ];
        assert_eq!(
            written(&stats),
            expected.concat().replace("NUMBER", &number.to_string())
        );
        assert_eq!(
            written(&Stats::default()),
            r#"{"drop":[],"late-histogram":[]}"#
        );
    }
}
