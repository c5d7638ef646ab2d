// SPDX-License-Identifier: GPL-2.0

//! What the generated operations of generic netlink call.

use super::netlink::{
    Dump,
    Request, //
};
use crate::{
    bindings,
    control, //
};
use kernel::{
    ffi::c_int,
    prelude::*, //
};

macro_rules! doit {
    ($($name:ident, $last:ident => $handler:path;)*) => {
        $(
            /// # Safety
            ///
            /// Called by the core with a request that it has validated.
            #[no_mangle]
            unsafe extern "C" fn $name(
                skb: *mut bindings::sk_buff,
                info: *mut bindings::genl_info,
            ) -> c_int {
                let last = bindings::$last as usize + 1;
                // SAFETY: As promised by the caller; the policy ends with the attribute named.
                let request = unsafe { Request::from_raw(skb, info, last) };
                let result: Result = $handler(&request);
                result.map_or_else(|error| error.to_errno(), |()| 0)
            }
        )*
    };
}

macro_rules! dumpit {
    ($($name:ident, $last:ident => $handler:path;)*) => {
        $(
            /// # Safety
            ///
            /// Called by the core with a dump that it has validated.
            #[no_mangle]
            unsafe extern "C" fn $name(
                skb: *mut bindings::sk_buff,
                callback: *mut bindings::netlink_callback,
            ) -> c_int {
                let last = bindings::$last as usize + 1;
                // SAFETY: As promised by the caller; the policy ends with the attribute named.
                let mut dump = unsafe { Dump::from_raw(skb, callback, last) };
                let result: Result = $handler(&mut dump);
                // The core takes `EMSGSIZE` for the end of a piece if there is something in it.
                result.map_or_else(|error| error.to_errno(), |()| 0)
            }
        )*
    };
}

doit! {
    vnet_nl_block_new_doit, VNET_A_BLOCK_PARAM => control::block::new;
    vnet_nl_block_get_doit, VNET_A_BLOCK_NAME => control::block::get;
    vnet_nl_block_set_doit, VNET_A_BLOCK_PARAM => control::block::set;
    vnet_nl_block_del_doit, VNET_A_BLOCK_NAME => control::block::del;
    vnet_nl_block_bind_doit, VNET_A_BLOCK_LOWER_PORT => control::block::bind::bind;
    vnet_nl_block_unbind_doit, VNET_A_BLOCK_LOWER_PORT => control::block::bind::unbind;
    vnet_nl_block_replace_doit, VNET_A_BLOCK_STATE => control::block::replace;
    vnet_nl_block_subscribe_doit, VNET_A_BLOCK_PUBLISHER => control::block::subscribe::subscribe;
    vnet_nl_block_unsubscribe_doit, VNET_A_BLOCK_PUBLISHER => control::block::subscribe::unsubscribe;
    vnet_nl_instance_new_doit, VNET_A_INSTANCE_MAX_BYTES => control::instance::new;
    vnet_nl_instance_get_doit, VNET_A_INSTANCE_NETNS_FD => control::instance::get;
    vnet_nl_instance_set_doit, VNET_A_INSTANCE_MAX_BYTES => control::instance::set;
    vnet_nl_instance_del_doit, VNET_A_INSTANCE_NETNS_FD => control::instance::del;
    vnet_nl_link_new_doit, VNET_A_LINK_END_B => control::link::new;
    vnet_nl_link_get_doit, VNET_A_LINK_IFINDEX => control::link::get;
    vnet_nl_link_set_doit, VNET_A_LINK_IFINDEX => control::link::set;
    vnet_nl_link_del_doit, VNET_A_LINK_IFINDEX => control::link::del;
    vnet_nl_medium_new_doit, VNET_A_MEDIUM_PAIR => control::medium::new;
    vnet_nl_medium_get_doit, VNET_A_MEDIUM_ID => control::medium::get;
    vnet_nl_medium_set_doit, VNET_A_MEDIUM_PAIR => control::medium::set;
    vnet_nl_medium_del_doit, VNET_A_MEDIUM_ID => control::medium::del;
    vnet_nl_link_trace_set_doit, VNET_A_TRACE_SIZE => control::trace::set;
    vnet_nl_link_trace_get_doit, VNET_A_TRACE_SINCE => control::trace::get;
    vnet_nl_medium_trace_set_doit, VNET_A_TRACE_SIZE => control::trace::set_of_medium;
    vnet_nl_medium_trace_get_doit, VNET_A_TRACE_SINCE => control::trace::get_of_medium;
}

dumpit! {
    vnet_nl_block_type_get_dumpit, VNET_A_BLOCK_TYPE_NAME => control::block::types::dump;
    vnet_nl_block_get_dumpit, VNET_A_BLOCK_LAB => control::block::dump;
    vnet_nl_instance_get_dumpit, VNET_A_INSTANCE_LAB => control::instance::dump;
    vnet_nl_link_get_dumpit, VNET_A_LINK_LAB => control::link::dump;
    vnet_nl_medium_get_dumpit, VNET_A_MEDIUM_LAB => control::medium::dump;
    vnet_nl_medium_port_get_dumpit, VNET_A_MEDIUM_ID => control::medium::dump_ports;
    vnet_nl_medium_pair_get_dumpit, VNET_A_MEDIUM_ID => control::medium::dump_pairs;
}
