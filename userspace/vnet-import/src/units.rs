// SPDX-License-Identifier: GPL-2.0

//! Units of container tools.

/// Memory, `64m`, as Docker has it.
pub(crate) fn memory(value: &str) -> Option<String> {
    let value = value.trim().to_lowercase();
    let (digits, unit) = value.split_at(
        value
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(value.len()),
    );
    let unit = match unit {
        "k" | "kb" => "KiB",
        "m" | "mb" => "MiB",
        "g" | "gb" => "GiB",
        "b" | "" => "B",
        "kib" => "KiB",
        "mib" => "MiB",
        "gib" => "GiB",
        _ => return None,
    };
    (!digits.is_empty()).then(|| format!("{digits}{unit}"))
}
