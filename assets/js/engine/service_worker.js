// The service worker of the static page; the builder puts `const SITE = { version, files }` before it.
// It keeps the files of one version together, so that old scripts never meet new models.

const CACHE = `pix2pix-${SITE.version}`;
const isOurs = (name) => name.startsWith("pix2pix-");

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SITE.files)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (isOurs(name) && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const isOwn = request.url.startsWith(self.registration.scope);
  if (request.method !== "GET" || !isOwn) return;
  event.respondWith(request.mode === "navigate" ? answerPage(request) : answerFile(event));
});

/** The newest page where there is a network, else the kept one. */
async function answerPage(request) {
  const response = await fetch(request).catch(() => null);
  return isolated(response?.ok ? response : await findKept(self.registration.scope) ?? Response.error());
}

/** Names of files have a hash of their contents: what was kept is right. */
async function answerFile(event) {
  const { request } = event;
  const kept = request.cache !== "reload" && await findKept(request);
  if (kept) return isolated(kept);
  const response = await fetch(request);
  const isPage = response.headers.get("content-type")?.includes("text/html"); // the login page of a network
  if (response.status === 200 && !isPage) event.waitUntil(keep(request, response.clone()));
  return isolated(response);
}

/** Storage may be full, or closed to this page: then nothing is kept. */
const findKept = (request) => caches.match(request, { ignoreSearch: true }).catch(() => undefined);
const keep = (request, response) => (
  caches.open(CACHE).then((cache) => cache.put(request, response)).catch(() => {})
);

/**
 * With the headers that let the page use threads, which servers of files do not send. `require-corp`, as Safari
 * does not know `credentialless`: what the page loads from elsewhere, a runtime, are modules, which ask with CORS.
 */
function isolated(response) {
  if (response.type === "opaque" || response.type === "error") return response;
  const headers = new Headers(response.headers);
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-embedder-policy", "require-corp");
  headers.set("cross-origin-resource-policy", "cross-origin");
  const { status, statusText, body } = response;
  return new Response(body, { status, statusText, headers });
}
