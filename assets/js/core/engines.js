// Where the pictures of a tab are made: by default on the server, else by an engine in this browser.

const engines = new Map();

/** From now on the tab with this address gets its pictures from the engine. */
export function registerEngine(api, engine) { engines.set(api, engine); }

/** From now on the server makes the pictures of the tab with this address. */
export function removeEngine(api) { engines.delete(api); }

/**
 * The engine of the tab with this address; undefined where the server makes its pictures. What it has no
 * method for is left to the server.
 */
export function engineOf(api) { return engines.get(api); }
