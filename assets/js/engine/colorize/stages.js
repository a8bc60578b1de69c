// Long work in stages: between two of them the worker takes messages, and stops what nobody wants.

/** Thrown where the work was cancelled. */
export class CancelledError extends Error {
  constructor() {
    super("cancelled");
    this.isCancelled = true;
  }
}

function nextTask() {
  if (typeof setImmediate === "function") return new Promise((resolve) => { setImmediate(resolve); });
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel(); // setTimeout would wait 4 ms
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Ends a stage. Rejects with CancelledError where `signal`, an AbortSignal, is aborted. */
export async function pause(signal = null) {
  await nextTask();
  if (signal?.aborted) throw new CancelledError();
}

/** Slices [top, bottom) of rows that cover `height` rows of `width` pixels, of at most `pixels` or one row. */
export function strips(width, height, pixels = 1 << 18) {
  const rows = Math.max(1, Math.floor(pixels / width));
  const result = [];
  for (let top = 0; top < height; top += rows) result.push([top, Math.min(top + rows, height)]);
  return result;
}
