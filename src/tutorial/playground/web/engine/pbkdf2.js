// PBKDF2-HMAC-SHA256 (RFC 8018, section 5.2; FIPS 180-4), because Python in a page has no
// OpenSSL. Synchronous, which the browser's own is not: Python waits for the result.

const K = Int32Array.from(
  `428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5
   d807aa98 12835b01 243185be 550c7dc3 72be5d74 80deb1fe 9bdc06a7 c19bf174
   e49b69c1 efbe4786 0fc19dc6 240ca1cc 2de92c6f 4a7484aa 5cb0a9dc 76f988da
   983e5152 a831c66d b00327c8 bf597fc7 c6e00bf3 d5a79147 06ca6351 14292967
   27b70a85 2e1b2138 4d2c6dfc 53380d13 650a7354 766a0abb 81c2c92e 92722c85
   a2bfe8a1 a81a664b c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070
   19a4c116 1e376c08 2748774c 34b0bcb5 391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3
   748f82ee 78a5636f 84c87814 8cc70208 90befffa a4506ceb bef9a3f7 c67178f2`
    .split(/\s+/)
    .map((word) => parseInt(word, 16)),
);
const START = Int32Array.from(
  "6a09e667 bb67ae85 3c6ef372 a54ff53a 510e527f 9b05688c 1f83d9ab 5be0cd19"
    .split(" ")
    .map((word) => parseInt(word, 16)),
);
const BLOCK = 64; // bytes
const schedule = new Int32Array(64);

// One round of SHA-256: take a block of 16 words into the state.
function compress(state, block) {
  const w = schedule;
  for (let i = 0; i < 16; i++) w[i] = block[i];
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15];
    const y = w[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
  }
  // One by one: to destructure would take twice as long.
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

// The words of these bytes as the end of a message that `before` bytes precede, padded.
function lastBlocks(bytes, before) {
  const blocks = new DataView(new ArrayBuffer(BLOCK * Math.ceil((bytes.length + 9) / BLOCK)));
  bytes.forEach((byte, i) => blocks.setUint8(i, byte));
  blocks.setUint8(bytes.length, 0x80);
  blocks.setBigUint64(blocks.byteLength - 8, BigInt(8 * (before + bytes.length)));
  return Int32Array.from({ length: blocks.byteLength / 4 }, (_, i) => blocks.getInt32(4 * i));
}

function hashed(bytes, state = START.slice(), before = 0) {
  const words = lastBlocks(bytes, before);
  for (let at = 0; at < words.length; at += 16) compress(state, words.subarray(at, at + 16));
  return state;
}

function toBytes(words) {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  words.forEach((word, i) => view.setInt32(4 * i, word));
  return new Uint8Array(view.buffer);
}

// The state of SHA-256 after the key, as HMAC begins with it (RFC 2104).
function keyed(key, pad) {
  const block = new Uint8Array(BLOCK).fill(pad);
  key.forEach((byte, i) => (block[i] ^= byte));
  const view = new DataView(block.buffer);
  const state = START.slice();
  compress(
    state,
    Int32Array.from({ length: 16 }, (_, i) => view.getInt32(4 * i)),
  );
  return state;
}

// Bytes in, as many bytes out as `length` says.
export function pbkdf2(password, salt, iterations, length) {
  const key = password.length > BLOCK ? toBytes(hashed(password)) : password;
  const [inner, outer] = [keyed(key, 0x36), keyed(key, 0x5c)];
  const derived = [];
  for (let number = 1; derived.length < length; number++) {
    const first = Uint8Array.from([...salt, ...toBytes(Int32Array.of(number))]);
    const u = hashed(toBytes(hashed(first, inner.slice(), BLOCK)), outer.slice(), BLOCK);
    const sum = u.slice();
    // A hash as a whole last block: its eight words, and padding that is always the same.
    const block = lastBlocks(toBytes(u), BLOCK);
    const state = new Int32Array(8);
    for (let i = 1; i < iterations; i++) {
      state.set(inner);
      compress(state, block);
      block.set(state);
      state.set(outer);
      compress(state, block);
      block.set(state);
      for (let j = 0; j < 8; j++) sum[j] ^= state[j];
    }
    derived.push(...toBytes(sum));
  }
  return Uint8Array.from(derived.slice(0, length));
}
