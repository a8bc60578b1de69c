// Icons: 24 x 24 SVG paths, stroked with the current colour.

const PATHS = {
  brush: '<path d="M19.5 4.5c-4.2 1.7-8 5.3-10.3 9l2.3 2.3c3.7-2.3 7.3-6.1 9-10.3z"/>'
    + '<path d="M8.4 14.6c-1.7.1-3 1.3-3.2 3-.1 1-.7 1.8-1.7 2.2 2.8.9 6.7.2 7.2-2.9z"/>',
  eraser: '<path d="m13.5 5 5.5 5.5a1.5 1.5 0 0 1 0 2.1L12.6 19H8.3l-3.8-3.8a1.5 1.5 0 0 1 '
    + '0-2.1L11.4 5a1.5 1.5 0 0 1 2.1 0z"/><path d="m8.5 8.5 7.5 7.5M12.5 19H20"/>',
  smooth: '<path d="M3.5 15c2.5-7 5-7 8.5-2s6 5 8.5-2"/><path d="m3.5 8 2-2 2 2.5L9.5 6l2 2" opacity=".6"/>',
  paper: '<rect x="4" y="4" width="11" height="13" rx="1"/><path d="M9 20h10a1 1 0 0 0 1-1V8"/>'
    + '<path d="m4 13.5 3.2-3 3 3 1.8-1.6 3 2.6"/>',
  rectangle: '<rect x="4" y="6" width="16" height="12" rx="1"/>',
  fill: '<path d="m11 3.5 7.5 7.5-6.8 6.8a1.5 1.5 0 0 1-2.1 0L4.7 12.9a1.5 1.5 0 0 1 '
    + '0-2.1z"/><path d="M5 12h12.5"/><path d="M20 15.5c1 1.4 1.5 2.2 1.5 3a1.5 1.5 0 0 '
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
  line: '<path d="M5.5 18.5 18.5 5.5"/><circle cx="4.8" cy="19.2" r="1.4"/>'
    + '<circle cx="19.2" cy="4.8" r="1.4"/>',
  eyedropper: '<path d="m14 6.5 3.5 3.5M12.5 8l-7 7-.9 4.4 4.4-.9 7-7"/>'
    + '<path d="m13 5.5 5.5 5.5 1.8-1.8a2.5 2.5 0 0 0 0-3.6l-1.9-1.9a2.5 2.5 0 0 '
    + '0-3.6 0z"/>',
  select: '<path d="M4.5 8V4.5H8M16 4.5h3.5V8M19.5 16v3.5H16M8 19.5H4.5V16'
    + 'M11 4.5h2M11 19.5h2M4.5 11v2M19.5 11v2"/>',
  repeat: '<rect x="4" y="4" width="6" height="6.5" rx="1" fill="currentColor"/>'
    + '<rect x="14" y="4" width="6" height="6.5" rx="1"/><rect x="4" y="13.5" width="6" '
    + 'height="6.5" rx="1"/><rect x="14" y="13.5" width="6" height="6.5" rx="1"/>',
  look: '<rect x="3.5" y="4" width="14" height="5" rx="1"/><path d="M17.5 6.5h3v5.5h-9v3.5"/>'
    + '<rect x="9.7" y="15.5" width="3.6" height="5" rx="0.8"/>',
  hand: '<path d="M8 12.5V6.8a1.4 1.4 0 0 1 2.8 0V11M10.8 10.5V5.4a1.4 1.4 0 0 1 2.8 0v5.1M13.6 10.7V6.6a1.4 '
    + '1.4 0 0 1 2.8 0v6.2M16.4 10.6a1.3 1.3 0 0 1 2.6 0v4.2c0 3.2-2.3 5.7-5.6 5.7-2.6 0-4-.9-5.3-2.9l-3-4.6c-.9-1.4.9-2.7 2-1.5l.9 1"/>',
  pressure: '<path d="M4 20c5 0 4-9 8-9s3 6 8 5" stroke-width="3"/><path d="m14 8 5-5 2 2-5 5z"/>',
  fingers: '<path d="M9.5 13V5.4a1.5 1.5 0 0 1 3 0V11l4.6 1.2a2 2 0 0 1 1.5 2.2l-.6 6.1H11l-4.2-6c-.9-1.4.9-2.7 2-1.5z"/>',
  history: '<path d="M4.5 12a7.5 7.5 0 1 0 2.2-5.3L4.5 9"/><path d="M4.5 4.5V9H9M12 8v4.3l2.8 1.7"/>',
  fit: '<path d="M4.5 9V4.5H9M19.5 15v4.5H15M4.5 4.5l5.5 5.5M19.5 19.5 14 14"/>',
  mirror: '<path d="M12 3.5v17" stroke-dasharray="2.5 2.5"/><path d="M9 7v10H3.5z" '
    + 'fill="currentColor"/><path d="M15 7v10h5.5z"/>',
  grid: '<path d="M4 9.3h16M4 14.7h16M9.3 4v16M14.7 4v16"/>',
  help: '<circle cx="12" cy="12" r="8.5"/><path d="M9.7 9.8a2.4 2.4 0 1 1 3.5 2.1c-.8.4-1.2 '
    + '1-1.2 1.8M12 16.6v.1"/>',
  copy: '<rect x="8.5" y="8.5" width="11" height="11" rx="1.5"/><path d="M15.5 5.5v-1h-11v11h1"/>',
  paste: '<path d="M8.5 5.5H6A1.5 1.5 0 0 0 4.5 7v12A1.5 1.5 0 0 0 6 20.5h12a1.5 1.5 0 0 '
    + '0 1.5-1.5V7A1.5 1.5 0 0 0 18 5.5h-2.5"/><rect x="8.5" y="3.5" width="7" height="4" rx="1"/>',
  duplicate: '<rect x="3.5" y="7" width="7" height="10" rx="1" fill="currentColor"/>'
    + '<rect x="13.5" y="7" width="7" height="10" rx="1" stroke-dasharray="2.5 2.2"/>',
  remove: '<path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 12.5h9l1-12.5M10.3 10.5v5.5M13.7 10.5v5.5"/>',
  drop: '<path d="m6 6 12 12M18 6 6 18"/>',
  draw: '<path d="M4 20V10l8-6 8 6v10zM10 20v-6h4v6"/>',
  facade: '<path d="M5 20.5V6l7-3 7 3v14.5zM9 9.5v2M15 9.5v2M9 14.5v2M15 14.5v2M3 20.5h18"/>',
  photo: '<rect x="3.5" y="5" width="17" height="14" rx="1.5"/><circle cx="8.5" cy="9.8" r="1.6"/>'
    + '<path d="m4 17 5-4.5 3.5 3 3-2.5 4.5 4"/>',
  trace: '<path d="M4 9V5.5A1.5 1.5 0 0 1 5.5 4H9M15 4h3.5A1.5 1.5 0 0 1 20 5.5V9M20 15v3.5a1.5 1.5 '
    + '0 0 1-1.5 1.5H15M9 20H5.5A1.5 1.5 0 0 1 4 18.5V15"/><path d="M8.5 16.5v-7l3.5-2 3.5 2v7z"/>',
  heal: '<rect x="2.6" y="8" width="18.8" height="8" rx="4" transform="rotate(-45 12 12)"/>'
    + '<path d="M12 10v.1M12 14v-.1M10 12h.1M14 12h-.1"/>',
  shield: '<path d="M12 3.5 5 6v5.5c0 4.4 2.9 7.6 7 9 4.1-1.4 7-4.6 7-9V6z"/>',
  add: '<path d="M12 5v14M5 12h14"/>',
  eye: '<path d="M2.8 12S6 5.8 12 5.8 21.2 12 21.2 12 18 18.2 12 18.2 2.8 12 2.8 12z"/>'
    + '<circle cx="12" cy="12" r="2.8"/>',
  sizes: '<rect x="3.5" y="4" width="8" height="8" rx="1"/><rect x="14" y="4" width="6.5" '
    + 'height="8" rx="1"/><rect x="3.5" y="14.5" width="8" height="6" rx="1"/><rect x="14" '
    + 'y="14.5" width="6.5" height="6" rx="1" fill="currentColor"/>',
  camera: '<path d="M4 7.5h3.5L9 5h6l1.5 2.5H20a.5.5 0 0 1 .5.5v10a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1V8a.5.5 0 0 1 .5-.5z"/><circle '
    + 'cx="12" cy="13" r="3.5"/>',
  grip: '<path d="m9 8-4 4 4 4M15 8l4 4-4 4"/>',
};

/** An icon as an <svg> element. */
export function icon(name) {
  const template = document.createElement("template"); // the only markup; nothing in it comes from outside
  template.innerHTML = '<svg class="icon" viewBox="0 0 24 24" width="20" height="20" fill="none" '
    + 'stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" '
    + `aria-hidden="true">${PATHS[name]}</svg>`;
  return template.content.firstChild;
}
