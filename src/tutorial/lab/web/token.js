// A token taken apart. Nothing is verified here: only the server has the key.

export function decode(text) {
  const [header, payload, signature] = text.split(".");
  return {
    text,
    encoded: { header, payload, signature },
    header: fromBase64url(header),
    payload: fromBase64url(payload),
  };
}

function fromBase64url(part) {
  const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.codePointAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

// The same token with one character of its payload changed.
export function tamper({ header, payload, signature }) {
  const at = Math.floor(payload.length / 2);
  const to = payload[at] === "A" ? "B" : "A";
  const changed = payload.slice(0, at) + to + payload.slice(at + 1);
  return { at, from: payload[at], to, text: [header, changed, signature].join(".") };
}

export const isTime = (claim) => claim === "exp" || claim === "iat";
