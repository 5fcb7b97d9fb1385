// LiveViews: elements with data-live, the path of their websocket. The server sends HTML, as a whole or as a splice of
// what it sent last; it is merged like a page. Events go up in order, and wait while the server is held or away.
// What views need only now and then is in view.js, a part of the script `more`.
window.flyhot.add("live", (
  emit, waiting, line, socketUrl, remember, mergeInside, handedIn, field, isTick, content, part, added,
) => {
const flyhot = window.flyhot;
const QUEUE_LIMIT = 64;
const PENDING = "data-flyhot-pending";
const OFFLINE = "data-flyhot-offline";
const FLASH = "flyhot.flash"; // in the tab's storage (view.js)
const roots = new Map(); // element -> live root
const debounces = new Map(); // element -> what pushes a change that waits for the end of the typing; its root and timer
const here = () => location.pathname + location.search;

// Resolves with view.js, or with nothing if it can't be had.
const seldom = () =>
  part("more").then(
    () => (added.tools ||= added.view(FLASH, here, roots, addressee, valuesOf, changeOf, fieldValue, isTooSoon)),
    () => {},
  );

function liveRoot(element) {
  let said = remember(element);
  let text = null; // the server's; splices refer to it
  let sequence = -1;
  let asked = false; // for the whole text, after a gap
  let ready = false;
  let opening = null; // this connection, once its view is there
  let again = false; // there was a connection before this one
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
    if (sent.size) return;
    late?.();
    late = null;
  }

  function receive(frame) {
    if (frame.t === "html") receiveHtml(frame);
    else seldom().then((view) => view.receive(element, frame));
  }

  function receiveHtml(frame) {
    const event = sent.get(frame.r);
    if (sent.delete(frame.r)) settle(event);
    if (frame.err) emit("error", { root: element });
    const whole = frame.h;
    if (whole !== undefined) {
      text = whole;
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
    if (whole !== undefined || frame.s || fields.length) show();
    if (frame.title !== undefined) document.title = frame.title;
    if (!opening) open();
    emit("render", { root: element, vsn: frame.v, ms: event && performance.now() - event.at });
  }

  function show() {
    said = mergeInside(said, element, text);
  }

  // The view is there, and shown. Before what waits is sent, it hears what concerns it from before.
  async function open() {
    const mine = (opening = {});
    let flash = "";
    try {
      flash = sessionStorage[FLASH];
      delete sessionStorage[FLASH];
    } catch {
      // a frame without storage
    }
    if (again || flash) {
      const view = await seldom();
      if (opening !== mine) return;
      if (view) view.opened(element, transmit, queue, again, flash);
    }
    ready = again = true;
    element.removeAttribute(OFFLINE);
    away?.();
    away = null;
    self.flush();
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
      opening = text = null;
      sequence = -1;
      asked = false;
    },
  });

  const self = {
    push(name, value, from, fields = []) {
      for (const [each, push] of debounces) if (push.root === self && each !== from) push(); // it came before
      const event = { name, value, from, fields };
      if (ready && !flyhot.held && !queue.length) transmit(event);
      else if (queue.length < QUEUE_LIMIT) queue.push(event);
      else {
        return seldom().then((view) => view.overflow(element, name));
      }
      if (from) from.setAttribute(PENDING, "");
    },
    flush() {
      while (ready && !flyhot.held && queue.length) transmit(queue.shift());
    },
    end() {
      socket.end();
      away?.();
      late?.();
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

// The element with `attribute` that the event is for, its live root, and the attribute; nothing of it, if there is none.
function addressee(happening, attribute) {
  const element = happening.target.closest(`[${attribute}]`);
  const root = element && roots.get(element.closest("[data-live]"));
  return root ? { element, root, name: element.getAttribute(attribute) } : {};
}

// data-value-dish="ramen" -> {dish: "ramen"}; a button's own value too.
function valuesOf(element) {
  const values = /^(button|input)$/.test(element.localName) && element.value ? { value: element.value } : {};
  for (const name of element.getAttributeNames()) {
    if (name.startsWith("data-value-")) values[name.slice(11)] = element.getAttribute(name);
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
    if (typeof value === "string") values[name] = Object.hasOwn(values, name) ? [].concat(values[name], value) : value;
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
  if (now - throttled.get(element) < element.dataset.throttle) return true;
  throttled.set(element, now);
  return false;
}

function onClick(happening) {
  if (happening.defaultPrevented || happening.button) return;
  const link = addressee(happening, "data-patch");
  if (link.root && !happening.metaKey && !happening.ctrlKey && !happening.shiftKey && link.element.pathname === location.pathname) {
    happening.preventDefault();
    return seldom().then((view) => view.patch(link));
  }
  const { element, root, name } = addressee(happening, "data-click");
  if (!root || element.matches(":disabled")) return;
  if (element.localName === "a" || (element.type === "submit" && element.form)) happening.preventDefault();
  if (!isTooSoon(element)) root.push(name, valuesOf(element), element);
}

const onKey = (happening) =>
  document.querySelector("[data-keydown],[data-window-keydown]") && seldom().then((view) => view.key(happening));

// data-debounce="300": when nothing has changed for so long, or the field is left. "blur": only then.
function onInput(happening) {
  const { element, root, name } = addressee(happening, "data-change");
  if (!root) return;
  const input = happening.target;
  const wait = input.dataset.debounce || element.dataset.debounce;
  const push = () => {
    clearTimeout(push.timer);
    debounces.delete(element);
    root.push(name, changeOf(element, input), element);
  };
  clearTimeout(debounces.get(element)?.timer);
  if (!wait) return push();
  push.root = root;
  debounces.set(element, push);
  if (wait !== "blur") push.timer = setTimeout(push, wait);
}

const onLeave = (happening) => debounces.get(addressee(happening, "data-change").element)?.();

function onSubmit(happening) {
  const { element: form, root, name } = addressee(happening, "data-submit");
  if (!root || happening.defaultPrevented) return;
  happening.preventDefault();
  const fields = [...form.elements].filter((each) => each.matches(field) && each.type !== "file");
  debounces.get(form)?.();
  root.push(name, formValues(form, happening.submitter), form, fields.map((each) => [each, content(each)]));
}

Object.entries({ click: onClick, keydown: onKey, input: onInput, focusout: onLeave, submit: onSubmit }).forEach((each) =>
  document.addEventListener(...each),
);
addEventListener("popstate", () => seldom().then((view) => view.back()));
setTimeout(seldom, 2000); // while the server is there: it shows when it is not
return { find, flush: () => roots.forEach((root) => root.flush()) };
});
