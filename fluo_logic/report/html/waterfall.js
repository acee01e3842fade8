// --- the traces of a violation: spans in the order of the tree, bars on a time axis ----------------------------------
const FEW = 40;
const BESIDE = 4;
const percent = (share) => `${(share * 100).toFixed(3)}%`;

// Where an absent span could have been, open at the side where nothing bounds it (null).
function windowOf(ghost) {
  if (ghost.anchor < 0) return [null, null];
  const one = span(ghost.anchor);
  const begin = one.start === null ? one.end : one.start;
  const end = one.end === null ? begin : one.end;
  if (ghost.place === "after") return [end, ghost.within === null ? null : end + ghost.within];
  if (ghost.place === "before") return [ghost.within === null ? null : begin - ghost.within, begin];
  return [begin, end];
}

// The spans of a trace that are shown at once: all of a small one; of a large one those cited, above, and just below.
function shownOf(trace, cited, ghosts) {
  const all = trace.ids.map((_, at) => trace.first + at);
  if (all.length <= FEW) return new Set(all);
  const shown = new Set();
  const wanted = all.filter((key) => cited.has(key) || ghosts.some((ghost) => ghost.anchor === key));
  for (let key of wanted.length ? wanted : all.slice(0, FEW)) {
    for (; key >= 0 && !shown.has(key); key = span(key).up) shown.add(key);
  }
  const below = new Map();
  for (const key of all) {
    const { up } = span(key);
    if (up < 0) { if (shown.size < FEW) shown.add(key); continue; }
    if (wanted.includes(up)) {
      below.set(up, (below.get(up) || 0) + 1);
      if (below.get(up) <= BESIDE) shown.add(key);
    }
  }
  return shown;
}

// The rows of one trace: spans with their depth, gaps that open, gaps that are not in this file, absent spans.
function rowsOf(trace, shown, ghosts) {
  const rows = [];
  const depth = new Map();
  const lost = new Map(trace.gaps);
  let gap = [];
  const flush = (level) => {
    if (gap.length) rows.push({ gap, level: level });
    gap = [];
  };
  trace.ids.forEach((_, at) => {
    const key = trace.first + at;
    const one = span(key);
    depth.set(key, one.up < 0 ? 0 : depth.get(one.up) + 1);
    if (lost.has(at)) { flush(depth.get(key)); rows.push({ lost: lost.get(at), level: depth.get(key) }); }
    if (!shown.has(key)) { gap.push(key); return; }
    flush(depth.get(key));
    rows.push({ one, level: depth.get(key) });
  });
  flush(1);
  if (lost.has(trace.ids.length)) rows.push({ lost: lost.get(trace.ids.length), level: 1 });
  ghosts.forEach(({ ghost, number }) => {
    const at = rows.findIndex((row) => row.one && row.one.key === ghost.anchor);
    const level = at < 0 ? 0 : rows[at].level;
    const row = { ghost, number, level };
    let place = rows.length;
    if (at >= 0) {
      place = at + 1;
      if (["child of", "descendant of", "during"].includes(ghost.place)) row.level = level + 1;
      else if (["before", "parent of", "ancestor of", "covers"].includes(ghost.place)) place = at;
      else while (place < rows.length && rows[place].level > level) place += 1;
    }
    rows.splice(place, 0, row);
  });
  return rows;
}

function waterfall(entry, lights, chosen) {
  const box = el("div", "waterfall");
  const cited = new Set(entry.cited);
  const names = new Map(entry.labels.map(([key, name]) => [key, text(name)]));
  const opened = new Set();
  const draw = () => {
    box.replaceChildren();
    lights.rows.clear();
    const ghosts = entry.ghosts.map((ghost, number) => ({ ghost, number }));
    const last = entry.traces.length - 1;
    const parts = entry.traces.map((number, at) => {
      const trace = data.traces[number];
      const inside = ({ ghost }) => (ghost.anchor < 0 ? at === last : traceOf[ghost.anchor] === number);
      const own = ghosts.filter(inside);
      const shown = shownOf(trace, cited, entry.ghosts);
      trace.ids.forEach((_, place) => { if (opened.has(trace.first + place)) shown.add(trace.first + place); });
      return { trace, rows: rowsOf(trace, shown, own) };
    });
    const scale = scaleOf(parts.flatMap((part) => part.rows), entry);
    box.append(axis(scale));
    const body = el("div", "rows");
    body.setAttribute("role", "tree");
    body.setAttribute("aria-label", "Spans");
    body.append(backdrop(scale, entry));
    const begins = parts.map(({ trace }) => earliest(trace)).filter((time) => time !== null);
    for (const { trace, rows } of parts) {
      // A trace of one span is its own heading.
      const single = parts.length > 1 && rows.length === 1;
      if (parts.length > 1 && !single) body.append(heading(trace, Math.min(...begins)));
      for (const row of rows) {
        if (row.one) body.append(spanRow(row, scale, cited, names, lights, chosen, single));
        else if (row.ghost) body.append(ghostRow(row, scale, lights, chosen));
        else body.append(gapRow(row, () => { row.gap.forEach((key) => opened.add(key)); draw(); }));
      }
    }
    if (entry.more) body.append(el("div", "lost", `${many(entry.more, "more trace")} of this scope`));
    box.append(body);
    navigate(body, (node) => node.click());
  };
  draw();
  return box;
}

function scaleOf(rows, entry) {
  const busy = [];
  const points = [];
  for (const { one } of rows) {
    if (!one) continue;
    if (one.start !== null && one.end !== null) busy.push([Math.min(one.start, one.end), Math.max(one.start, one.end)]);
    else if (one.start !== null || one.end !== null) points.push(one.start === null ? one.end : one.start);
  }
  const windows = entry.windows.map(([start, length]) => [start, start + length]);
  const all = [...busy.flat(), ...points];
  if (!all.length) return null;
  const length = Math.max(...all) - Math.min(...all);
  for (const ghost of entry.ghosts) {
    const [from, to] = windowOf(ghost);
    if (from !== null && to !== null && ghost.within !== null) windows.push([from, to]);
    // Room for what was expected before the first or after the last time that is known.
    if (from === null && to !== null) points.push(Math.min(to - Math.max(length, 1000) * 0.15, Math.min(...all)));
    if (to === null && from !== null) points.push(Math.max(from + Math.max(length, 1000) * 0.15, Math.max(...all)));
  }
  for (const one of windows) points.push(...one);
  return makeScale(busy, points, windows);
}

function axis(scale) {
  const row = el("div", "axis");
  row.append(el("div", "name", scale ? `from ${instant(scale.first)}` : "no times"));
  const time = el("div", "time");
  for (const tick of scale ? scale.ticks : []) {
    if (tick.x > 0.94) continue;
    const node = el("span", "tick", tick.label);
    node.style.left = percent(tick.x);
    time.append(node);
  }
  for (const piece of scale ? scale.pieces : []) {
    if (!piece.fold) continue;
    const node = el("span", "folded", duration(piece.to - piece.from));
    node.title = `${duration(piece.to - piece.from)} without a span, folded`;
    node.style.left = percent(piece.x);
    node.style.width = percent(piece.width);
    time.append(node);
  }
  row.append(time, el("div", "took", ""));
  return row;
}

function backdrop(scale, entry) {
  const node = el("div", "backdrop");
  node.setAttribute("aria-hidden", "true");
  if (!scale) return node;
  const band = (name, from, to) => {
    const one = el("div", name);
    one.style.left = percent(from);
    if (to !== undefined) one.style.width = percent(Math.max(0, to - from));
    node.append(one);
  };
  scale.ticks.forEach((tick) => band("line", tick.x));
  scale.pieces.filter((piece) => piece.fold).forEach((piece) => band("fold", piece.x, piece.x + piece.width));
  entry.windows.forEach(([start, length]) => band("window", scale.at(start), scale.at(start + length)));
  return node;
}

function earliest(trace) {
  const starts = trace.starts.filter((time) => time !== null);
  return starts.length ? Math.min(...starts) : null;
}

function heading(trace, begin) {
  const row = el("div", "trace");
  row.append(el("span", "", "trace "), el("code", "", trace.id.slice(0, 16)));
  const start = earliest(trace);
  if (start !== null && start > begin) row.append(el("span", "after", `begins ${duration(start - begin)} later`));
  return row;
}

function rowOf(name, level) {
  const row = el("div", `row ${name}`);
  row.setAttribute("role", "treeitem");
  row.setAttribute("aria-level", level + 1);
  row.tabIndex = -1;
  const cell = el("div", "name");
  cell.style.setProperty("--depth", Math.min(level, 14));
  const time = el("div", "time");
  row.append(cell, time);
  return { row, cell, time };
}

function spanRow({ one, level }, scale, cited, names, lights, chosen, single) {
  const isCited = cited.has(one.key);
  const { row, cell, time } = rowOf(`span ${hue(one)}${isCited ? " cited" : ""}${one.failed ? " failed" : ""}`, level);
  row.dataset.span = one.id;
  cell.append(el("i", "dot"), el("span", "text", one.name || "(no name)"));
  if (names.has(one.key)) cell.append(el("span", "variable", names.get(one.key)));
  if (one.failed) cell.append(el("span", "flag", "error"));
  if (one.stray) cell.append(el("span", "flag", "parent not in the data"));
  if (single) cell.append(el("code", "whose", one.trace.id.slice(0, 8)));
  const begin = one.start === null ? one.end : one.start;
  if (begin !== null && scale) {
    const end = one.end === null ? begin : one.end;
    time.append(barOf(`bar${one.end === null ? " open" : ""}`, scale.at(Math.min(begin, end)), scale.at(Math.max(begin, end))));
  }
  row.append(el("div", "took", took(one)));
  row.setAttribute("aria-label", `${label(one)}, ${one.service || "no service"}, ${took(one)}${isCited ? ", cited by the proof" : ""}`);
  row.title = `${one.name}${one.service ? ` \u00b7 ${one.service}` : ""}`;
  lights.row(`s${one.key}`, row);
  const show = () => chosen(details(one));
  row.addEventListener("click", show);
  row.addEventListener("focus", show);
  return row;
}

function barOf(name, from, to) {
  const bar = el("div", name);
  bar.style.left = `min(${percent(from)}, 100% - 4px)`;
  bar.style.width = percent(Math.max(0, to - from));
  return bar;
}

function ghostRow({ ghost, number, level }, scale, lights, chosen) {
  const { row, cell, time } = rowOf(`ghost${ghost.expected ? "" : " merely"}`, level);
  row.dataset.ghost = number;
  const title = `${ghost.expected ? "expected" : "not there"}: ${text(ghost.name)}`;
  cell.append(el("i", "dot"), el("span", "text", title));
  if (scale) {
    const [from, to] = windowOf(ghost);
    time.append(barOf("bar", from === null ? 0 : scale.at(from), to === null ? 1 : scale.at(to)));
  }
  row.append(el("div", "took", ghost.within === null ? "" : `\u2264 ${duration(ghost.within)}`));
  row.title = [text(ghost.wanted), text(ghost.how)].filter(Boolean).join(" ");
  row.setAttribute("aria-label", `${title} ${text(ghost.how)}`);
  lights.row(`g${number}`, row);
  const show = () => chosen(absence(ghost));
  row.addEventListener("click", show);
  row.addEventListener("focus", show);
  return row;
}

function gapRow({ gap, lost, level }, open) {
  if (lost) {
    const row = el("div", "lost", `${many(lost, "more span")}, not in this file`);
    row.style.setProperty("--depth", Math.min(level, 14));
    return row;
  }
  const row = button("gap", `${many(gap.length, "more span")}`, open);
  row.style.setProperty("--depth", Math.min(level, 14));
  return row;
}

// --- what else is known of a span, or of one that is not there -------------------------------------------------------
function absence(ghost) {
  const box = el("dl", "details");
  const add = (name, value) => box.append(el("dt", "", name), el("dd", "", value));
  add(ghost.expected ? "expected" : "not there", text(ghost.wanted));
  if (text(ghost.how)) add("where", text(ghost.how));
  return box;
}

function details(one) {
  const box = el("dl", "details");
  const add = (name, value) => box.append(el("dt", "", name), el("dd", "", value));
  add("span", `${one.name} ${one.id}`);
  add("trace", one.trace.id);
  if (one.service) add("service", one.service);
  add("kind", one.kind + (one.failed ? ", status error" : ""));
  add("time", `${one.start === null ? "no start" : instant(one.start)} \u00b7 ${took(one)}`);
  for (let at = 0; at < one.more.length; at += 2) add(text(one.more[at]), text(one.more[at + 1]));
  if (!one.more.length && !data.complete) add("attributes", "left out of this large report, except those of cited spans");
  return box;
}
