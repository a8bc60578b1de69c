// Where the pictures of a tab are made: by default on the server, in the static page by an engine.

const engines = new Map();

/** From now on the tab with this address gets its pictures from the engine. */
export function registerEngine(api, engine) { engines.set(api, engine); }

/** The engine of the tab with this address; undefined where the server makes its pictures. */
export function engineOf(api) { return engines.get(api); }
