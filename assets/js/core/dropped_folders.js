// Reads drops and pastes: files, and the images in folders at any depth. No DOM: runs under Node too.

const IMAGE_NAME = /\.(png|jpe|jpe?g|jfif|webp|tiff?|bmp|gif|avif|hei[cf]|p[pgbn]m|jp2)$/i;
// Signatures of image files, a character for each byte
const SIGNATURES = [
  /^\x89PNG/, /^\xff\xd8\xff/, /^GIF8/, /^RIFF.{4}WEBP/s, /^BM.{4}\0{4}/s, /^(II[*+]\0|MM\0[*+])/,
  /^.{4}ftyp(avi|hei|hev|mif|msf)/s, /^P[1-6][ \n\r\t#]/, /^\0{3}\x0cjP {2}/,
];
const MAX_FILES = 500; // taken from folders
const MAX_SEEN = 20_000; // entries of folders that are read
const byName = new Intl.Collator("en", { numeric: true });

/**
 * The files of a drop or a paste. All files outside folders are included; from folders those that are
 * images by name or content, or whose name `alsoTakes`, ordered by name. Must be called within the
 * event: the browser empties the transfer afterwards.
 *
 * Resolves to { files, folders, left }: the number of folders read, and of files in them that were
 * left out.
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
    if (found.seen >= MAX_SEEN) return;
    found.seen += 1;
    if (isSystemFile(entry.name)) continue;
    if (entry.isDirectory) await openFolder(entry, found, alsoTakes);
    else {
      const file = found.files.length < MAX_FILES ? await fileOf(entry) : null;
      const taken = file && (alsoTakes(file.name) || await isImage(file));
      if (taken) found.files.push(file);
      else found.left += 1;
    }
  }
}

/** Whether a file is an image by its name or its signature: some scanners leave suffixes out. */
async function isImage(file) {
  if (IMAGE_NAME.test(file.name)) return true;
  const bytes = await file.slice(0, 16).arrayBuffer().catch(() => new ArrayBuffer(0));
  const start = String.fromCharCode(...new Uint8Array(bytes));
  return SIGNATURES.some((pattern) => pattern.test(start));
}

const isSystemFile = (name) => name.startsWith(".") || ["__MACOSX", "Thumbs.db", "desktop.ini"].includes(name);

/** All entries of a folder; a reader returns about a hundred at a time. */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!some.length) return all;
    all.push(...some);
  }
}

/** The file of an entry; null where it cannot be read. */
function fileOf(entry) {
  return new Promise((resolve) => { entry.file(resolve, () => resolve(null)); });
}

/** The message about folders in a drop; "" where there were none. */
export function describeDropped({ files, folders, left }) {
  const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  if (!folders) return "";
  const where = folders === 1 ? "the folder" : count(folders, "folder");
  if (!files.length) return left
    ? `There is no picture in ${where}: ${count(left, "other file")}` : `There is nothing in ${where}`;
  const taken = `${count(files.length, "file")} of ${where}`;
  return left ? `${taken}, ${left} left out` : taken;
}
