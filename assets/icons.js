// Icons, 24 x 24, drawn with the current colour.

const PATHS = {
  brush: '<path d="M19.5 4.5c-4.2 1.7-8 5.3-10.3 9l2.3 2.3c3.7-2.3 7.3-6.1 9-10.3z"/>'
    + '<path d="M8.4 14.6c-1.7.1-3 1.3-3.2 3-.1 1-.7 1.8-1.7 2.2 2.8.9 6.7.2 7.2-2.9z"/>',
  eraser: '<path d="m13.5 5 5.5 5.5a1.5 1.5 0 0 1 0 2.100L12.6 19H8.3l-3.8-3.8a1.5 1.5 0 0 1 '
    + '0-2.100L11.400 5a1.5 1.5 0 0 1 2.100 0z"/><path d="m8.5 8.5 7.5 7.5M12.5 19H20"/>',
  rectangle: '<rect x="4" y="6" width="16" height="12" rx="1"/>',
  fill: '<path d="m11 3.5 7.5 7.5-6.8 6.8a1.5 1.5 0 0 1-2.100 0L4.7 12.9a1.5 1.5 0 0 1 '
    + '0-2.100z"/><path d="M5 12h12.5"/><path d="M20 15.5c1 1.400 1.5 2.2 1.5 3a1.5 1.5 0 0 '
    + '1-3 0c0-.8.5-1.6 1.5-3z"/>',
  undo: '<path d="M9 6 4.5 10.5 9 15"/><path d="M4.5 10.5H14a5 5 0 0 1 0 10h-2"/>',
  redo: '<path d="m15 6 4.5 4.5L15 15"/><path d="M19.5 10.5H10a5 5 0 0 0 0 10h2"/>',
  clear: '<path d="M14 3.5H7A1.5 1.5 0 0 0 5.5 5v14A1.5 1.5 0 0 0 7 20.5h10a1.5 1.5 0 0 '
    + '0 1.5-1.5V8z"/><path d="M14 3.5V8h4.5"/>',
  surprise: '<path d="M3.5 7.5h3c5 0 6 9 11 9h3M3.5 16.5h3c1.8 0 3-1.2 4-2.8M13.5 10.3c1-1.6 '
    + '2.2-2.8 4-2.8h3"/><path d="m18 4.5 3 3-3 3M18 13.5l3 3-3 3"/>',
  download: '<path d="M12 4v11M7.5 11 12 15.5l4.5-4.5M5 20h14"/>',
  open: '<path d="M12 15.5v-11M7.5 8.5 12 4l4.5 4.5M5 20h14"/>',
  theme: '<circle cx="12" cy="12" r="8"/><path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor"/>',
  grip: '<path d="m9 8-4 4 4 4M15 8l4 4-4 4"/>',
};

export function icon(name) {
  return `<svg class="icon" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor"`
    + ` stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">`
    + `${PATHS[name]}</svg>`;
}

/** A button of ours: an icon, and a text where one is given. `tip` names it, with its key. */
export function button({ name, label, tip, text = "", key = "", classes = "" }) {
  const node = document.createElement("button");
  node.type = "button";
  node.className = `st-button ${classes}`;
  node.innerHTML = icon(name);
  if (text) node.append(Object.assign(document.createElement("span"), { textContent: text }));
  node.setAttribute("aria-label", label);
  node.dataset.tip = key ? `${tip ?? label}  ${key}` : tip ?? label;
  return node;
}
