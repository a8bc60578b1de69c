// Which key of ours a press means, on whatever keyboard layout. No DOM: runs under Node too.

const NAMED = /^[A-Z][A-Za-z0-9]+$/; // "Enter", "ArrowLeft"; never a ligature such as Arabic lam-alef
const HIDDEN = new Set(["Dead", "Process", "Unidentified"]); // a key that a layout or an IME holds back
const PLACES = { Minus: "-", Equal: "=", BracketLeft: "[", BracketRight: "]" };

/** What a US keyboard has on this key; "" for one that we do not use. */
function printedAt(code, shifted) {
  const letter = /^Key[A-Z]$/.test(code);
  if (letter) return code.at(-1).toLowerCase();
  if (shifted) return code === "Slash" ? "?" : "";
  return /^(Digit|Numpad)[0-9]$/.test(code) ? code.at(-1) : PLACES[code] ?? "";
}

/**
 * The key of a keyboard event, in lower case.
 *
 * A Latin letter is the one that the layout produces, so that it is the one printed on the key
 * (AZERTY, QWERTZ, Dvorak). With other scripts (Russian, Greek, Arabic) it is the one at that place
 * of a US keyboard. The row of digits counts by place, whatever it gives without Shift ("&" on
 * AZERTY), and so do - = [ ] where the layout has something unused there.
 */
export function keyOf(event) {
  const { key = "", code = "", shiftKey = false } = event;
  if (NAMED.test(key) && !HIDDEN.has(key)) return key.toLowerCase();
  const third = event.getModifierState?.("AltGraph") || event.altKey; // "[" on QWERTZ is AltGr 8
  if (!shiftKey && !third && /^Digit[0-9]$/.test(code)) return code.at(-1);
  const produced = key.toLowerCase();
  if (/^[a-z0-9=?[\] -]$/.test(produced)) return produced;
  const isOther = HIDDEN.has(key) || !/^[\x20-\x7e]*$/.test(key);
  if (isOther || !(shiftKey || third)) return printedAt(code, shiftKey) || produced;
  return produced;
}

/**
 * "+", "-" or "0" where a press means to zoom in, out, or to fit; else "". The number pad's + and - do, and
 * so do the keys right of the digits and the 0 with Shift, as their plain presses may mean a class.
 */
export function zoomKeyOf(event) {
  const { key = "", code = "", shiftKey = false, ctrlKey, metaKey, altKey } = event;
  if (ctrlKey || metaKey || altKey) return ""; // the browser zooms the page
  const pad = { NumpadAdd: "+", NumpadSubtract: "-" }[code];
  if (pad) return pad;
  if (!shiftKey || "?=[]".includes(key)) return "";
  if (key === "+" || code === "Equal") return "+";
  if (key === "_" || code === "Minus") return "-";
  return code === "Digit0" ? "0" : "";
}
