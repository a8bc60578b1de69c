// The facade classes and their colours: pix2pix/labels/classes.py.

export const FACADE_NAMES = [
  "background", "facade", "window", "door", "cornice", "sill",
  "balcony", "blind", "deco", "molding", "pillar", "shop",
];

export const FACADE_COLORS = [
  [0, 0, 170], [0, 0, 255], [0, 85, 255], [0, 170, 255], [0, 255, 255], [85, 255, 170],
  [170, 255, 85], [255, 255, 0], [255, 170, 0], [255, 85, 0], [255, 0, 0], [170, 0, 0],
];

export const PIX2PIX_COLORS = [
  [0, 0, 222], [0, 48, 255], [0, 128, 255], [1, 207, 255], [32, 255, 224], [112, 254, 142],
  [192, 255, 63], [255, 240, 1], [255, 159, 0], [255, 80, 0], [254, 0, 0], [174, 0, 1],
];
