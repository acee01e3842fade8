// --- the proof: a tree of sentences ----------------------------------------------------------------------------------
const BLOCK = /^(when|always|never) {2}(.*)$/;
const LEAD = /^(nearest|next|pending|inconclusive|violated|satisfied): /;

function proofTree(entry, lights) {
  const tree = el("div", "proof");
  tree.setAttribute("role", "tree");
  tree.setAttribute("aria-label", "Proof");
  const rows = [];
  const own = (item) => new Set([...item[2].map((key) => `s${key}`), ...item[3].map((number) => `g${number}`)]);
  const below = (item) => {
    const keys = own(item);
    if (!keys.size) for (const child of item[4]) for (const key of below(child)) keys.add(key);
    return keys;
  };
  const add = (item, depth, parent) => {
    const row = premise(item, depth);
    const known = { node: row, parent, open: item[4].length > 0 };
    rows.push(known);
    tree.append(row);
    lights.premise(row, own(item), below(item));
    item[4].forEach((child) => add(child, depth + 1, known));
  };
  entry.items.forEach((item) => add(item, 1, null));
  const toggle = (node) => {
    const row = rows.find((one) => one.node === node);
    row.open = !row.open;
    node.setAttribute("aria-expanded", String(row.open));
    for (const one of rows) {
      let up = one.parent;
      while (up && up.open) up = up.parent;
      one.node.hidden = Boolean(up);
    }
  };
  tree.addEventListener("click", (event) => {
    const twisty = event.target.closest(".twisty");
    if (twisty) toggle(twisty.closest(".premise"));
  });
  navigate(tree, toggle);
  return tree;
}

function premise([holds, said, spans, , children], depth) {
  const row = el("div", `premise ${holds < 0 ? "note" : holds ? "holds" : "fails"}`);
  row.setAttribute("role", "treeitem");
  row.setAttribute("aria-level", depth);
  row.tabIndex = -1;
  row.style.setProperty("--depth", depth - 1);
  if (children.length) {
    row.setAttribute("aria-expanded", "true");
    const twisty = el("span", "twisty");
    twisty.setAttribute("aria-hidden", "true");
    row.append(twisty);
  } else row.append(el("span", "no-twisty"));
  if (holds >= 0) {
    const mark = el("span", "mark", holds ? "\u2713" : "\u2717");
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", holds ? "holds:" : "fails:");
    row.append(mark);
  }
  row.append(sentence(text(said), spans.map(span)));
  return row;
}

// A sentence with its first word set off, and each span that it names marked with the colour of its service.
function sentence(words, spans) {
  const node = el("span", "said");
  const block = BLOCK.exec(words);
  const lead = LEAD.exec(words);
  let rest = words;
  let into = node;
  if (block) {
    node.append(el("b", "block", block[1]), " ");
    rest = block[2];
    if (!spans.length) into = node.appendChild(el("code", "rule-text"));
  } else if (lead) {
    node.append(el("b", "lead", lead[1]), " ");
    rest = words.slice(lead[0].length);
  }
  const names = new Map(spans.map((one) => [label(one), one]));
  while (rest) {
    let found = null;
    for (const [name, one] of names) {
      const at = rest.indexOf(name);
      if (at >= 0 && (!found || at < found.at)) found = { at, name, one };
    }
    if (!found) break;
    say(into, rest.slice(0, found.at));
    into.append(el("span", `cite ${hue(found.one)}`, found.name));
    rest = rest.slice(found.at + found.name.length);
  }
  say(into, rest);
  return node;
}
