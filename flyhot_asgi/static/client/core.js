// What all parts share: where this script came from, events for the page, words for screen readers, a socket that
// comes back by itself. The parts are joined, in the order named in client/script.py, into one function scope.

const tag =
  document.currentScript ||
  document.querySelector('script[src*="/_flyhot/flyhot"], script[src*="flyhot-client="]');
const html = document.documentElement;
const source = tag && tag.src ? new URL(tag.src, location.href) : null;
const mount = source && source.origin === location.origin ? source.pathname.indexOf("/_flyhot/") : -1;

// Path of the control socket; null on a LiveView page of an application without the HotUpgrade middleware.
const controlPath = mount < 0 ? null : source.pathname.slice(0, mount) + "/_flyhot/ws";

// The nonce that this document's policy granted to our tag (not in markup any more, but in the property).
const ownNonce = (tag && tag.nonce) || "";

// A page that was the answer to a form (POST) can't be had again by asking for its address.
const staysAsItIs = () =>
  (tag && tag.dataset.off !== undefined) ||
  !!document.querySelector('meta[name="flyhot"][content="off"]');

// The release that this page was rendered by, as far as known; "" before anybody said.
let pageVsn = (tag && tag.dataset.vsn) || "";

// False if somebody said preventDefault().
const emit = (name, detail = {}) =>
  document.dispatchEvent(new CustomEvent("flyhot:" + name, { detail, cancelable: true }));

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Under `require-trusted-types-for 'script'` what makes markup or scripts wants a policy's word: the page's own policy
// must allow one named "flyhot" then.
let policy = null;
const trusted = (kind, text) => {
  const types = window.trustedTypes;
  if (!types) return text;
  const same = (each) => each;
  try {
    policy ||= types.createPolicy("flyhot", { createHTML: same, createScript: same, createScriptURL: same });
  } catch {
    return text; // not allowed by the page's policy: where a word is wanted, the browser says no
  }
  return policy["create" + kind](text);
};

// Where what must be heard or clicked belongs: in the modal dialog that is open, as everything else is inert then.
const top = () => [...document.querySelectorAll("dialog:modal")].at(-1) || document.body;

let speaker = null;

// Say it to screen readers. The node is ours: no server knows it, so no merge removes it.
function announce(text) {
  if (!speaker) {
    speaker = document.createElement("div");
    speaker.role = "status";
    speaker.dataset.flyhotIgnore = "";
    // By properties, not by an attribute: a strict style-src forbids the latter.
    Object.assign(speaker.style, { position: "fixed", clipPath: "inset(50%)" });
  }
  if (speaker.parentNode !== top()) top().append(speaker);
  speaker.textContent = text;
}

const INDICATOR_DELAY = 300; // what is shorter than this is nobody's business
const reasons = new Set(); // why somebody waits, as far as it is shown

// Somebody waits; shown unless it is over soon: <html data-flyhot="hold">, and a thin line at the top of the window.
// Returns the function that ends it.
function waiting(word) {
  const show = (change) => {
    reasons[change](word);
    if (reasons.has(word)) emit(word);
    const text = [...reasons].join(" ");
    html.toggleAttribute("data-flyhot", text);
    if (text) html.dataset.flyhot = text;
    document.body.ariaBusy = text ? "true" : null;
    part("more").then((more) => more.line(reasons.size), () => {});
  };
  const timer = setTimeout(show, INDICATOR_DELAY, "add");
  return () => {
    clearTimeout(timer);
    if (reasons.has(word)) show("delete");
  };
}

// Scripts beside this one, loaded by pages that need them, each of which adds something under its name (start.js).
const added = {};
const coming = {};
const part = (name) =>
  (coming[name] ||= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.nonce = ownNonce;
    script.src = trusted("ScriptURL", source.href.replace(/(.*)\.js/, "$1." + name + ".js"));
    script.onload = () => resolve(added[name]);
    script.onerror = () => reject(delete coming[name]);
    document.head.append(script);
  }));

const BACKOFF_BASE = 250;
const BACKOFF_CAP = 15000;
const STABLE = 5000;

// After these the server doesn't want us: 1008 policy violation (RFC 6455, 7.4.1), 4403 forbidden.
const FINAL = new Set([1008, 4403]);

const lines = new Set();

// A websocket that comes back: full jitter, at once when the network or the tab returns, never after a final code.
// on: {open(), frame(object), lost(code)}; each may be missing.
function line(url, protocol, on) {
  let socket = null;
  let tries = 0;
  let timer = 0;
  let since = 0;
  let ended = false;

  const self = {
    url,
    notBefore: 0, // performance.now() before which the server asked us not to come
    get isOpen() {
      return !!socket && socket.readyState === 1;
    },
    send(frame) {
      if (!self.isOpen) return false;
      socket.send(JSON.stringify(frame));
      return true;
    },
    // Give up this connection, come back by the usual way.
    drop() {
      if (socket) socket.close();
    },
    connect() {
      clearTimeout(timer);
      if (ended || socket) return;
      const mine = (socket = new WebSocket(url(), protocol));
      mine.onopen = () => {
        since = performance.now();
        if (on.open) on.open();
      };
      mine.onmessage = (message) => {
        let frame = null;
        try {
          frame = JSON.parse(message.data);
        } catch {
          return;
        }
        if (frame && typeof frame === "object" && on.frame) on.frame(frame);
      };
      mine.onclose = (event) => {
        if (socket !== mine) return;
        socket = null;
        if (since && performance.now() - since > STABLE) tries = 0;
        since = 0;
        if (on.lost) on.lost(event.code);
        if (FINAL.has(event.code)) ended = true;
        else self.later();
      };
    },
    later() {
      const jitter = Math.random() * Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** tries++);
      const asked = Math.max(0, self.notBefore - performance.now());
      clearTimeout(timer);
      timer = setTimeout(self.connect, asked + jitter);
    },
    // The network or the tab is back: now, unless the server asked for patience.
    wake() {
      if (!ended && !socket && self.notBefore <= performance.now()) self.connect();
    },
    // The page goes into the back-forward cache: no socket may stay, but `wake` brings it back.
    rest() {
      clearTimeout(timer);
      const resting = socket;
      socket = null;
      if (resting) {
        resting.close();
        if (on.lost) on.lost(1001);
      }
    },
    end() {
      ended = true;
      self.rest();
      lines.delete(self);
    },
  };
  lines.add(self);
  return self;
}

const wakeAll = () => lines.forEach((each) => each.wake());

function watchTheNetwork() {
  addEventListener("online", wakeAll);
  addEventListener("pagehide", () => lines.forEach((each) => each.rest()));
  addEventListener("pageshow", (event) => event.persisted && wakeAll());
  document.addEventListener("visibilitychange", () => document.hidden || wakeAll());
}

const socketUrl = (path) => location.origin.replace(/^http/, "ws") + path;
