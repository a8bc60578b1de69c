// Draws with a network that inverts its input, for test_draw_frame_engine.py.

import { DrawEngine } from "../../assets/js/engine/draw/draw_engine.js";

const invert = async ({ input: { data, dims } }) => ({ output: { data: data.map((value) => -value), dims } });

/** The pixels { width, height, data } of a line drawing (side x side) by a model with that `box`. */
export function paint(ids, side, box) {
  const config = { input_type: "lines", object_box: box, generator: { in_channels: 3, style_dim: 0 } };
  const generator = { config, multiple: 16, shape: [side, side], largest: side };
  const canvas = { kind: "lines", width: side, height: side };
  return new DrawEngine({ open: async () => invert }, { generator }, canvas, {}).paint(ids, {});
}
