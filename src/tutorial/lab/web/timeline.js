// The timeline: a bar for every token's life, a mark for every request on the bar of the token
// it was sent with. Minutes and weeks share it, so its columns are requests, not seconds:
// where the time between two of them is long, it is written, and a break goes through the bars.

import { roughly } from "./durations.js";
import { config } from "./state.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST_TOKENS = 7;
const TOP = 2.2; // what is above the rows, and the height of one: both in units
const ROW = 1.9;

export function drawTimeline(svg, { tokens, requests, now }) {
  const unit = parseFloat(getComputedStyle(svg).fontSize);
  const most = fittingRows(svg, unit);
  const chart = layOut({ tokens, requests, now, unit, most, width: svg.clientWidth });
  svg.replaceChildren(...draw(chart));
  svg.setAttribute("height", chart.height);
  svg.setAttribute("viewBox", `0 0 ${chart.width} ${chart.height}`);
  svg.setAttribute("aria-label", inWords(tokens, requests, now));
}

// For a class only what is on the first screen counts: there, the oldest rows make room.
function fittingRows(svg, unit) {
  const { present, size } = document.documentElement.dataset;
  if (!present && size !== "large") return MOST_TOKENS;
  const above = svg.getBoundingClientRect().top + scrollY;
  const rows = Math.floor((innerHeight - above - (TOP + 1) * unit) / (ROW * unit));
  return Math.min(MOST_TOKENS, Math.max(2, rows - 1)); // one is for requests without a token
}

// By its exp, or by the request since which it is on the blacklist, or its session has ended.
const endOf = ({ exp, retired }) => Math.min(exp, retired?.at ?? Infinity);

// First one for requests without a token or with one that has no row, then the latest tokens, an altered one below the one it was made of.
function rowsFor(shown, tokens, most) {
  const first = shown[0]?.at ?? 0;
  const altered = (token) => shown.map(drawnOn).find((each) => each?.altered === token);
  const rows = tokens
    .filter((token) => endOf(token) > first)
    .flatMap((token) => [token, altered(token)].filter(Boolean));
  return [null, ...rows.slice(-most)];
}

// The token in whose row a request is marked.
const drawnOn = ({ shownAs }) => shownAs;

// Which columns and rows there are, and where.
function layOut({ tokens, requests, now, unit, most, width }) {
  const left = (tokens.some(({ name }) => name.startsWith("thief")) ? 8.6 : 5.2) * unit;
  const right = width - 1.5 * unit;
  const fitting = Math.max(2, Math.floor((right - left) / (3.2 * unit)));
  const shown = requests.slice(-(fitting - 1));
  const rows = rowsFor(shown, tokens, most);
  const step = Math.min(7 * unit, (right - left) / (shown.length || 1));
  const columns = shown.map((request, i) => ({ at: request.at, x: left + (i + 0.35) * step }));
  const end = left + (shown.length + 0.1) * step;
  columns.push({ at: Math.max(now, shown.at(-1)?.at ?? now), x: Math.min(end, right) });
  const top = TOP * unit;
  const rowHeight = ROW * unit;
  const y = (token) => top + (Math.max(0, rows.findIndex(sameAs(token))) + 0.62) * rowHeight;
  return {
    unit,
    left,
    right,
    width,
    columns,
    rows,
    shown,
    top,
    rowHeight,
    now,
    height: top + rows.length * rowHeight + 0.4 * unit,
    y,
    others: shown.map(drawnOn).some((token) => token && !rows.some(sameAs(token))),
    x: (request) => columns[shown.indexOf(request)]?.x ?? left,
  };
}

const sameAs = (token) => (row) =>
  row === token || (token?.altered && row?.altered === token.altered);

// Where a moment lies: between the columns around it, and never quite on one of them.
function xOf(at, { columns, right, unit }) {
  const next = columns.findIndex((column) => column.at > at);
  if (next === -1) return right;
  if (next === 0) return columns[0].x;
  const [a, b] = [columns[next - 1], columns[next]];
  const margin = Math.min(0.9 * unit, (b.x - a.x) / 3);
  const exact = a.x + ((at - a.at) / (b.at - a.at)) * (b.x - a.x);
  return Math.min(b.x - margin, Math.max(a.x + margin, exact));
}

function draw(chart) {
  return [
    ...nowLine(chart),
    ...chart.rows.flatMap((token) => row(chart, token)),
    ...gaps(chart), // over the bars, which they break
    ...chart.shown.flatMap((request) => mark(chart, request)),
  ];
}

function gaps({ columns, top, height, unit }) {
  return columns.slice(1).flatMap((column, i) => {
    const passed = column.at - columns[i].at;
    if (passed < 20) return [];
    const x = (columns[i].x + column.x) / 2;
    return [
      ...breakAt(x, top, height, passed < 86400 ? 0.25 * unit : 0.45 * unit, unit),
      text(`+${roughly(passed)}`, { class: "gap-label", x, y: top - 0.35 * unit }),
    ];
  });
}

// Two zigzags and nothing between them: here the axis leaves time out, the wider the more.
function breakAt(x, top, bottom, half, unit) {
  const edge = (from) => {
    const points = [];
    for (let y = top, i = 0; y <= bottom; y += 0.35 * unit, i += 1)
      points.push(`${from + (i % 2 ? 0.12 : -0.12) * unit},${y}`);
    return points;
  };
  const [one, other] = [edge(x - half), edge(x + half)];
  return [
    shape("polygon", { class: "break", points: [...one, ...other.toReversed()].join(" ") }),
    shape("polyline", { class: "gap", points: one.join(" ") }),
    shape("polyline", { class: "gap", points: other.join(" ") }),
  ];
}

function nowLine({ columns, top, height, unit }) {
  const { x } = columns.at(-1);
  return [
    shape("line", { class: "now", x1: x, x2: x, y1: top, y2: height }),
    text("now", { class: "now-label", x, y: 0.85 * unit }),
  ];
}

function row(chart, token) {
  const y = chart.y(token);
  const label = text(token?.name ?? (chart.others ? "others" : "no token"), {
    class: "row-label",
    x: 0,
    y: y + 0.3 * chart.unit,
  });
  if (!token) return [label];
  if (token.altered) return alteredRow(chart, token, label, y);
  const from = chart.x(token.request);
  const end = endOf(token);
  const dead = end <= chart.now;
  const retired = dead && end < token.exp;
  const to = retired
    ? chart.x(token.retired)
    : dead
      ? xOf(token.exp, chart)
      : chart.columns.at(-1).x;
  const height = 0.8 * chart.unit;
  const box = { y: y - height / 2, height, rx: 0.2 * chart.unit };
  const parts = [
    label,
    // From the request that brought it.
    shape("line", { class: "birth", x1: from, x2: from, y1: chart.y(token.request.token), y2: y }),
    shape("rect", { class: `life ${token.type}`, x: from, width: Math.max(0, to - from), ...box }),
  ];
  if (retired) {
    // What it had left, which nobody accepts any more.
    const lost = token.exp <= chart.now ? xOf(token.exp, chart) : chart.width;
    const width = Math.max(0, lost - to);
    parts.push(shape("rect", { class: `lost ${token.type}`, x: to, width, ...box }));
  } else if (!dead) {
    const rest = { class: `rest ${token.type}`, x: to, width: chart.width - to, ...box };
    parts.push(shape("rect", rest));
  }
  if (dead) {
    const line = { class: "end", x1: to, x2: to, y1: y - height, y2: y + height };
    parts.push(shape("line", line));
  }
  return parts;
}

// No life of its own: the signature fits nothing. Only where it was made, and of what.
function alteredRow(chart, token, label, y) {
  const request = chart.shown.find((each) => sameAs(token)(each.shownAs));
  const x = chart.x(request);
  label.textContent = "altered";
  label.setAttribute("class", "row-label altered");
  return [
    label,
    shape("line", { class: "birth", x1: x, x2: x, y1: chart.y(token.altered), y2: y }),
    shape("line", { class: "forged", x1: x, x2: chart.columns.at(-1).x, y1: y, y2: y }),
  ];
}

const MARKS = { good: "●", bad: "◆", none: "▲" };

function mark(chart, request) {
  const [x, y, unit] = [chart.x(request), chart.y(drawnOn(request)), chart.unit];
  return [
    text(MARKS[request.outcome], { class: `mark ${request.outcome}`, x, y: y + 0.42 * unit }),
    text(request.status || "–", { class: `status ${request.outcome}`, x, y: y - 0.75 * unit }),
  ];
}

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function text(content, attributes) {
  const element = shape("text", attributes);
  element.textContent = content;
  return element;
}

function inWords(tokens, requests, now) {
  if (!requests.length) return "Timeline: no request yet.";
  const lives = tokens.map(({ name, exp, retired }) => {
    const refused = config.sessions ? "is refused" : "is on the blacklist";
    const state = exp <= now ? "has expired" : retired ? refused : "is alive";
    return `${name} ${state}`;
  });
  const good = requests.filter(({ outcome }) => outcome === "good").length;
  return `Timeline: ${requests.length} requests, ${good} of them accepted. ${lives.join(", ")}.`;
}
