// What LiveViews need only now and then: keys, other addresses, and what a view has to hear when its connection opens.
// Installed by live.js, with what it shares.
window.flyhot.add("view", (
  emit, _waiting, _line, _socketUrl, _remember, _mergeInside, _handedIn, field, _isTick, _content, _part, _added,
  _trusted, _bind, _sayings, _applySheets, _loaded, _stem, announce, isDirty,
) => (FLASH, here, roots, addressee, valuesOf, changeOf, fieldValue, isTooSoon) => {
// data-keydown="name" on what has the focus, or around it; data-window-keydown anywhere in a view: whoever has it.
// data-keys="Escape ArrowUp": only these. Not while a composition (IME) is going on.
function key(happening) {
  if (happening.isComposing || happening.defaultPrevented) return;
  const { key, repeat } = happening;
  const modifiers = {};
  for (const each of ["alt", "ctrl", "meta", "shift"]) modifiers[each] = happening[each + "Key"];
  const tell = ({ element, root, name }) => {
    const keys = element.dataset.keys;
    if ((keys && !keys.split(" ").includes(key)) || isTooSoon(element)) return;
    const input = happening.target.matches(field) ? { value: fieldValue(happening.target) } : {};
    root.push(name, { ...valuesOf(element), ...input, key, repeat, ...modifiers }, element);
  };
  const found = addressee(happening, "data-keydown");
  if (found.root) tell(found);
  for (const [element, root] of roots) {
    for (const each of element.querySelectorAll("[data-window-keydown]")) {
      tell({ element: each, root, name: each.getAttribute("data-window-keydown") });
    }
  }
}

// push: an event for the page's own scripts. nav: to another page, where what the view has to say waits in the tab's
// storage, or another address of this one.
function receive(element, { t, e, d, to, k, f }) {
  if (t === "push") element.dispatchEvent(new CustomEvent("live:" + e, { detail: d, bubbles: true }));
  else if (t !== "nav") return;
  else if (k === "go") {
    if (f) sessionStorage[FLASH] = JSON.stringify(f);
    location.assign(to);
  } else if (element.dataset.live.split("?")[0] === location.pathname) {
    history[k === "push" ? "pushState" : "replaceState"](null, "", to);
    element.dataset.live = here();
  }
}

// Back and forward: the view whose page this is shows what the address says.
function back() {
  for (const [element, root] of roots) {
    if (element.dataset.live.split("?")[0] === location.pathname && element.dataset.live !== here()) moved(element, root);
  }
}

// A link to another address of this page.
function patch({ element, root }) {
  history.pushState(null, "", element.href);
  moved(element.closest("[data-live]"), root);
}

// The address has changed, by the visitor's word. Without a connection, the view is mounted with it.
function moved(element, root) {
  element.dataset.live = here();
  root.push("flyhot:url", { url: here() });
}

// More events wait than may.
function overflow(element, event) {
  announce("Not sent: the connection is busy. Try again in a moment.");
  emit("overflow", { root: element, event });
}

// A view's connection has opened. One that has come in place of another (`again`) is told what had been typed, as if it
// were typed now; one that a redirect led to hears what there is to say.
function opened(element, transmit, queue, again, flash) {
  for (const form of again ? element.querySelectorAll("[data-change]") : []) {
    const inside = form.matches(field) ? [form] : [...form.querySelectorAll(field)];
    const name = form.getAttribute("data-recover") || form.getAttribute("data-change");
    const dirty = inside.find((each) => !/^(file|hidden|password)$/.test(each.type) && isDirty(each));
    if (dirty && name !== "off" && !queue.some((each) => each.from === form)) {
      transmit({ name, value: changeOf(form, dirty), fields: [] });
    }
  }
  if (flash) transmit({ name: "flyhot:flash", value: JSON.parse(flash), fields: [] });
}

return { key, receive, back, patch, overflow, opened };
});
