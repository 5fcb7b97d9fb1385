// LiveViews: elements with data-live, the path of their websocket. The server sends HTML, as a whole or as a splice of
// what it sent last; it is merged like a page. Events go up in order, and wait while the server is held or away.
window.flyhot.add("live", (
  emit, bind, _sayings, _applySheets, _loaded, _stem,
  announce, waiting, line, socketUrl, inert, remember, tidy, merge, handedIn, field, isTick, isDirty, content, part,
) => {
const flyhot = window.flyhot;
const QUEUE_LIMIT = 64;
const PENDING = "data-flyhot-pending";
const OFFLINE = "data-flyhot-offline";
const FLASH = "flyhot.flash"; // in the tab's storage: what the view that sent the visitor here has to say
const roots = new Map(); // element -> live root
const debounces = new Map(); // element -> {root, timer, push}: a change that waits for the end of the typing
const here = () => location.pathname + location.search;

function liveRoot(element) {
  let said = remember(element);
  let text = null; // the server's; splices refer to it
  let sequence = -1;
  let asked = false; // for the whole text, after a gap
  let ready = false;
  let before = false; // there was a connection before this one
  let late = null; // ends the indicator of an answer that is late
  let away = null; // ends the indicator of a lost connection
  const queue = []; // events that wait
  const sent = new Map(); // events on their way, by number
  let last = 0;

  function transmit(event) {
    event.at = performance.now();
    sent.set(++last, event);
    late ||= waiting("wait");
    socket.send({ t: "ev", e: event.name, v: event.value, r: last });
  }

  // Nothing is on its way any more that this element waits for.
  function settle(event) {
    const { from } = event;
    if (from && ![...sent.values(), ...queue].some((each) => each.from === from)) from.removeAttribute(PENDING);
    if (sent.size || !late) return;
    late();
    late = null;
  }

  function receive(frame) {
    if (frame.t === "nav") navigate(frame);
    else if (frame.t === "push") element.dispatchEvent(new CustomEvent("live:" + frame.e, { detail: frame.d, bubbles: true }));
    else if (frame.t === "html") receiveHtml(frame);
  }

  function receiveHtml(frame) {
    const event = sent.get(frame.r);
    if (event) {
      sent.delete(frame.r);
      settle(event);
    }
    if (frame.err) emit("error", { root: element, message: "the event failed" });
    if (typeof frame.h === "string") {
      text = frame.h;
      asked = false;
    } else if (text === null || frame.q !== sequence + 1) {
      // A frame is missing: what follows refers to a text that we don't have.
      if (!asked) socket.send({ t: "full" });
      asked = true;
      return;
    } else if (frame.s) {
      const [prefix, suffix, middle] = frame.s;
      text = text.slice(0, prefix) + middle + text.slice(text.length - suffix);
    }
    sequence = frame.q;
    const fields = event && !frame.err ? event.fields : [];
    for (const [input, value] of fields) handedIn.set(input, value);
    if (frame.h !== undefined || frame.s || fields.length) show();
    if (typeof frame.title === "string") document.title = frame.title;
    if (!ready) open();
    emit("render", { root: element, vsn: frame.v, ms: event && performance.now() - event.at });
  }

  function show() {
    const fresh = said.cloneNode(false);
    bind(fresh, element);
    const parsed = inert.createElement("template");
    parsed.innerHTML = text;
    fresh.append(parsed.content);
    said = merge(said, tidy(fresh)).base;
  }

  // The view is there, and shown.
  function open() {
    ready = true;
    element.removeAttribute(OFFLINE);
    if (away) away();
    away = null;
    if (before) recover();
    before = true;
    try {
      const flash = sessionStorage.getItem(FLASH);
      sessionStorage.removeItem(FLASH);
      if (flash) queue.unshift({ name: "flyhot:flash", value: JSON.parse(flash), fields: [] });
    } catch {
      // a frame without storage has no flash
    }
    self.flush();
  }

  // A new view has come in place of one that knew what had been typed: it is told, as if it were typed now.
  function recover() {
    for (const form of element.querySelectorAll("[data-change]")) {
      const inside = form.matches(field) ? [form] : [...form.querySelectorAll(field)];
      const name = form.getAttribute("data-recover") || form.getAttribute("data-change");
      const dirty = inside.find((each) => !/^(file|hidden|password)$/.test(each.type) && isDirty(each));
      if (dirty && name !== "off" && !queue.some((each) => each.from === form)) transmit({ name, value: changeOf(form, dirty), fields: [] });
    }
  }

  function navigate({ to, k, f }) {
    if (k === "go") {
      if (f) sessionStorage.setItem(FLASH, JSON.stringify(f));
      location.assign(to);
    } else if (element.dataset.live.split("?")[0] === location.pathname) {
      history[k === "push" ? "pushState" : "replaceState"](null, "", to);
      element.dataset.live = here();
    }
  }

  const socket = line(() => socketUrl(element.dataset.live || here()), "flyhot.live.v1", {
    frame: receive,
    lost() {
      // Sent, but not answered: whether they were handled nobody knows. Never sent twice.
      const events = [...sent.values()];
      sent.clear();
      events.forEach(settle);
      if (events.length) emit("lost", { root: element, events: events.length });
      if (ready) {
        element.setAttribute(OFFLINE, "");
        away ||= waiting("offline");
      }
      ready = false;
      text = null;
      sequence = -1;
      asked = false;
    },
  });

  const self = {
    push(name, value, from, fields = []) {
      for (const [each, { root, push }] of debounces) if (root === self && each !== from) push(); // it came before
      const event = { name, value, from, fields };
      if (ready && !flyhot.held && !queue.length) transmit(event);
      else if (queue.length < QUEUE_LIMIT) queue.push(event);
      else {
        announce("Not sent: the connection is busy. Try again in a moment.");
        emit("overflow", { root: element, event: name });
        return;
      }
      if (from) from.setAttribute(PENDING, "");
    },
    flush() {
      while (ready && !flyhot.held && queue.length) transmit(queue.shift());
    },
    // The address has changed, by the visitor's word. False if nobody could be told.
    moved() {
      if (!ready) return false;
      element.dataset.live = here();
      self.push("flyhot:url", { url: here() });
      return true;
    },
    end() {
      socket.end();
      if (away) away();
      if (late) late();
      roots.delete(element);
    },
  };
  roots.set(element, self);
  socket.connect();
  return self;
}

function find() {
  for (const [element, root] of roots) if (!element.isConnected) root.end();
  for (const element of document.querySelectorAll("[data-live]")) if (!roots.has(element)) liveRoot(element);
}

// The element with `attribute` that the event is for, and its live root.
function addressee(happening, attribute) {
  const from = happening.target instanceof Element ? happening.target : happening.target.parentElement;
  const element = from && from.closest(`[${attribute}]`);
  const root = element && roots.get(element.closest("[data-live]"));
  return root ? { element, root, name: element.getAttribute(attribute) } : null;
}

// data-value-dish="ramen" -> {dish: "ramen"}; a button's own value too.
function valuesOf(element) {
  const values = /^(button|input)$/.test(element.localName) && element.value ? { value: element.value } : {};
  for (const { name, value } of element.attributes) {
    if (name.startsWith("data-value-")) values[name.slice(11)] = value;
  }
  return values;
}

// One field: {name: value}; a box that isn't ticked has no value, a multiple choice has a list of them.
function fieldValue(input) {
  if (isTick(input)) return input.checked ? input.value : "";
  if (input.multiple && input.selectedOptions) return [...input.selectedOptions].map((each) => each.value);
  return String(input.value ?? input.textContent);
}

// A form's fields; a name that occurs more than once becomes a list. Files stay here.
function formValues(form, submitter) {
  const values = {};
  for (const [name, value] of new FormData(form, submitter)) {
    if (typeof value !== "string") continue;
    if (!Object.hasOwn(values, name)) values[name] = value;
    else values[name] = [].concat(values[name], value);
  }
  return values;
}

function changeOf(element, input) {
  const own = element.localName === "form" ? formValues(element) : { [input.name || "value"]: fieldValue(input) };
  const values = valuesOf(element);
  if (element === input) delete values.value;
  return { ...values, ...own, _target: input.name || "" };
}

const throttled = new WeakMap();

// data-throttle="500": at most one event in so many milliseconds.
function isTooSoon(element) {
  const now = performance.now();
  if (now - throttled.get(element) < Number(element.dataset.throttle)) return true;
  throttled.set(element, now);
  return false;
}

function onClick(happening) {
  if (happening.defaultPrevented || happening.button) return;
  const link = addressee(happening, "data-patch");
  const plain = !happening.metaKey && !happening.ctrlKey && !happening.shiftKey;
  if (link && plain && link.element.pathname === location.pathname) {
    history.pushState(null, "", link.element.href);
    if (link.root.moved()) happening.preventDefault();
    return;
  }
  const found = addressee(happening, "data-click");
  if (!found) return;
  const { element, root, name } = found;
  if (element.matches(":disabled")) return;
  if (element.localName === "a" || (element.type === "submit" && element.form)) happening.preventDefault();
  if (!isTooSoon(element)) root.push(name, valuesOf(element), element);
}

// data-keydown="name" on what has the focus, or around it; data-window-keydown anywhere in a view: whoever has it.
// data-keys="Escape ArrowUp": only these. Not while a composition (IME) is going on.
function onKey(happening) {
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
  if (found) tell(found);
  for (const [element, root] of roots) {
    for (const each of element.querySelectorAll("[data-window-keydown]")) {
      tell({ element: each, root, name: each.getAttribute("data-window-keydown") });
    }
  }
}

// data-debounce="300": when nothing has changed for so long, or the field is left. "blur": only then.
function onInput(happening) {
  const found = addressee(happening, "data-change");
  if (!found) return;
  const { element, root, name } = found;
  const input = happening.target;
  const push = () => {
    clearTimeout(debounces.get(element)?.timer);
    debounces.delete(element);
    root.push(name, changeOf(element, input), element);
  };
  const wait = input.dataset.debounce || element.dataset.debounce;
  if (!wait) return push();
  clearTimeout(debounces.get(element)?.timer);
  debounces.set(element, { root, push, timer: wait === "blur" ? 0 : setTimeout(push, wait) });
}

function onLeave(happening) {
  const found = addressee(happening, "data-change");
  const waiting = found && debounces.get(found.element);
  if (waiting) waiting.push();
}

function onSubmit(happening) {
  const found = addressee(happening, "data-submit");
  if (!found || happening.defaultPrevented) return;
  happening.preventDefault();
  const { element: form, root, name } = found;
  const fields = [...form.elements].filter((each) => each.matches(field) && each.type !== "file");
  debounces.get(form)?.push();
  root.push(name, formValues(form, happening.submitter), form, fields.map((each) => [each, content(each)]));
}

// Back and forward: the view whose page this is shows what the address says.
function onBack() {
  for (const [element, root] of roots) {
    if (element.dataset.live.split("?")[0] === location.pathname && element.dataset.live !== here()) root.moved();
  }
}

const on = document.addEventListener.bind(document);
on("click", onClick);
on("keydown", onKey);
on("input", onInput);
on("focusout", onLeave);
on("submit", onSubmit);
addEventListener("popstate", onBack);
setTimeout(() => part("more").catch(() => {}), 2000); // while the server is there: it shows when it is not
return { find, flush: () => roots.forEach((root) => root.flush()) };
});
