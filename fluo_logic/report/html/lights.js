// --- lights: what is pointed at in the trace or in the proof shows in the other --------------------------------------
// Spans and absent spans have keys ("s12", "g0"); a premise has the keys it cites.  What is under the pointer is lit, or
// else what was chosen by a click, Enter or the focus.
class Lights {
  constructor(box) {
    this.box = box;
    this.rows = new Map();
    this.premises = [];
    this.chosen = null;
  }

  row(key, node) {
    if (!this.rows.has(key)) this.rows.set(key, new Set());
    this.rows.get(key).add(node);
    this.listen(node, () => ({ keys: new Set([key]), source: node }));
  }

  premise(node, own, below) {
    this.premises.push({ node, own });
    const keys = new Set(own.size ? own : below);
    this.listen(node, () => ({ keys, source: node }));
  }

  listen(node, what) {
    node.addEventListener("pointerenter", (event) => { if (event.pointerType !== "touch") this.show(what()); });
    node.addEventListener("pointerleave", () => this.show(this.chosen));
    node.addEventListener("focus", () => this.choose(what()));
    node.addEventListener("click", () => this.choose(what()));
  }

  choose(what) {
    this.chosen = what;
    this.show(what);
    this.reveal(what);
  }

  show(what) {
    this.box.querySelectorAll(".lit").forEach((node) => node.classList.remove("lit"));
    const keys = what ? what.keys : new Set();
    let lit = 0;
    for (const key of keys) {
      for (const node of this.rows.get(key) || []) {
        node.classList.add("lit");
        lit += 1;
      }
    }
    for (const { node, own } of this.premises) {
      if (node === (what && what.source) || (!(what && what.source.closest(".proof")) && [...own].some((key) => keys.has(key)))) {
        node.classList.add("lit");
      }
    }
    this.box.classList.toggle("lighting", lit > 0);
  }

  // What was chosen by hand is brought into sight in the other pane, if that scrolls by itself.
  reveal(what) {
    if (!what) return;
    const inProof = Boolean(what.source.closest(".proof"));
    const other = this.box.querySelector(inProof ? ".waterfall" : ".proof");
    const node = other && other.querySelector(".lit");
    if (!node || other.scrollHeight <= other.clientHeight) return;
    const [box, place] = [other.getBoundingClientRect(), node.getBoundingClientRect()];
    if (place.top < box.top + 40) other.scrollTop -= box.top + 40 - place.top;
    if (place.bottom > box.bottom - 8) other.scrollTop += place.bottom - box.bottom + 8;
  }
}

// --- trees by keyboard: arrows, Home, End; one stop for Tab ----------------------------------------------------------
function navigate(tree, toggle) {
  const all = () => [...tree.querySelectorAll('[role="treeitem"]')].filter((node) => !node.hidden);
  const level = (node) => Number(node.getAttribute("aria-level"));
  const go = (node) => {
    if (!node) return;
    tree.querySelectorAll('[role="treeitem"][tabindex="0"]').forEach((one) => { one.tabIndex = -1; });
    node.tabIndex = 0;
    node.focus();
  };
  tree.addEventListener("keydown", (event) => {
    const now = event.target;
    if (now.getAttribute("role") !== "treeitem" || event.altKey || event.ctrlKey || event.metaKey) return;
    const nodes = all();
    const at = nodes.indexOf(now);
    const open = now.getAttribute("aria-expanded");
    switch (event.key) {
      case "ArrowDown": go(nodes[at + 1]); break;
      case "ArrowUp": go(nodes[at - 1]); break;
      case "Home": go(nodes[0]); break;
      case "End": go(nodes[nodes.length - 1]); break;
      case "ArrowRight":
        if (open === "false") toggle(now);
        else if (nodes[at + 1] && level(nodes[at + 1]) > level(now)) go(nodes[at + 1]);
        break;
      case "ArrowLeft":
        if (open === "true") toggle(now);
        else go(nodes.slice(0, at).reverse().find((node) => level(node) < level(now)));
        break;
      case "Enter": case " ":
        if (open !== null) toggle(now);
        else now.click();
        break;
      default: return;
    }
    event.preventDefault();
  });
  const first = tree.querySelector('[role="treeitem"]');
  if (first) first.tabIndex = 0;
}
