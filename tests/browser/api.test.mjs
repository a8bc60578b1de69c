// Run by test_labelmap_js.py with `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { checkResponse, jsonOf, pictureOf } from "../../assets/js/core/api.js";

test("the values of an answer come without its error; an error rejects with them", async () => {
  assert.deepEqual(await jsonOf(Response.json({ ids: "x" })), { ids: "x" });
  await assert.rejects(
    jsonOf(Response.json({ error: "a.png: is no label map", can_trace: true })),
    (error) => error.message === "a.png: is no label map" && error.can_trace === true,
  );
});

test("a page of HTML in the place of an answer is no answer", async () => {
  const page = () => new Response("<p>log in</p>", { headers: { "content-type": "text/html" } });
  await assert.rejects(jsonOf(page()), /another server than the studio/);
  await assert.rejects(pictureOf(page()), /another server than the studio/);
});

test("a picture has its name and notice; 204 is none; a refusal rejects", async () => {
  const headers = { "content-type": "image/png", "x-picture-name": "gr%C3%BCn-7", "x-notice": "On%20CPU" };
  const { blob, name, notice } = await pictureOf(new Response("png", { headers }));
  assert.deepEqual([await blob.text(), name, notice], ["png", "grün-7", "On CPU"]);
  assert.equal(await pictureOf(new Response(null, { status: 204 })), null);
  await assert.rejects(pictureOf(Response.json({ error: "is empty" })), /is empty/);
});

test("what may pass is told from what will not, in the server's words or ours", async () => {
  const cases = [
    [400, '{"error": "seed must be"}', /seed must be/, false],
    [503, '{"error": "32 others are waiting"}', /32 others/, true],
    [429, '{"error": "Too many jobs from your network address"}', /network address/, true],
    [502, "<html>Bad Gateway", /does not run at the moment/, true],
    [413, "<html>", /larger than the web server/, false],
  ];
  for (const [status, body, words, isTransient] of cases) {
    await assert.rejects(checkResponse(new Response(body, { status }), "a.png: "), (error) => (
      words.test(error.message) && error.message.startsWith("a.png: ")
      && error.isTransient === isTransient && error.status === status
    ));
  }
});
