// What the server last said, as a tree of its own: the base of the three-way merge. It lives in a document without a
// window, so nothing in it loads, runs or upgrades.

const inert = document.implementation.createHTMLDocument("");

// A node that the server said -> the node in this page that came of it; and back.
const twins = new WeakMap();
const sayings = new WeakMap();

function bind(said, live) {
  twins.set(said, live);
  sayings.set(live, said);
}

const isElement = (node) => node.nodeType === 1;
const isOwnScript = (node) =>
  node.localName === "script" && /\/_flyhot\/flyhot|flyhot-client=/.test(node.getAttribute("src") || "");

// A copy of `live` as the server said it. Attribute by attribute: cloneNode would copy what the user typed.
// The nonce is left out: it belongs to one response, and a live document hides it anyway. What a LiveView shows is left
// out of the page around it: it has a base of its own.
function remember(live, isRoot = true) {
  let copy;
  if (!isElement(live) || live.localName === "template") {
    copy = inert.importNode(live, true);
  } else {
    const name = live.prefix ? live.prefix + ":" + live.localName : live.localName;
    copy = inert.createElementNS(live.namespaceURI, name);
    for (const attribute of live.attributes) {
      if (attribute.name !== "nonce") copy.setAttributeNodeNS(inert.importNode(attribute, true));
    }
    const closed = !isRoot && live.hasAttribute("data-live");
    for (const child of closed ? [] : live.childNodes) {
      if (!isOwnScript(child)) copy.append(remember(child, false));
    }
  }
  bind(copy, live);
  return copy;
}

// Nonces of a fetched page's scripts, taken off the markup so that equal scripts are equal.
const nonces = new WeakMap();

// A fetched page's LiveViews -> what they show, in case one of them is new in this page.
const insides = new WeakMap();

// Make a parsed page comparable with what `remember` gives.
function tidy(root) {
  for (const element of root.querySelectorAll("[nonce]")) {
    nonces.set(element, element.getAttribute("nonce"));
    element.removeAttribute("nonce");
  }
  // Our own tag comes back with another data-vsn; it must not count as a new script.
  for (const script of root.querySelectorAll("script")) if (isOwnScript(script)) script.remove();
  for (const element of root.querySelectorAll("[data-live]")) {
    const inside = inert.createDocumentFragment();
    inside.append(...element.childNodes);
    insides.set(element, inside);
  }
  // A parser without scripting makes elements of what is text in a page with scripting.
  for (const element of root.querySelectorAll("noscript")) element.textContent = element.innerHTML;
  return root;
}
