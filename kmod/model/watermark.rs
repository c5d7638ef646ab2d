// SPDX-License-Identifier: GPL-2.0

//! Watermarks: when what holds packets is congested, so that whoever listens can send less.

/// Whether something is congested that holds `fill` of at most `limit`, and was it or not before.
///
/// It begins at three quarters of the limit and ends at one quarter, so that it does not change
/// with every packet. What may hold nothing is never congested.
pub fn is_congested(before: bool, fill: u64, limit: u64) -> bool {
    let (high, low) = (limit.saturating_sub(limit / 4), limit / 4);
    match before {
        true => fill > low,
        false => fill >= high && limit != 0,
    }
}
