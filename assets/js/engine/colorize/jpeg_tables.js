// Tables of baseline JPEG (ITU-T T.81, annex K) for quality 95, as libjpeg scales them.

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (digits) => parseInt(digits, 16));

/** The row-major place of each coefficient in zigzag order. */
export const ZIGZAG = zigzag();

function zigzag() {
  const places = [];
  for (let sum = 0; sum < 15; sum += 1) {
    const rows = Array.from({ length: 8 }, (_, y) => y).filter((y) => sum - y >= 0 && sum - y < 8);
    if (sum % 2 === 0) rows.reverse();
    places.push(...rows.map((y) => 8 * y + sum - y));
  }
  return Uint8Array.from(places);
}

/** Divisors of the coefficients of Y, and of Cb and Cr, in zigzag order. */
export const QUANTIZATION = [
  "0201010101010201010102020202020403020202020504040304060506060605060606070908060709070606080b"
    + "08090a0a0a0a0a06080b0c0b0a0c090a0a0a",
  `020202020202050303050a0706070a${"0a".repeat(49)}`,
].map(bytesOf);

const DC = "000102030405060708090a0b";
const MIDDLE = "35363738393a434445464748494a535455565758595a636465666768696a737475767778797a";

/** Huffman tables: the class and number of each, how many codes have 1 to 16 bits, and their values. */
export const HUFFMAN = [
  [0x00, "00010501010101010100000000000000", DC],
  [0x10, "0002010303020403050504040000017d",
    "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a34"
    + `${MIDDLE}838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9ca`
    + "d2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"],
  [0x01, "00030101010101010101010000000000", DC],
  [0x11, "00020102040403040705040400010277",
    "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a"
    + `${MIDDLE}82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9ca`
    + "d2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"],
].map(([id, counts, values]) => ({ id, counts: bytesOf(counts), values: bytesOf(values) }));
