// SPDX-License-Identifier: GPL-2.0

//! What nodes look like.

/// Colours of both themes, and the strokes.
pub const STYLE: &str = "
  svg { font-family: system-ui, sans-serif; }
  .paper { fill: #ffffff; }
  .link { stroke: #64748b; stroke-width: 1.6; fill: none; }
  .many .link { stroke-width: 1; opacity: 0.7; }
  .down { stroke-dasharray: 5 4; }
  #labels { pointer-events: none; }
  .label { font-size: 9px; fill: #475569; text-anchor: middle; }
  .name { font-size: 12px; fill: #0f172a; text-anchor: middle; paint-order: stroke; stroke: #ffffff; stroke-width: 5px; stroke-linejoin: round; }
  .host .body { fill: #dbeafe; stroke: #1d4ed8; }
  .router .body { fill: #fef3c7; stroke: #b45309; }
  .switch .body { fill: #d1fae5; stroke: #047857; }
  .body { stroke-width: 1.5; }
  .sign { fill: none; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }
  .host .sign { stroke: #1d4ed8; } .router .sign { stroke: #b45309; } .switch .sign { stroke: #047857; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0f172a; }
    .link { stroke: #94a3b8; }
    .label { fill: #cbd5e1; }
    .name { fill: #f1f5f9; stroke: #0f172a; }
    .host .body { fill: #1e3a8a; } .router .body { fill: #78350f; } .switch .body { fill: #064e3b; }
    .host .sign, .host .body { stroke: #93c5fd; } .router .sign, .router .body { stroke: #fcd34d; }
    .switch .sign, .switch .body { stroke: #6ee7b7; }
  }
";

/// A screen on a foot.
pub const HOST: &str = "<rect class=\"body\" x=\"-16\" y=\"-13\" width=\"32\" height=\"21\" rx=\"3\"/><path class=\"sign\" d=\"M-8 14H8M0 8V14\"/>";
/// Four arrows: two in, two out.
pub const ROUTER: &str = "<circle class=\"body\" r=\"16\"/><path class=\"sign\" d=\"M-11 0H-4M-7 -3L-4 0L-7 3M11 0H4M7 -3L4 0L7 3M0 -4V-11M-3 -8L0 -11L3 -8M0 4V11M-3 8L0 11L3 8\"/>";
/// Arrows to both sides.
pub const SWITCH: &str = "<rect class=\"body\" x=\"-16\" y=\"-12\" width=\"32\" height=\"24\" rx=\"4\"/><path class=\"sign\" d=\"M-10 -4H10M6 -8L10 -4L6 0M10 5H-10M-6 1L-10 5L-6 9\"/>";
