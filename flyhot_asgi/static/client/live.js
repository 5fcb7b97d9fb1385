// LiveViews: elements with data-live, the path of their websocket. The server sends HTML, as a whole or as a splice of
// what it sent last; it is merged like a page. Events go up in order, and wait while the server is held or away.

const QUEUE_LIMIT = 64;
const roots = new Map(); // element -> live root

function liveRoot(element) {
  let said = remember(element);
  let html = null; // the server's text; splices refer to it
  let sequence = -1;
  let asked = false; // for the whole text, after a gap
  let ready = false;
  const queue = []; // events that wait: [name, value, fields]
  const sent = new Map(); // events on their way: number -> fields handed in with it
  let last = 0;

  function transmit([name, value, fields]) {
    const r = ++last;
    sent.set(r, fields);
    socket.send({ t: "ev", e: name, v: value, r });
  }

  function receive(frame) {
    if (frame.t !== "html") return;
    const acknowledged = frame.r !== undefined && sent.has(frame.r);
    const fields = acknowledged ? sent.get(frame.r) : null;
    if (acknowledged) sent.delete(frame.r);
    if (frame.err) emit("error", { root: element, message: "the event failed" });
    if (typeof frame.h === "string") {
      html = frame.h;
      asked = false;
    } else if (html === null || frame.q !== sequence + 1) {
      // A frame is missing: what follows refers to a text that we don't have.
      if (!asked) socket.send({ t: "full" });
      asked = true;
      return;
    } else if (Array.isArray(frame.s)) {
      const [prefix, suffix, middle] = frame.s;
      html = html.slice(0, prefix) + middle + html.slice(html.length - suffix);
    }
    sequence = frame.q;
    const submitted = !frame.err && fields && fields.length > 0;
    if (submitted) for (const [input, value] of fields) handedIn.set(input, value);
    if (frame.h !== undefined || frame.s || submitted) show();
    if (!ready) {
      ready = true;
      element.removeAttribute("data-flyhot-offline");
      self.flush();
    }
    emit("render", { root: element, vsn: frame.v });
  }

  function show() {
    const fresh = said.cloneNode(false);
    bind(fresh, element);
    const parsed = inert.createElement("template");
    parsed.innerHTML = html;
    fresh.append(parsed.content);
    said = merge(said, tidy(fresh)).base;
  }

  const socket = line(() => socketUrl(element.getAttribute("data-live") || location.pathname + location.search), "flyhot.live.v1", {
    frame: receive,
    lost() {
      // Sent, but not answered: whether they were handled nobody knows. Never sent twice.
      if (sent.size) emit("lost", { root: element, events: sent.size });
      sent.clear();
      if (ready) element.setAttribute("data-flyhot-offline", "");
      ready = false;
      html = null;
      sequence = -1;
      asked = false;
    },
  });

  const self = {
    push(name, value, fields = []) {
      if (ready && !held && !queue.length) transmit([name, value, fields]);
      else if (queue.length < QUEUE_LIMIT) queue.push([name, value, fields]);
      else {
        announce("Not sent: the connection is busy. Try again in a moment.");
        emit("overflow", { root: element, event: name });
      }
    },
    flush() {
      while (ready && !held && queue.length) transmit(queue.shift());
    },
    end() {
      socket.end();
      roots.delete(element);
    },
  };
  roots.set(element, self);
  socket.connect();
  return self;
}

function findLiveRoots() {
  for (const [element, root] of roots) if (!element.isConnected) root.end();
  for (const element of document.querySelectorAll("[data-live]")) if (!roots.has(element)) liveRoot(element);
}

const flushLive = () => roots.forEach((root) => root.flush());

// The element with `attribute` that the event is for, and its live root.
function addressee(happening, attribute) {
  const from = happening.target instanceof Element ? happening.target : happening.target.parentElement;
  const element = from && from.closest(`[${attribute}]`);
  const root = element && roots.get(element.closest("[data-live]"));
  return root ? { element, root, name: element.getAttribute(attribute) } : null;
}

// A button's own value, and its data-value-*.
function valuesOf(element) {
  const own = /^(button|input)$/.test(element.localName) && element.value ? { value: element.value } : {};
  return { ...own, ...dataValues(element) };
}

// One field: {name: value}; a box that isn't ticked has no value, a multiple choice has a list of them.
function fieldValues(input) {
  const name = input.name || "value";
  if (isTick(input)) return { [name]: input.checked ? input.value : "" };
  if (input.multiple && input.selectedOptions) return { [name]: [...input.selectedOptions].map((each) => each.value) };
  return { [name]: String(input.value ?? input.textContent) };
}

// data-value-dish="ramen" -> {dish: "ramen"}
function dataValues(element) {
  const values = {};
  for (const { name, value } of element.attributes) {
    if (name.startsWith("data-value-")) values[name.slice(11)] = value;
  }
  return values;
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

function onClick(happening) {
  const found = addressee(happening, "data-click");
  if (!found || happening.defaultPrevented || happening.button) return;
  const { element, root, name } = found;
  if (element.matches(":disabled")) return;
  if (element.localName === "a" || (element.type === "submit" && element.form)) happening.preventDefault();
  root.push(name, valuesOf(element));
}

const debounces = new WeakMap();

function onInput(happening) {
  const found = addressee(happening, "data-change");
  if (!found) return;
  const { element, root, name } = found;
  const field = happening.target;
  const push = () => {
    debounces.delete(element);
    const values = element.localName === "form" ? formValues(element) : fieldValues(field);
    root.push(name, { ...dataValues(element), ...values, _target: field.name || "" });
  };
  clearTimeout(debounces.get(element)?.timer);
  const wait = Number(element.getAttribute("data-debounce"));
  if (wait > 0) debounces.set(element, { timer: setTimeout(push, wait), push });
  else push();
}

function onSubmit(happening) {
  const found = addressee(happening, "data-submit");
  if (!found || happening.defaultPrevented) return;
  happening.preventDefault();
  const { element: form, root, name } = found;
  for (const each of [form, ...form.elements]) {
    const waiting = debounces.get(each); // what was typed comes before what is submitted
    if (waiting) {
      clearTimeout(waiting.timer);
      waiting.push();
    }
  }
  const fields = [...form.elements].filter((each) => each.matches(field) && each.type !== "file");
  root.push(name, formValues(form, happening.submitter), fields.map((each) => [each, content(each)]));
}
