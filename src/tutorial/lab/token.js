// A token taken apart. Nothing is verified here: only the server has the key.

const MEANING = {
  alg: "how it is signed: HMAC, SHA-256, one secret key",
  typ: "what it is: a JSON Web Token",
  token_type: "what it may be used for",
  exp: "expires:",
  iat: "issued at:",
  jti: "JWT ID: the name of this one token",
  user_id: "whose it is",
  username: "a custom claim: signed, but not secret",
  hash_password: "a fingerprint of the stored password hash: a new password voids the token",
};

export const meaning = (claim) => MEANING[claim] ?? "a claim of this project";

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

// 299 -> "4:59", and with hours and days when there are any: "14 d 23:59:59".
export function countdown(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const days = Math.floor(whole / 86400);
  const hours = Math.floor(whole / 3600) % 24;
  const minutes = Math.floor(whole / 60) % 60;
  const clock = `${two(minutes)}:${two(whole % 60)}`;
  if (days) return `${days} d ${two(hours)}:${clock}`;
  return hours ? `${hours}:${clock}` : clock.replace(/^0/, "");
}

// 302 -> "5 min": about how long, in one unit.
export function roughly(seconds) {
  for (const [unit, length] of [
    ["day", 86400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ]) {
    const count = Math.round(seconds / length);
    if (seconds >= length * 0.98)
      return `${count} ${unit}${unit === "day" && count > 1 ? "s" : ""}`;
  }
  return "0 s";
}
