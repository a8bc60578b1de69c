// What a drop holds: files, and the pictures in folders, however deep. No DOM: runs under Node too.

const PICTURE = /\.(png|jpe|jpe?g|jfif|webp|tiff?|bmp|gif|avif|hei[cf]|p[pgbn]m|jp2)$/i;
// How the files of pictures begin, a character for each byte
const BEGINNINGS = [
  /^\x89PNG/, /^\xff\xd8\xff/, /^GIF8/, /^RIFF.{4}WEBP/s, /^BM.{4}\0{4}/s, /^(II[*+]\0|MM\0[*+])/,
  /^.{4}ftyp(avi|hei|hev|mif|msf)/s, /^P[1-6][ \n\r\t#]/, /^\0{3}\x0cjP {2}/,
];
const MOST_FILES = 500; // that are taken from folders
const MOST_SEEN = 20_000; // after so many a folder is no autosave
const byName = new Intl.Collator("en", { numeric: true });

/**
 * The files of a drop or a paste. Files that were given themselves all come, whatever they are; of
 * folders those that are pictures by name or content, or that `alsoTakes(name)` names, in the order of
 * their names. Call it within the event: later the browser has emptied the transfer.
 *
 * Resolves to { files, folders, left }: how many folders were opened, and how many files in them
 * were left out.
 */
export async function readDroppedFiles(transfer, alsoTakes = () => false) {
  const entries = [...transfer?.items ?? []].filter(({ kind }) => kind === "file").map((item) => (
    item.webkitGetAsEntry?.() ?? item.getAsFile()
  )).filter(Boolean);
  const given = [...transfer?.files ?? []];
  if (!entries.some((entry) => entry.isDirectory)) return { files: given, folders: 0, left: 0 };
  const found = { files: [], folders: 0, left: 0, seen: 0 };
  for (const entry of entries) {
    if (entry.isDirectory) await openFolder(entry, found, alsoTakes);
    else found.files.push(entry.isFile ? await fileOf(entry) : entry);
  }
  const { files, folders, left } = found;
  return { files: files.filter(Boolean), folders, left };
}

async function openFolder(folder, found, alsoTakes) {
  found.folders += 1;
  const entries = await entriesOf(folder).catch(() => []);
  entries.sort((a, b) => byName.compare(a.name, b.name));
  for (const entry of entries) {
    if (found.seen >= MOST_SEEN) return;
    found.seen += 1;
    if (isOurs(entry.name)) continue; // of the system, not of the person
    if (entry.isDirectory) await openFolder(entry, found, alsoTakes);
    else {
      const file = found.files.length < MOST_FILES ? await fileOf(entry) : null;
      const taken = file && (alsoTakes(file.name) || await isPicture(file));
      if (taken) found.files.push(file);
      else found.left += 1;
    }
  }
}

/** A picture by its name, or by how it begins: scanners and old disks leave suffixes out. */
async function isPicture(file) {
  if (PICTURE.test(file.name)) return true;
  const bytes = await file.slice(0, 16).arrayBuffer().catch(() => new ArrayBuffer(0));
  const start = String.fromCharCode(...new Uint8Array(bytes));
  return BEGINNINGS.some((pattern) => pattern.test(start));
}

const isOurs = (name) => name.startsWith(".") || ["__MACOSX", "Thumbs.db", "desktop.ini"].includes(name);

/** A reader gives about a hundred at a time. */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!some.length) return all;
    all.push(...some);
  }
}

/** null for one that cannot be read. */
function fileOf(entry) {
  return new Promise((resolve) => { entry.file(resolve, () => resolve(null)); });
}

/** What is said of a drop of which not all was taken; "" where all was. */
export function describeDropped({ files, folders, left }) {
  const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  if (!folders) return "";
  const where = folders === 1 ? "the folder" : count(folders, "folder");
  if (!files.length) return left
    ? `There is no picture in ${where}: ${count(left, "other file")}` : `There is nothing in ${where}`;
  const taken = `${count(files.length, "file")} of ${where}`;
  return left ? `${taken}, ${left} left out` : taken;
}
