// Reads responses and turns failures into messages for the visitor. A proxy before the app may answer
// with HTML pages of its own. No DOM: runs under Node too.

const REASONS = {
  401: "a password is asked for: please reload the page",
  403: "this is not allowed here",
  404: "the server does not know this address: please reload the page",
  408: "it took too long to arrive: please try again",
  413: "it is larger than the web server in front of the studio lets through",
  429: "there were too many requests: please try again in a minute",
  502: "the studio behind the web server does not run at the moment: please try again in a minute",
  503: "the server is busy or being started: please try again in a minute",
  504: "the studio did not answer the web server in time: please try again",
};

/** The server's error message; where it has none, one for the status. */
export async function readError(response) {
  const { error, detail } = await response.json().catch(() => null) ?? {};
  const own = [error, detail].find((words) => typeof words === "string" && words);
  return own ?? REASONS[response.status] ?? `the server said ${response.status}`;
}

/** The error for a response that the app did not send, such as a proxy's login page. */
export function unexpectedResponse() {
  return new Error("another server than the studio answered: please reload the page");
}
