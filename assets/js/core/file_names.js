// Names of files. No DOM: runs under Node too.

/** `name` without folders and what a system does not allow in names; "photo" where nothing is left. */
export function plainName(name) {
  const last = name.split(/[\\/]/).pop();
  const plain = last.replace(/[\u0000-\u001f\u007f:*?"<>|]/g, "_").replace(/[. ]+$/, "");
  return plain || "photo";
}

/** `name`, or "a (2).png" and so on where the Set `taken` has it; it is added to `taken`. */
export function freeName(name, taken) {
  const dot = name.lastIndexOf(".") > 0 ? name.lastIndexOf(".") : name.length;
  let free = name;
  for (let n = 2; taken.has(free.toLowerCase()); n += 1) {
    free = `${name.slice(0, dot)} (${n})${name.slice(dot)}`;
  }
  taken.add(free.toLowerCase()); // some file systems ignore case
  return free;
}
