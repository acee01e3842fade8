// --- light and dark --------------------------------------------------------------------------------------------------
const root = document.documentElement;
const dark = window.matchMedia("(prefers-color-scheme: dark)");
function remembered() {
  try { return localStorage.getItem("fluo-theme"); } catch { return null; }
}
function paint(theme) {
  root.dataset.theme = theme || (dark.matches ? "dark" : "light");
}
paint(remembered());
if (window.self !== window.top) root.classList.add("framed"); // in a notebook
dark.addEventListener("change", () => paint(remembered()));
function turn() {
  paint(root.dataset.theme === "dark" ? "light" : "dark");
  try { localStorage.setItem("fluo-theme", root.dataset.theme); } catch { /* a file may have no storage */ }
}

// --- one violation ---------------------------------------------------------------------------------------------------
function inner(entry) {
  const box = el("div", "inner");
  const lights = new Lights(box);
  const panel = el("div", "panel");
  const show = (one) => panel.replaceChildren(one);
  const left = el("section", "traces");
  if (entry.traces.length || entry.ghosts.length) {
    left.append(waterfall(entry, lights, show), legend(entry), panel);
  }
  const right = el("section", "why");
  if (entry.items.length) right.append(proofTree(entry, lights));
  else right.append(el("p", "quiet", "Its proof was not built: --max-proofs tells for how many violations of a rule it is."));
  box.append(left, right);
  return box;
}

// Traces without a proof, for a notebook.
function alone(entry) {
  const box = el("div", "inner alone");
  const panel = el("div", "panel");
  const left = el("section", "traces");
  left.append(waterfall(entry, new Lights(box), (one) => panel.replaceChildren(one)), legend(entry), panel);
  box.append(left);
  return box;
}

function legend(entry) {
  const box = el("div", "legend");
  const seen = new Map();
  for (const number of entry.traces) {
    const trace = data.traces[number];
    trace.services.forEach((name) => seen.set(name, `s${services.get(name) % HUES}`));
  }
  for (const [name, colour] of [...seen].slice(0, 16)) {
    const one = el("span", `service ${colour}`);
    one.append(el("i", "dot"), el("span", "", text(name) || "no service"));
    box.append(one);
  }
  if (entry.ghosts.length) {
    const one = el("span", "service absent");
    one.append(el("i", "dot"), el("span", "", "not there"));
    box.append(one);
  }
  return box;
}

let numbers = 0;
function violation(entry) {
  const verdict = data.verdicts[entry.verdict];
  const item = el("li", `violation ${entry.excused ? "excused" : verdict}`);
  const id = `v${numbers += 1}`;
  const head = button("head", "", () => toggle());
  head.setAttribute("aria-expanded", "false");
  head.setAttribute("aria-controls", id);
  const mark = el("span", "mark", entry.excused ? "\u25cb" : MARKS[verdict]);
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", entry.excused ? `${verdict}, not counted` : verdict);
  const words = el("span", "words");
  words.append(el("span", "sentence", (verdict === "violated" || data.kind === "explain" ? "" : `${verdict}: `) + text(entry.said)));
  const facts = [text(entry.where), entry.print && `fingerprint ${entry.print}`, entry.times > 1 && `${entry.times} times`];
  words.append(el("span", "facts", facts.filter(Boolean).join(" \u00b7 ")));
  head.append(mark, words);
  const body = el("div", "body");
  body.id = id;
  body.hidden = true;
  const toggle = (open = body.hidden) => {
    if (open && !body.firstChild) body.append(inner(entry));
    body.hidden = !open;
    head.setAttribute("aria-expanded", String(open));
  };
  item.append(head, body);
  return { item, toggle, entry, head };
}

// --- the violations of one rule, in pages ----------------------------------------------------------------------------
const PAGE = 20;
function section(rule, number) {
  const all = data.entries.filter((entry) => entry.rule === number);
  const box = el("section", "rule");
  box.id = `rule-${number}`;
  const title = el("h2");
  title.append(el("span", "id", rule.id), badge(rule.severity, data.kind === "explain" && !data.bad ? "" : "violated"));
  const total = all.reduce((sum, entry) => sum + entry.times, 0);
  title.append(el("span", "total", data.kind === "explain" ? "" : total.toLocaleString("en")));
  box.append(title);
  if (rule.title) box.append(el("p", "title", rule.title));
  const list = el("ol", "violations");
  const pager = el("nav", "pager");
  pager.setAttribute("aria-label", `Pages of ${rule.id}`);
  box.append(list, pager);
  let found = all;
  let page = 0;
  let shown = [];
  const draw = () => {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    page = Math.min(page, pages - 1);
    shown = found.slice(page * PAGE, (page + 1) * PAGE).map(violation);
    list.replaceChildren(...shown.map((one) => one.item));
    pager.replaceChildren();
    box.hidden = !found.length;
    if (pages === 1) return;
    const go = (to) => { page = to; draw(); box.scrollIntoView({ block: "start" }); };
    const back = button("", "Previous", () => go(page - 1));
    const on = button("", "Next", () => go(page + 1));
    back.disabled = page === 0;
    on.disabled = page === pages - 1;
    const from = page * PAGE + 1;
    const to = Math.min(found.length, from + PAGE - 1);
    pager.append(back, el("span", "", `${from.toLocaleString("en")}\u2013${to.toLocaleString("en")} of ${found.length.toLocaleString("en")}`), on);
  };
  draw();
  return {
    box,
    filter(keep) { found = all.filter(keep); page = 0; draw(); return found.length; },
    openFirst() { if (shown.length) shown[0].toggle(true); },
    openAll() { shown.forEach((one) => one.toggle(true)); },
    show(entry) {
      const at = found.indexOf(entry);
      if (at < 0) return false;
      page = Math.floor(at / PAGE);
      draw();
      const one = shown.find((each) => each.entry === entry);
      one.toggle(true);
      one.item.scrollIntoView({ block: "start" });
      return true;
    },
  };
}

function badge(severity, verdict = "violated") {
  return el("span", `severity ${verdict === "violated" ? severity : ""}`, severity);
}

// --- summary ---------------------------------------------------------------------------------------------------------
function summary(jump) {
  const box = el("section", "summary");
  const worst = (rule) => { const at = rule.counts.findIndex((count) => count > 0); return at < 0 ? 9 : at; };
  const order = data.rules.map((rule, number) => ({ rule, number })).sort((a, b) => worst(a.rule) - worst(b.rule));
  const named = (verdicts) => order.filter(({ rule }) => verdicts.includes(data.verdicts[worst(rule)] || "vacuous"));
  const telling = named(["violated", "inconclusive", "pending"]);
  const fine = named(["satisfied"]);
  const silent = named(["vacuous"]);
  const table = (rows) => rulesTable(rows, worst, jump);
  // What holds is worth a line each only where there is nothing else, or little of it.
  const above = telling.length && fine.length > 6 ? telling : [...telling, ...fine];
  if (above.length) box.append(table(above));
  if (above === telling) box.append(folder(`${many(fine.length, "rule")} satisfied`, table(fine)));
  if (silent.length && above.length) box.append(folder(`${many(silent.length, "rule")} with nothing to say here (vacuous)`, table(silent)));
  else if (silent.length) box.append(table(silent));
  if (data.problems.length) box.append(folder(many(data.problems.length, "problem") + " of the input", problems(), "problems"));
  if (data.inputs.length) {
    const list = el("ul", "inputs");
    data.inputs.forEach(([name, format, spans]) => list.append(el("li", "", `${name} \u00b7 ${format} \u00b7 ${spans}`)));
    box.append(folder(many(data.inputs.length, "input"), list));
  }
  return box;
}

function rulesTable(rows, worst, jump) {
  const table = el("table", "rules");
  const head = table.createTHead().insertRow();
  for (const name of ["Rule", "Severity", "Scopes by verdict"]) head.append(Object.assign(el("th", "", name), { scope: "col" }));
  const body = table.createTBody();
  for (const { rule, number } of rows) {
    const row = body.insertRow();
    const verdict = data.verdicts[worst(rule)] || "vacuous";
    row.className = rule.excused ? "excused" : verdict;
    const name = el("div", "named");
    row.insertCell().append(name);
    const mark = el("span", "mark", rule.excused ? "\u25cb" : MARKS[verdict]);
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", rule.excused ? `${verdict}, not counted` : verdict);
    const words = el("span", "words");
    const has = data.entries.some((entry) => entry.rule === number);
    words.append(has ? button("link", rule.id, () => jump(number)) : el("span", "id", rule.id));
    if (rule.title) words.append(el("span", "title", rule.title));
    if (rule.missing && verdict !== "vacuous") words.append(el("span", "title", `missing: ${rule.missing}`));
    name.append(mark, words);
    row.insertCell().append(badge(rule.severity, rule.excused ? "excused" : verdict));
    row.insertCell().append(counts(rule));
  }
  const frame = el("div", "frame");
  frame.append(table);
  return frame;
}

function problems() {
  const list = el("ul", "inputs");
  for (const [code, place, message, count, rejected] of data.problems) {
    const times = count > 1 ? ` (${count.toLocaleString("en")} times)` : "";
    list.append(el("li", rejected ? "rejected" : "", `${rejected ? "rejected" : "warning"} ${code} \u00b7 ${place}: ${message}${times}`));
  }
  return list;
}

function folder(title, content, name) {
  const box = el("details", name || "");
  box.append(el("summary", "", title), content);
  return box;
}

function counts(rule) {
  const box = el("div", "counts");
  const total = rule.counts.reduce((sum, count) => sum + count, 0);
  const strip = el("div", "strip");
  strip.setAttribute("aria-hidden", "true");
  rule.counts.forEach((count, at) => {
    if (!count) return;
    const part = el("i", data.verdicts[at]);
    part.style.flexGrow = String(Math.max(count / total, 0.02));
    strip.append(part);
  });
  const words = rule.counts.map((count, at) => count && `${count.toLocaleString("en")} ${data.verdicts[at]}`).filter(Boolean);
  box.append(strip, el("span", "", words.join(" \u00b7 ") || "no scope"));
  return box;
}

// --- the page --------------------------------------------------------------------------------------------------------
function start() {
  const place = document.getElementById("fluo");
  if (data.kind === "traces") {
    root.classList.add("fragment");
    place.append(...data.entries.map(alone));
    return;
  }
  if (fragment) {
    root.classList.add("fragment");
    place.append(...data.entries.map((entry) => {
      const one = violation(entry);
      one.toggle(true);
      const list = el("ol", "violations");
      list.append(one.item);
      return list;
    }));
    return;
  }
  const head = el("header", "top");
  const line = el("div", "top-line");
  line.append(el("span", "brand", "fluo"), button("theme", "Light / dark", turn));
  head.append(line, el("h1", data.bad ? "bad" : "", data.headline), el("p", "read", data.subline));
  place.append(head);
  const main = el("main");
  const sections = new Map();
  const jump = (number) => {
    sections.get(number).box.scrollIntoView({ block: "start" });
    sections.get(number).box.querySelector(".head").focus({ preventScroll: true });
  };
  if (data.kind === "check") main.append(summary(jump));
  const used = data.rules.map((rule, number) => number).filter((number) => data.entries.some((entry) => entry.rule === number));
  if (data.entries.length > 5 && data.kind === "check") main.append(search(sections));
  for (const number of used) {
    const one = section(data.rules[number], number);
    sections.set(number, one);
    main.append(one.box);
  }
  place.append(main);
  const first = sections.get(used[0]);
  if (first && data.kind === "explain") first.openAll();
  else if (first) first.openFirst();
  const linked = () => {
    const entry = data.entries.find((one) => one.print && location.hash === `#${one.print}`);
    if (entry) sections.get(entry.rule).show(entry);
  };
  window.addEventListener("hashchange", linked);
  linked();
  main.addEventListener("keydown", (event) => {
    if (!event.target.classList.contains("head") || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    const heads = [...main.querySelectorAll(".head")].filter((node) => node.offsetParent);
    const next = heads[heads.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) { next.focus(); event.preventDefault(); }
  });
}

function search(sections) {
  const box = el("div", "search");
  const field = el("input");
  field.type = "search";
  field.placeholder = "Filter by sentence, scope or fingerprint";
  field.setAttribute("aria-label", field.placeholder);
  const told = el("span", "told", "");
  told.setAttribute("role", "status");
  const apply = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const keep = (entry) => {
      const all = `${data.rules[entry.rule].id} ${data.verdicts[entry.verdict]} ${text(entry.said)} ${text(entry.where)} ${entry.print}`.toLowerCase();
      return words.every((word) => all.includes(word));
    };
    const left = [...sections.values()].reduce((sum, one) => sum + one.filter(keep), 0);
    told.textContent = words.length ? `${left.toLocaleString("en")} of ${data.entries.length.toLocaleString("en")}` : "";
  };
  let waiting = 0;
  field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
  box.append(field, told);
  return box;
}

start();
