// A ZIP file of finished photos, made in the browser: they are compressed already, so only stored.
// No DOM: runs under Node too. Format: APPNOTE.TXT 6.3.10, PKWARE.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
const UTF8_NAMES = 0x0800;
const VERSION = 20;
const MAX_BYTES = 0xffffffff; // beyond that it would have to be ZIP64
const MAX_FILES = 0xffff;

export function crc32(bytes) {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i += 1) crc = TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** A name that `taken` (a Set, which it joins) does not have: "a.png", "a (2).png", ... */
export function freeName(name, taken) {
  const dot = name.lastIndexOf(".") > 0 ? name.lastIndexOf(".") : name.length;
  let free = name;
  for (let n = 2; taken.has(free.toLowerCase()); n += 1) {
    free = `${name.slice(0, dot)} (${n})${name.slice(dot)}`;
  }
  taken.add(free.toLowerCase()); // some disks know no difference of case
  return free;
}

/** Collects files; `finish()` gives the parts of the archive, to be put into one Blob. */
export class Zip {
  #parts = [];
  #directory = [];
  #size = 0;
  #taken = new Set();

  get count() { return this.#directory.length; }

  /** `content`: what a Blob can hold, of the Uint8Array `bytes`. Throws where it is full. */
  add(name, bytes, content = bytes, date = new Date()) {
    const label = new TextEncoder().encode(freeName(name, this.#taken));
    if (this.#size + bytes.length > MAX_BYTES - 2 ** 24 || this.count >= MAX_FILES) {
      throw new Error("a ZIP file has room for 4 GB: save the rest apart");
    }
    const fields = this.#fields(bytes, label.length, date);
    const local = new Uint8Array([...number(0x04034b50, 4), ...fields, ...number(0, 2)]);
    this.#directory.push(new Uint8Array([
      ...number(0x02014b50, 4), ...number(VERSION, 2), ...fields, ...number(0, 2), ...number(0, 2),
      ...number(0, 2), ...number(0, 2), ...number(0, 4), ...number(this.#size, 4), ...label,
    ]));
    this.#parts.push(local, label, content);
    this.#size += local.length + label.length + bytes.length;
  }

  finish() {
    const length = this.#directory.reduce((sum, entry) => sum + entry.length, 0);
    const count = number(this.count, 2);
    const end = new Uint8Array([
      ...number(0x06054b50, 4), ...number(0, 2), ...number(0, 2), ...count, ...count,
      ...number(length, 4), ...number(this.#size, 4), ...number(0, 2),
    ]);
    return [...this.#parts, ...this.#directory, end];
  }

  /** What the local header and the directory have in common, up to the length of the name. */
  #fields(bytes, nameLength, date) {
    const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
    const day = ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
    return [
      ...number(VERSION, 2), ...number(UTF8_NAMES, 2), ...number(0, 2), ...number(time, 2),
      ...number(day, 2), ...number(crc32(bytes), 4), ...number(bytes.length, 4),
      ...number(bytes.length, 4), ...number(nameLength, 2),
    ];
  }
}

function number(value, bytes) {
  return Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 255);
}
