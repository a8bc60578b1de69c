// Keeps the open tab in the fragment of the URL (#draw, #colorize), so that a reload, a bookmark or a
// link opens it again.

const BAR = ".studio-tabs > .tab-wrapper";
const inRow = () => [...document.querySelectorAll(`${BAR} [role=tab][data-tab-id]`)];
/** Tabs that do not fit in the row are in a menu, which has only their labels. */
const inMenu = () => [...document.querySelectorAll(`${BAR} .overflow-dropdown button`)];

/** The name of the tab in the URL. */
export function requestedTab() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return ""; // a stray %
  }
}

/** `tabs`: [name, label] of each. In a page that is not the studio's own, the URL is left alone. */
export function syncTabWithUrl(tabs) {
  if (!window.gradio_config && !document.getElementById("st-facts")) return;
  const labelled = (label) => tabs.find((tab) => tab[1] === label)?.[0];
  const named = (name) => tabs.find((tab) => tab[0] === name)?.[1];
  const chosen = () => (
    inRow().find((tab) => tab.ariaSelected === "true")?.dataset.tabId
    ?? labelled(inMenu().find((tab) => tab.classList.contains("selected"))?.textContent.trim())
  );
  const open = () => {
    const name = requestedTab();
    if (named(name) === undefined || name === chosen()) return;
    const tab = inRow().find(({ dataset }) => dataset.tabId === name)
      ?? inMenu().find(({ textContent }) => textContent.trim() === named(name));
    tab?.click();
  };
  let last = tabs[0]?.[0]; // the tab that was open at the last look; the visitor may have switched before
  const look = () => {
    const now = chosen();
    if (now && now !== last && now !== requestedTab()) write(now);
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
  const waiting = new MutationObserver(start); // until Gradio has built the tabs
  waiting.observe(document.body, { subtree: true, childList: true });
  start();
}

/** Replaces the URL without a new history entry, so that Back still leaves the page. */
function write(tab) {
  const url = `${location.pathname}${location.search}#${encodeURIComponent(tab)}`;
  try {
    history.replaceState(history.state, "", url);
  } catch {
    // a frame without a URL of its own
  }
}
