// Zip archives without compression, as this site has them inside its downloads: read and written.

const text = { encode: new TextEncoder(), decode: new TextDecoder() };

// Name to bytes, of the archive in these bytes.
export function unzip(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files = new Map();
  // Entries follow each other, until the central directory begins (APPNOTE 4.3.7).
  for (let at = 0; view.getUint32(at, true) === 0x04034b50; ) {
    const [size, name, extra] = [18, 26, 28].map((field, i) =>
      i ? view.getUint16(at + field, true) : view.getUint32(at + field, true),
    );
    const start = at + 30 + name + extra;
    const label = text.decode.decode(bytes.subarray(at + 30, at + 30 + name));
    files.set(label, bytes.subarray(start, start + size));
    at = start + size;
  }
  return files;
}

// The bytes of an archive of these files: [name, bytes] each.
export function zip(files) {
  const chunks = [];
  const directory = [];
  let at = 0;
  for (const [name, bytes] of files) {
    const label = text.encode.encode(name);
    const fields = [
      ...[20, 0x800, 0, 0, 0x21].map((value) => [2, value]), // version, UTF-8, stored, a date
      [4, crc32(bytes)],
      [4, bytes.length],
      [4, bytes.length],
      [2, label.length],
      [2, 0],
    ];
    const head = packed([[4, 0x04034b50], ...fields]);
    const unused = [2, 2, 2, 4].map((size) => [size, 0]); // comment, disk, attributes
    directory.push(packed([[4, 0x02014b50], [2, 20], ...fields, ...unused, [4, at]]), label);
    chunks.push(head, label, bytes);
    at += head.length + label.length + bytes.length;
  }
  const length = directory.reduce((sum, each) => sum + each.length, 0);
  const count = [2, files.length];
  const end = [[4, 0x06054b50], [2, 0], [2, 0], count, count, [4, length], [4, at], [2, 0]];
  return new Blob([...chunks, ...directory, packed(end)], { type: "application/zip" });
}

function packed(fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
