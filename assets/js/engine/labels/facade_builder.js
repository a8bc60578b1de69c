// Facade label maps from a few parameters: pix2pix/labels/facade_builder.py, to the byte.
//
// A plan has lengths in percent of the map's sides; storey 0 is the topmost. Its defaults are in PLAN.

import { roundHalfEven } from "../colorize/numbers.js";
import { FACADE_NAMES } from "./classes.js";

/** The defaults of a plan. */
export const PLAN = Object.freeze({
  wall: [3, 9, 97, 97], // left, top, right, bottom
  storeys: 4,
  bays: 5,
  rhythm: [], // relative width of each bay; []: all equal
  window: [0.46, 0.58], // width / bay width, height / storey height
  panes: 1, // windows per bay
  crown: 4.5, // height of the molding under the roof
  brackets: true, // ornaments in the crown, one per bay
  bands: [], // storeys with a molding below them
  hoods: [], // storeys with a cornice above their windows
  sills: [],
  panels: [], // storeys with an ornament above their windows
  balconies: [], // [storey, bay]
  galleries: [], // one balcony: [storey, first bay, last bay]
  shutters: [],
  pillars: [], // bays with a pillar at their left; `bays`: the right end
  ground: "plain", // or "shops"
  door: 2, // the bay of the door
});

/** The label map of a plan, a Uint8Array of width * height ids. */
export function buildFacade(plan, width, height) {
  const sheet = new Sheet(plan, width, height);
  const [left, top, right, bottom] = plan.wall;
  sheet.put("facade", left, top, right, bottom);
  sheet.put("molding", left, top, right, top + plan.crown);
  for (let bay = 0; bay < (plan.brackets ? plan.bays : 0); bay += 1) {
    const { middle, width: wide } = sheet.bay(bay);
    const half = wide * 0.12;
    sheet.put("deco", middle - half, top + plan.crown * 0.35, middle + half, top + plan.crown);
  }
  for (let storey = 0; storey < plan.storeys - 1; storey += 1) {
    if (plan.bands.includes(storey)) {
      const floor = sheet.floor(storey);
      sheet.put("molding", left, floor - sheet.storey * 0.11, right, floor);
    }
    for (let bay = 0; bay < plan.bays; bay += 1) putWindow(sheet, plan, storey, bay);
  }
  for (const gallery of plan.galleries) putGallery(sheet, plan, gallery);
  for (let bay = 0; bay < plan.bays; bay += 1) putGround(sheet, plan, bay);
  putPillars(sheet, plan);
  return sheet.ids;
}

/** A label map being drawn, with the plan's axes; coordinates in percent of its sides. */
class Sheet {
  constructor(plan, width, height) {
    Object.assign(this, { width, height, ids: new Uint8Array(width * height) });
    const [left, top, right, bottom] = plan.wall;
    this.firstFloor = top + plan.crown;
    this.storey = (bottom - this.firstFloor) / plan.storeys;
    const widths = plan.rhythm.length ? plan.rhythm : Array(plan.bays).fill(1);
    let sum = 0;
    const sums = widths.map((width_) => (sum += width_));
    this.edges = [0, ...sums.map((end) => end / sum)].map((place) => left + (right - left) * place);
  }

  /** A rectangle. Halves are rounded to even, so that left and right stay symmetric. */
  put(name, ...box) {
    const { width, height } = this;
    const [x0, y0, x1, y1] = box.map((value, i) => {
      const place = (Math.min(Math.max(value, 0), 100) * (i % 2 ? height : width)) / 100;
      return roundHalfEven(Number(place.toFixed(6)));
    });
    const id = FACADE_NAMES.indexOf(name);
    for (let y = y0; y < y1; y += 1) if (x0 < x1) this.ids.fill(id, y * width + x0, y * width + x1);
  }

  /** The centre of a bay and its width. */
  bay(bay) {
    const [left, right] = [this.edges[bay], this.edges[bay + 1]];
    return { middle: (left + right) / 2, width: right - left };
  }

  floor(storey) { return this.firstFloor + (storey + 1) * this.storey; }
}

/** Draws the windows of a bay with shutters, sills and ornaments. */
function putWindow(sheet, plan, storey, bay) {
  const { middle, width } = sheet.bay(bay);
  const tall = sheet.storey;
  const half = (plan.window[0] * width) / 2;
  const height = plan.window[1] * tall;
  const foot = sheet.floor(storey) - tall * 0.2;
  const head = foot - height;
  const pane = (2 * half) / (plan.panes + 0.2 * (plan.panes - 1));
  for (let i = 0; i < plan.panes; i += 1) {
    const start = middle - half + i * pane * 1.2;
    sheet.put("window", start, head, start + pane, foot);
  }
  const around = (name, wide, top, bottom) => sheet.put(name, middle - wide, top, middle + wide, bottom);
  if (plan.shutters.includes(storey)) {
    sheet.put("blind", middle - half * 1.75, head, middle - half, foot);
    sheet.put("blind", middle + half, head, middle + half * 1.75, foot);
  }
  if (plan.panels.includes(storey)) around("deco", half, head - tall * 0.1, head);
  if (plan.hoods.includes(storey)) around("cornice", Math.min(half * 1.35, width * 0.46), head - tall * 0.12, head);
  if (plan.sills.includes(storey)) around("sill", Math.min(half * 1.25, width * 0.46), foot, foot + tall * 0.07);
  if (plan.balconies.some(([row, column]) => row === storey && column === bay)) {
    around("balcony", Math.min(half * 1.6, width * 0.48), foot - height * 0.36, foot + 0.8);
  }
}

function putGallery(sheet, plan, [storey, first, last]) {
  const [start, end] = [sheet.bay(first), sheet.bay(last)];
  const foot = sheet.floor(storey) - sheet.storey * 0.2;
  const rail = foot - plan.window[1] * sheet.storey * 0.36;
  sheet.put("balcony", start.middle - start.width * 0.42, rail, end.middle + end.width * 0.42, foot + 0.8);
}

/** Draws a bay of the ground floor: the door, a shop front, or a window. */
function putGround(sheet, plan, bay) {
  const { middle, width } = sheet.bay(bay);
  const tall = sheet.storey;
  const bottom = plan.wall[3];
  const around = (name, wide, top, end) => sheet.put(name, middle - wide, top, middle + wide, end);
  if (bay === plan.door) {
    const half = Math.min(width * 0.26, 7);
    const head = bottom - tall * 0.74;
    around("molding", half * 1.4, head - tall * 0.1, head);
    around("door", half, head, bottom);
  } else if (plan.ground === "shops") {
    around("shop", width * 0.44, bottom - tall * 0.76, bottom);
  } else {
    const half = (plan.window[0] * width) / 2;
    const foot = bottom - tall * 0.26;
    around("window", half, bottom - tall * 0.74, foot);
    around("sill", half * 1.2, foot, foot + tall * 0.06);
  }
}

/** Draws pilasters from the crown to the ground floor, above all horizontal elements. */
function putPillars(sheet, plan) {
  const [left, , right, bottom] = plan.wall;
  const half = ((right - left) / plan.bays) * 0.07;
  const foot = plan.storeys > 1 ? sheet.floor(plan.storeys - 2) : bottom;
  for (const edge of plan.pillars) {
    const middle = Math.min(Math.max(sheet.edges[edge], left + half), right - half);
    sheet.put("pillar", middle - half, sheet.firstFloor, middle + half, foot);
  }
}
