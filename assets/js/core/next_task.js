// Splits long work into tasks, between which the page answers the hand. No DOM: runs under Node too.

/** Resolves in a task of its own, after the input events that wait. */
export function nextTask() {
  return globalThis.scheduler?.yield?.() ?? new Promise((resolve) => { setTimeout(resolve); });
}

/** The results of `work(item)` for each item, one after another, each in a task of its own. */
export async function mapInTasks(items, work) {
  const results = [];
  for (const item of items) {
    await nextTask();
    results.push(await work(item));
  }
  return results;
}
