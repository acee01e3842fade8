// --- data and elements: every text becomes a text node, never markup -------------------------------------------------
const data = JSON.parse(document.getElementById("fluo-data").textContent);
const text = (number) => data.strings[number];
const fragment = data.kind === "fragment";

function el(tag, name, content) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (content !== undefined) say(node, content);
  return node;
}

// Runs of right-to-left text are kept apart, so that they cannot reorder the words around them.
const RTL = /([\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]+)/u;
function say(node, content) {
  const pieces = content.split(RTL);
  pieces.forEach((piece, number) => {
    if (number % 2) node.append(Object.assign(document.createElement("bdi"), { textContent: piece }));
    else if (piece) node.append(piece);
  });
  return node;
}

function button(name, content, act) {
  const node = el("button", name, content);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

const MARKS = { violated: "\u2717", inconclusive: "?", pending: "\u2026", satisfied: "\u2713", vacuous: "\u00b7" };
const many = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

// --- spans by number -------------------------------------------------------------------------------------------------
const traceOf = [];
data.traces.forEach((trace, number) => trace.ids.forEach(() => traceOf.push(number)));
function span(key) {
  const trace = data.traces[traceOf[key]];
  const at = key - trace.first;
  return {
    key, trace, at, id: trace.ids[at], name: text(trace.names[at]), service: text(trace.services[at]),
    up: trace.up[at] < 0 ? -1 : trace.up[at] + trace.first, start: trace.starts[at], end: trace.ends[at],
    kind: data.kinds[trace.kind[at]], failed: (trace.bits[at] & 1) > 0, stray: (trace.bits[at] & 2) > 0,
    more: trace.more[at] || [],
  };
}
const label = (one) => `${one.name} ${one.id.slice(0, 8)}`;

const services = new Map();
for (const trace of data.traces) {
  for (const number of trace.services) if (!services.has(number)) services.set(number, services.size);
}
const HUES = 10;
const hue = (one) => `s${services.get(one.trace.services[one.at]) % HUES}`;

// --- times, as proofs write them -------------------------------------------------------------------------------------
const LARGE = [["d", 864e11], ["h", 36e11], ["min", 6e10], ["s", 1e9]];
const SMALL = [["ms", 1e6], ["\u00b5s", 1e3], ["ns", 1]];
function duration(nanoseconds) {
  if (nanoseconds < 0) return `-${duration(-nanoseconds)}`;
  for (let at = 0; at < 3; at += 1) {
    const [unit, size] = LARGE[at];
    if (nanoseconds >= size) {
      const rest = Math.floor((nanoseconds % size) / LARGE[at + 1][1]);
      return `${Math.floor(nanoseconds / size)} ${unit}${rest ? ` ${rest} ${LARGE[at + 1][0]}` : ""}`;
    }
  }
  const units = [["min", 6e10], LARGE[3], ...SMALL];
  for (let at = 1; at < units.length; at += 1) {
    const [unit, size] = units[at];
    if (nanoseconds >= size) {
      const rounded = Math.round((nanoseconds / size) * 1000) / 1000;
      return rounded === units[at - 1][1] / size ? `1 ${units[at - 1][0]}` : `${rounded} ${unit}`;
    }
  }
  return "0 s";
}
function instant(after) {
  const whole = BigInt(data.base) + BigInt(Math.round(after));
  const moment = new Date(Number(whole / 1000000n));
  if (Number.isNaN(moment.getTime())) return `${whole} ns`;
  const digits = String(whole % 1000000000n).padStart(9, "0");
  const fraction = /^...(0{6})$/.test(digits) ? digits.slice(0, 3) : /000$/.test(digits) ? digits.slice(0, 6) : digits;
  return `${moment.toISOString().slice(0, 19).replace("T", " ")}.${fraction} UTC`;
}
function took(one) {
  if (one.start === null) return "no start";
  return one.end === null ? "never ended" : duration(one.end - one.start);
}
