// Which node of the new page is which node of the old one. Both trees are the server's words (base.js), so they are
// much alike; what the user and scripts did to the page doesn't come into it, but for `isClosed`. Touches no node.
//
// An element is recognised by identity (id, data-key, a field's name), else by likeness among its siblings in order,
// else, when it was wrapped or moved, by identity or likeness anywhere. Two elements whose identities differ are never
// the same: what was typed into one field must not turn up in another.

const FIELDS = new Set(["input", "select", "textarea", "button", "output"]);
const PRECIOUS = new Set(["video", "audio", "canvas", "iframe", "object", "input", "select", "textarea"]);
const STATEFUL = new Set(["form", "details", "dialog", ...PRECIOUS]);
const TELLING = ["type", "placeholder", "aria-label", "href", "src", "for", "role", "data-click", "data-submit"];
const WALK_LIMIT = 200; // nodes looked at for an element's likeness
const TABLE_LIMIT = 20000; // cells of the alignment table

const isCode = (node) =>
  node.localName === "script" && /^(|module|(text|application)\/(x-)?(java|ecma)script)$/i.test(node.type.trim());
const isStylesheet = (node) =>
  node.localName === "link" && /(^|\s)stylesheet(\s|$)/i.test(node.getAttribute("rel") || "");

// "/static/app.3f9ac1.js?v=2" -> "/static/app.js": the same file in another version.
function stem(url) {
  try {
    return new URL(url, location.href).pathname.replace(/[.-][0-9a-f]{6,}(?=\.)/gi, "");
  } catch {
    return url;
  }
}

// All names by which an element is known; the first is its best.
function identities(element) {
  const names = [];
  const get = (name) => element.getAttribute(name);
  const kind = element.localName;
  if (get("id")) names.push("#" + get("id"));
  if (get("data-key")) names.push("key " + get("data-key"));
  if (FIELDS.has(kind) && get("name")) {
    const choice = /^(radio|checkbox|submit)$/i.test(get("type") || "") || kind === "button";
    names.push("@" + get("name") + (choice ? "=" + (get("value") || "") : ""));
  }
  if (kind === "form" && get("action")) names.push("form " + get("action"));
  if (kind === "meta") {
    const name = get("name") || get("property") || get("http-equiv");
    if (name || get("charset")) names.push("meta " + (name || "charset"));
  }
  if (kind === "link") names.push("link " + get("rel") + " " + get("href"));
  if (isCode(element)) names.push("script " + element.type + " " + (get("src") || element.textContent));
  if (/^(html|head|body|title|base)$/.test(kind)) names.push(kind);
  return names.map((name) => kind + " " + name);
}

// Both are named in the same manner, by different names.
function contradict(a, b) {
  const [one, other] = [a.getAttribute("id"), b.getAttribute("id")];
  if (one !== other && (lastingIds.has(one) || lastingIds.has(other))) return true;
  const differ = (name) => a.hasAttribute(name) && b.hasAttribute(name) && a.getAttribute(name) !== b.getAttribute(name);
  return (
    differ("id") ||
    differ("data-key") ||
    (FIELDS.has(a.localName) && (differ("name") || (a.localName === "input" && differ("type") && isChoice(a, b))))
  );
}

// A text field may become a password field; a field can't become a tick box.
const isChoice = (a, b) => [a, b].some((each) => /^(radio|checkbox|file)$/i.test(each.getAttribute("type") || ""));

const traits = new WeakMap();

// What an element is like: its and its descendants' tags, classes, names and words.
function traitsOf(element) {
  let found = traits.get(element);
  if (found) return found;
  traits.set(element, (found = new Set()));
  const walker = element.ownerDocument.createTreeWalker(element, 5); // elements and texts
  let left = WALK_LIMIT;
  for (let node = element; node && left--; node = walker.nextNode()) {
    if (!isElement(node)) {
      for (const word of node.data.slice(0, 2000).split(/[^\p{L}\p{N}]+/u)) if (word) found.add(word.toLowerCase());
      continue;
    }
    if (node !== element) found.add("<" + node.localName);
    for (const name of node.classList) found.add("." + name);
    for (const name of identities(node)) found.add(name);
    for (const name of TELLING) if (node.hasAttribute(name)) found.add(name + "=" + node.getAttribute(name));
  }
  return found;
}

// Dice's coefficient, 0 to 1.
function likeness(a, b) {
  const one = traitsOf(a);
  const other = traitsOf(b);
  if (!one.size && !other.size) return 1;
  let common = 0;
  for (const trait of one) if (other.has(trait)) common++;
  return (2 * common) / (one.size + other.size);
}

// isEqualNode() doesn't look into templates.
let templates = false;
const equal = (a, b) => a.isEqualNode(b) && (!templates || !isElement(a) || a.outerHTML === b.outerHTML);

// How good it would be to take `a` for `b`; 0: they can't be the same.
function score(a, b) {
  if (a.nodeType !== b.nodeType || a.nodeName !== b.nodeName) return 0;
  if (!isElement(a)) return a.data !== b.data ? 0.05 : /\S/.test(a.data) ? 1 : 0.2;
  if (contradict(a, b)) return 0;
  if (equal(a, b)) return 1.2;
  if (/^(link|meta|base)$/.test(a.localName)) return 0;
  if (isCode(a) || isCode(b)) return scoreScripts(a, b);
  const alike = likeness(a, b);
  return PRECIOUS.has(a.localName) && alike < 0.2 ? 0 : 0.1 + alike;
}

function scoreScripts(a, b) {
  const [one, other] = [a.getAttribute("src"), b.getAttribute("src")];
  if (one !== null || other !== null) return one !== null && other !== null && stem(one) === stem(other) ? 1 : 0;
  const alike = likeness(a, b);
  return alike < 0.3 ? 0 : alike;
}

// The best pairs of two lists that keep their order, as [i, j]: the usual table, from the end.
function alignTable(olds, news) {
  const wide = news.length + 1;
  const best = new Float64Array((olds.length + 1) * wide);
  const cell = new Float64Array(olds.length * news.length);
  for (let i = olds.length - 1; i >= 0; i--) {
    for (let j = news.length - 1; j >= 0; j--) {
      const here = (cell[i * news.length + j] = score(olds[i], news[j]));
      const taken = here ? here + best[(i + 1) * wide + j + 1] : 0;
      best[i * wide + j] = Math.max(taken, best[(i + 1) * wide + j], best[i * wide + j + 1]);
    }
  }
  const pairs = [];
  for (let i = 0, j = 0; i < olds.length && j < news.length; ) {
    const here = cell[i * news.length + j];
    if (here && best[i * wide + j] === here + best[(i + 1) * wide + j + 1]) pairs.push([i++, j++]);
    else if (best[i * wide + j] === best[(i + 1) * wide + j]) i++;
    else j++;
  }
  return pairs;
}

// For long lists: the next one that can be the same, looking a few places ahead.
function alignGreedily(olds, news) {
  const pairs = [];
  let i = 0;
  news.forEach((fresh, j) => {
    for (let ahead = i; ahead < olds.length && ahead < i + 8; ahead++) {
      if (score(olds[ahead], fresh) > 0.5) {
        pairs.push([ahead, j]);
        i = ahead + 1;
        return;
      }
    }
  });
  return pairs;
}

// The nodes of a list that one identity names alone.
function index(nodes) {
  const found = new Map();
  for (const node of nodes) {
    if (!isElement(node)) continue;
    for (const name of identities(node)) found.set(name, found.has(name) ? null : node);
  }
  return found;
}

// Ids that both trees know: who has one may only be taken for its namesake, wherever that is.
let lastingIds = new Set();

function idsThatLast(oldRoot, newRoot) {
  const ids = (root) => new Set([...root.querySelectorAll("[id]")].map((each) => each.getAttribute("id")));
  const known = ids(oldRoot);
  return new Set([...ids(newRoot)].filter((id) => known.has(id)));
}

// Below a subtree that is unchanged as a whole, nodes have no partners of their own.
function isInside(set, node) {
  for (let up = node; up; up = up.parentNode) if (set.has(up)) return true;
  return false;
}

function match(oldRoot, newRoot) {
  lastingIds = idsThatLast(oldRoot, newRoot);
  templates = newRoot.querySelector("template");
  const oldOf = new Map(); // new node -> old node
  const taken = new Set(); // old nodes with a partner
  const same = new Set(); // nodes, old and new, whose whole subtree is unchanged, or isn't ours to change
  const robbed = new Set(); // old elements out of which one was taken to another place
  const holds = new Set(); // new elements without a partner that have a recognised one inside

  function pair(old, fresh) {
    oldOf.set(fresh, old);
    taken.add(old);
    if ((!robbed.has(old) && equal(old, fresh)) || isClosed(old)) same.add(old).add(fresh);
    else if (isElement(old) && old.localName !== "textarea" && old.localName !== "template") {
      align([...old.childNodes].filter((each) => !taken.has(each)), [...fresh.childNodes]);
    }
  }

  function align(olds, news) {
    let from = 0;
    let until = 0;
    const shortest = () => Math.min(olds.length, news.length);
    while (from < shortest() && equal(olds[from], news[from])) pair(olds[from], news[from++]);
    while (until < shortest() - from && equal(olds.at(-1 - until), news.at(-1 - until))) {
      pair(olds.at(-1 - until), news.at(-1 - until));
      until++;
    }
    olds = olds.slice(from, olds.length - until);
    news = news.slice(from, news.length - until);
    if (!olds.length || !news.length) return;
    byIdentity(index(olds), index(news));
    olds = olds.filter((each) => !taken.has(each));
    news = news.filter((each) => !oldOf.has(each));
    const pairs = olds.length * news.length > TABLE_LIMIT ? alignGreedily(olds, news) : alignTable(olds, news);
    for (const [i, j] of pairs) if (!taken.has(olds[i])) pair(olds[i], news[j]);
  }

  function byIdentity(olds, news) {
    for (const [name, fresh] of news) {
      const old = olds.get(name);
      if (old && fresh && !taken.has(old) && !oldOf.has(fresh) && !contradict(old, fresh)) pair(old, fresh);
    }
  }

  // Elements below `root` for which nobody was found; what is unchanged is skipped.
  function* alone(root, hasPartner) {
    for (const child of root.children) {
      if (same.has(child)) continue;
      if (!hasPartner(child)) yield child;
      if (!isClosed(child)) yield* alone(child, hasPartner);
    }
  }

  // A second look, across parents: what was wrapped, unwrapped or moved.
  function rescue() {
    const news = [...alone(newRoot, (each) => oldOf.has(each))];
    if (!news.length) return;
    const fixed = /^(link|script|style|meta)$/;
    const olds = [...alone(oldRoot, (each) => taken.has(each))].filter((each) => !fixed.test(each.localName));
    const known = index(olds);
    const few = olds.length * news.length <= TABLE_LIMIT;
    for (const fresh of news) {
      if (oldOf.has(fresh) || isInside(same, fresh)) continue; // found by a rescue before this one
      const free = (old) =>
        old && !taken.has(old) && old.nodeName === fresh.nodeName && !contradict(old, fresh) && !isInside(same, old);
      let old = identities(fresh).map((name) => known.get(name)).find(free);
      if (!old && few) old = mostAlike(olds.filter(free), fresh);
      if (!old) continue;
      pair(old, fresh);
      for (let up = old.parentNode; up; up = up.parentNode) robbed.add(up);
      for (let up = fresh.parentNode; up && !oldOf.has(up); up = up.parentNode) holds.add(up);
    }
  }

  function mostAlike(olds, fresh) {
    let best = null;
    let most = STATEFUL.has(fresh.localName) ? 0.5 : 0.8;
    for (const old of olds) {
      const alike = traitsOf(old).size ? likeness(old, fresh) : 0;
      if (alike >= most) [best, most] = [old, alike];
    }
    return best;
  }

  pair(oldRoot, newRoot);
  rescue();
  return { oldOf, taken, same, holds };
}
