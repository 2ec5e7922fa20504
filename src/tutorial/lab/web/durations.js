// Durations, in seconds, as the page shows them.

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
