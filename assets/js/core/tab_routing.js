// The tab that is open stands in the page's address (#draw, #colorize), so that a reload, a
// bookmark or a link opens it again.

const BAR = ".studio-tabs > .tab-wrapper";
const inRow = () => [...document.querySelectorAll(`${BAR} [role=tab][data-tab-id]`)];
/** Tabs that the row has no room for stand in a menu, with their labels alone. */
const inMenu = () => [...document.querySelectorAll(`${BAR} .overflow-dropdown button`)];

function asked() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return ""; // a stray %
  }
}

/** `tabs`: [name, label] of each. Where the address is another page's, it is left alone. */
export function syncTabWithUrl(tabs) {
  if (!window.gradio_config) return;
  const labelled = (label) => tabs.find((tab) => tab[1] === label)?.[0];
  const named = (name) => tabs.find((tab) => tab[0] === name)?.[1];
  const chosen = () => (
    inRow().find((tab) => tab.ariaSelected === "true")?.dataset.tabId
    ?? labelled(inMenu().find((tab) => tab.classList.contains("selected"))?.textContent.trim())
  );
  const open = () => {
    const name = asked();
    if (named(name) === undefined || name === chosen()) return;
    const tab = inRow().find(({ dataset }) => dataset.tabId === name)
      ?? inMenu().find(({ textContent }) => textContent.trim() === named(name));
    tab?.click();
  };
  let last = tabs[0]?.[0]; // the tab that was open when we looked; a quick hand may be before us
  const look = () => {
    const now = chosen();
    if (now && now !== last && now !== asked()) write(now);
    last = now ?? last;
  };
  const start = () => {
    const bar = document.querySelector(BAR);
    if (!bar || !inRow().length) return;
    waiting.disconnect();
    open();
    new MutationObserver(look).observe(bar, {
      subtree: true, childList: true, attributeFilter: ["aria-selected", "class"],
    });
    window.addEventListener("hashchange", open);
    look();
  };
  const waiting = new MutationObserver(start); // Gradio builds the tabs when it likes
  waiting.observe(document.body, { subtree: true, childList: true });
  start();
}

/** In place: a step back leaves the page, as before, and asks first where something would be lost. */
function write(tab) {
  const url = `${location.pathname}${location.search}#${encodeURIComponent(tab)}`;
  try {
    history.replaceState(history.state, "", url);
  } catch {
    // a frame that has no address of its own
  }
}
