// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { keyOf } from "../../assets/js/canvas/keyboard_layout.js";

/** Events as browsers send them: [key, code, what it means]. */
function holds(rows, held = {}) {
  for (const [key, code, meant] of rows) {
    const altGraph = held.altGraph === true;
    const event = { key, code, ...held, getModifierState: (name) => name === "AltGraph" && altGraph };
    assert.equal(keyOf(event), meant, `${key} at ${code}`);
  }
}

test("a US keyboard's keys are what they print", () => {
  holds([
    ["b", "KeyB", "b"], ["1", "Digit1", "1"], ["-", "Minus", "-"], ["=", "Equal", "="],
    ["[", "BracketLeft", "["], ["7", "Numpad7", "7"], [" ", "Space", " "], ["Enter", "Enter", "enter"],
    ["ArrowLeft", "ArrowLeft", "arrowleft"], ["ArrowLeft", "Numpad4", "arrowleft"],
  ]);
  holds([["B", "KeyB", "b"], ["?", "Slash", "?"], ["!", "Digit1", "!"], ["_", "Minus", "_"]],
    { shiftKey: true });
});

test("Russian, Greek, Hebrew, Korean and Arabic letters act by their place", () => {
  holds([
    ["и", "KeyB", "b"], ["я", "KeyZ", "z"], ["ζ", "KeyZ", "z"], ["ε", "KeyE", "e"], ["נ", "KeyB", "b"],
    ["ㅠ", "KeyB", "b"], ["ئ", "KeyZ", "z"], ["لا", "KeyB", "b"], ["١", "Digit1", "1"],
    ["۴", "Numpad4", "4"], ["х", "BracketLeft", "["], ["ج", "BracketLeft", "["], ["ъ", "BracketRight", "]"],
  ]);
  holds([["И", "KeyB", "b"], ["؟", "Slash", "?"], ["?", "Digit7", "?"]], { shiftKey: true });
});

test("a Latin letter is the one printed on the key, wherever it is", () => {
  holds([ // AZERTY, QWERTZ, Dvorak, Turkish
    ["z", "KeyW", "z"], ["w", "KeyZ", "w"], ["a", "KeyQ", "a"], ["q", "KeyA", "q"], ["m", "Semicolon", "m"],
    ["z", "KeyY", "z"], ["y", "KeyZ", "y"], ["b", "KeyN", "b"], ["x", "KeyB", "x"],
    ["i", "Quote", "i"], ["ı", "KeyI", "i"],
  ]);
});

test("AZERTY's row of digits is 1 to = by place, with Shift by what it prints", () => {
  const row = ["&", "é", '"', "'", "(", "-", "è", "_", "ç", "à"];
  holds(row.map((key, i) => [key, `Digit${(i + 1) % 10}`, String((i + 1) % 10)]));
  holds([[")", "Minus", "-"], ["=", "Equal", "="], ["Dead", "BracketLeft", "["], ["$", "BracketRight", "]"],
    ["-", "NumpadSubtract", "-"]]);
  holds([["1", "Digit1", "1"], ["6", "Digit6", "6"], ["?", "KeyM", "?"], ["°", "Minus", "°"]],
    { shiftKey: true });
});

test("QWERTZ has - = ? where it prints them, and by place too", () => {
  holds([["-", "Slash", "-"], ["ß", "Minus", "-"], ["Dead", "Equal", "="], ["ü", "BracketLeft", "["],
    ["+", "BracketRight", "]"]]);
  holds([["=", "Digit0", "="], ["?", "Minus", "?"], ["*", "BracketRight", "*"]], { shiftKey: true });
});

test("what AltGr or Option types is what counts", () => {
  holds([["[", "Digit8", "["], ["]", "Digit9", "]"]], { altGraph: true });
  holds([["[", "Digit5", "["], ["]", "Digit6", "]"]], { altKey: true }); // a German Mac
});

test("an event without a key, as autofill sends it, means nothing", () => {
  assert.equal(keyOf({}), "");
});
