// The three-way merge: what the server said before (base), what it says now, and the page as it is. Applied is what the
// server changed; what only the user, a script or an extension changed stays.

// Make `live` follow the step from `base` to `fresh`; returns the new base. Synchronous.
// found: the pairs, if they are known already. sheets: stylesheets of `fresh` that are in the page already.
// kept: old nodes that stay although the server dropped them.
function merge(base, fresh, { found = match(base, fresh), sheets = new Map(), kept = new Set() } = {}) {
  const { oldOf, taken, same, holds } = found;
  const scripts = [];
  const changedScripts = [];
  const rootLive = twins.get(base);
  const restore = [keepScroll(), keepFocus(), keepFields(rootLive)];

  // Bring the live twin of a recognised node up to date.
  function sync(node) {
    const old = oldOf.get(node);
    const live = twins.get(old);
    if (same.has(node)) {
      if (old !== base) node.replaceWith(old); // the old words are the new ones, with their twins
      else bindAll(old, node);
      return;
    }
    bind(node, live);
    if (!isElement(node)) {
      if (live.data !== node.data) live.data = node.data;
      return;
    }
    syncAttributes(old, node, live);
    if (isCode(node)) changedScripts.push(node);
    else if (node.localName === "textarea") {
      if (old.defaultValue !== node.defaultValue) live.defaultValue = node.defaultValue;
    } else if (node.localName === "template") live.innerHTML = trusted("HTML", node.innerHTML);
    else syncChildren(node, live, old);
  }

  // The root is unchanged as a whole: nothing to replace it in.
  function bindAll(old, node) {
    bind(node, twins.get(old));
    node.replaceChildren(...old.childNodes);
  }

  function syncChildren(node, live, old) {
    const steady = inOrder(node, old);
    let after = null;
    for (const child of [...node.childNodes]) {
      if (!oldOf.has(child)) {
        after = add(child, live, after);
        continue;
      }
      const twin = twins.get(oldOf.get(child));
      // Who stayed among its siblings is left where it is, also if a script has moved or wrapped it.
      if (!steady.has(child) && twin.isConnected) place(twin, live, after);
      sync(child);
      after = childOf(live, twin) || after;
    }
  }

  // The children that keep their order: the longest run of growing places (patience sorting).
  function inOrder(node, old) {
    const places = new Map([...(old ? old.childNodes : [])].map((each, place) => [each, place]));
    const mine = [...node.childNodes].filter((each) => places.has(oldOf.get(each)));
    const tails = [];
    const before = new Map();
    for (const child of mine) {
      const place = places.get(oldOf.get(child));
      let [low, high] = [0, tails.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (places.get(oldOf.get(tails[middle])) < place) low = middle + 1;
        else high = middle;
      }
      before.set(child, low ? tails[low - 1] : null);
      tails[low] = child;
    }
    const steady = new Set();
    for (let child = tails.at(-1); child; child = before.get(child)) steady.add(child);
    return steady;
  }

  // A node that the server has added: into the page after `after`.
  function add(node, parent, after) {
    const sheet = sheets.get(node);
    if (sheet) {
      bind(node, sheet);
      return childOf(parent, sheet) || after;
    }
    if (!holds.has(node)) return place(build(node), parent, after);
    // Something of the page goes into it: it must be in the page first, or focus and frames would be lost.
    const shell = document.importNode(node, false);
    bind(node, shell);
    place(shell, parent, after);
    syncChildren(node, shell, null);
    return shell;
  }

  function build(node) {
    const live = document.importNode(node, node.localName === "template");
    bind(node, live);
    if (!isElement(node)) return live;
    live.removeAttribute("autofocus"); // it would take the focus away from where the user is
    if (isCode(node)) scripts.push(node);
    if (insides.has(node)) live.append(document.importNode(insides.get(node), true));
    if (node.localName !== "template") for (const child of node.childNodes) live.append(build(child));
    return live;
  }

  // What the server dropped: the topmost nodes without a partner, also in what was rescued from among them.
  function* dropped(old, going = false) {
    for (const child of old.childNodes) {
      const goes = !taken.has(child);
      if (goes && !going) yield child;
      if (!same.has(child)) yield* dropped(child, goes);
    }
  }

  const gone = same.has(fresh) ? [] : [...dropped(base)].filter((each) => !kept.has(each));
  sync(fresh);
  for (const old of gone) {
    const live = twins.get(old);
    if (live && !(isElement(live) && live.hasAttribute("data-flyhot-keep"))) live.remove();
  }
  restore.forEach((each) => each());
  return { base: fresh, scripts, changedScripts };
}

// Make the inside of `live` follow the step from `said` to `text`; returns the new base. Parsed in a document without a
// window: nothing in it loads or runs.
function mergeInside(said, live, text) {
  const fresh = said.cloneNode(false);
  bind(fresh, live);
  fresh.innerHTML = trusted("HTML", text);
  return merge(said, tidy(fresh)).base;
}

// Elements that no merge touches: by the page's word, PyView's own (they have a client), text that the user edits in
// place. (What a LiveView shows isn't in the page's trees at all.)
function isClosed(old) {
  const live = isElement(old) && twins.get(old);
  if (!live) return false;
  if (["data-flyhot-ignore", "data-flyhot-keep", "data-phx-session"].some((name) => live.hasAttribute(name))) return true;
  return live.isContentEditable && old.hasAttribute("contenteditable") && live.innerHTML !== old.innerHTML;
}

// The child of `parent` that is `node` or holds it.
function childOf(parent, node) {
  while (node && node.parentNode !== parent) node = node.parentNode;
  return node;
}

// Put `node` after `after` (null: first). moveBefore keeps focus, frames and animations, where the browser has it.
function place(node, parent, after) {
  const next = after ? after.nextSibling : parent.firstChild;
  if (next === node) return node;
  if (node.isConnected && parent.isConnected && parent.moveBefore) parent.moveBefore(node, next);
  else parent.insertBefore(node, next);
  return node;
}

function syncAttributes(old, node, live) {
  const names = new Set([...old.getAttributeNames(), ...node.getAttributeNames()]);
  for (const name of names) {
    const was = old.getAttribute(name);
    const now = node.getAttribute(name);
    if (was === now) continue;
    if (name === "class") syncClasses(was, now, live);
    else if (name === "style") syncStyle(was, now, live);
    else if (now !== null) live.setAttributeNodeNS(document.importNode(node.getAttributeNode(name), true));
    // Scripts in the head mark <html> ("dark") before we see it: what is missing there was hardly ever the server's.
    else if (live !== html) {
      if (name === "open" && live.localName === "dialog") live.close();
      live.removeAttribute(name);
    }
  }
}

const words = (text) => (text || "").split(/\s+/).filter(Boolean);

function syncClasses(was, now, live) {
  if ((live.getAttribute("class") || "") === (was || "")) {
    if (now === null) live.removeAttribute("class");
    else live.setAttribute("class", now);
    return;
  }
  const stays = new Set(words(now));
  live.classList.remove(...words(was).filter((each) => !stays.has(each)));
  live.classList.add(...stays);
}

// Declaration by declaration, and then by attribute, so that the page's policy on style attributes has its say.
function syncStyle(was, now, live) {
  const parse = (text) => {
    const { style } = inert.createElement("i");
    style.cssText = text || "";
    return style;
  };
  const [before, after, current] = [parse(was), parse(now), parse(live.getAttribute("style"))];
  if (current.cssText === before.cssText) current.cssText = after.cssText;
  else {
    for (const name of before) if (!after.getPropertyValue(name)) current.removeProperty(name);
    for (const name of after) {
      const value = after.getPropertyValue(name);
      if (value !== before.getPropertyValue(name)) current.setProperty(name, value, after.getPropertyPriority(name));
    }
  }
  if (current.cssText) live.setAttribute("style", current.cssText);
  else live.removeAttribute("style");
}
