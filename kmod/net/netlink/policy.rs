// SPDX-License-Identifier: GPL-2.0

//! Policies of nests: which attributes there may be in each, and of what form.
//!
//! The entries are generated from the YNL spec (`netlink_gen.c`), each table up to the highest type
//! of its attribute set, which is named here once more. Policies of whole requests are known to the
//! generated family only.

use crate::bindings;
use core::ptr;

/// A policy of a nest.
///
/// # Invariants
///
/// `entries` are the constant entries for all types up to `max`.
pub(crate) struct Policy {
    pub(super) entries: *const bindings::nla_policy,
    pub(super) max: usize,
}

// SAFETY: Policies are constant.
unsafe impl Sync for Policy {}

/// Policy of the parameters of a direction.
pub(crate) static DIRECTION_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_direction_nl_policy).cast(),
    max: bindings::VNET_A_DIRECTION_PAD as usize,
};

/// Policy of a queue discipline.
pub(crate) static QUEUEING_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_queueing_nl_policy).cast(),
    max: bindings::VNET_A_QUEUEING_PAD as usize,
};

/// Policy of a traffic class.
pub(crate) static CLASS_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_class_nl_policy).cast(),
    max: bindings::VNET_A_CLASS_DESTINATION_PORT as usize,
};

/// Policy of Gilbert-Elliott loss.
pub(crate) static GILBERT_ELLIOTT_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_gilbert_elliott_nl_policy).cast(),
    max: bindings::VNET_A_GILBERT_ELLIOTT_PAD as usize,
};

/// Policy of four-state loss.
pub(crate) static FOUR_STATE_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_four_state_nl_policy).cast(),
    max: bindings::VNET_A_FOUR_STATE_PAD as usize,
};

/// Policy of a loss pattern.
pub(crate) static PATTERN_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_pattern_nl_policy).cast(),
    max: bindings::VNET_A_PATTERN_PAD as usize,
};

/// Policy of a rule of a pattern.
pub(crate) static PATTERN_RULE_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_pattern_rule_nl_policy).cast(),
    max: bindings::VNET_A_PATTERN_RULE_PAD as usize,
};

/// Policy of a block's parameter.
pub(crate) static BLOCK_PARAM_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_block_param_nl_policy).cast(),
    max: bindings::VNET_A_BLOCK_PARAM_PAD as usize,
};

/// Policy of a field of a record.
pub(crate) static BLOCK_FIELD_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_block_field_nl_policy).cast(),
    max: bindings::VNET_A_BLOCK_FIELD_PAD as usize,
};

/// Policy of an end.
pub(crate) static END_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_end_nl_policy).cast(),
    max: bindings::VNET_A_END_PAD as usize,
};

/// Policy of a port of a medium.
pub(crate) static MEDIUM_PORT_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_medium_port_nl_policy).cast(),
    max: bindings::VNET_A_MEDIUM_PORT_PAD as usize,
};

/// Policy of a way between ports.
pub(crate) static MEDIUM_PAIR_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_medium_pair_nl_policy).cast(),
    max: bindings::VNET_A_MEDIUM_PAIR_PAD as usize,
};
