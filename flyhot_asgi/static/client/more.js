// What pages need only now and then; loaded by the client when something of it is needed: the line that shows that
// somebody waits, stylesheets and scripts that changed under the same address, the offer to reload, watch mode's words.
// Styles by properties: a strict style-src allows those.
window.flyhot.add("more", (
  emit, _waiting, _line, _socketUrl, _remember, _mergeInside, _handedIn, _field, _isTick, _content, _part, _added,
  trusted, bind, sayings, applySheets, loaded, stem, announce, _isDirty, top, twins, nonces, ownNonce,
) => {
const TIMEOUT = 10000;
const MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

function node(parent, name, text, style) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  Object.assign(made.style, { all: "revert", boxSizing: "border-box" }, style);
  parent.append(made);
  return made;
}

// ---- the line

let bar = null;

// Shown as long as `on`. It has no words: <body aria-busy> says it to screen readers.
function line(on) {
  if (bar && !on) bar = bar.remove();
  if (bar || !on) return;
  bar = node(document.body, "div", "", {
    position: "fixed", inset: "0 0 auto", height: "3px", zIndex: 2147483647, pointerEvents: "none",
    background: "var(--flyhot, #7c5cff)", transformOrigin: "0", boxShadow: "0 0 8px var(--flyhot, #7c5cff)",
  });
  bar.setAttribute("data-flyhot-ignore", "bar");
  if (STILL.matches) return;
  bar.animate(
    { transform: ["scaleX(0)", "scaleX(.6)", "scaleX(.9)", "scaleX(.97)"] },
    { duration: 9000, easing: "ease-out", fill: "forwards" },
  );
}

// ---- cards

const cards = new Map(); // name -> element

// What is said must be reachable while a modal dialog makes everything around it inert: there it is, and on top.
function lift(box) {
  if (box.parentNode !== top()) top().append(box);
  if (!box.matches(":popover-open")) box.showPopover();
}

for (const name of ["toggle", "close"]) {
  document.addEventListener(name, ({ target }) => target.localName === "dialog" && cards.forEach(lift), true);
}

function hide(name) {
  if (cards.has(name)) cards.get(name).remove();
  cards.delete(name);
}

// A dark card at the bottom of the window, for light and dark pages alike. Takes no focus.
function card(name, role, width, colour) {
  hide(name);
  const box = node(top(), "section", "", {
    position: "fixed", inset: "auto 16px 16px auto", margin: 0, zIndex: 2147483646, height: "auto", width: `min(${width}px, calc(100vw - 32px))`,
    maxHeight: "60vh", overflow: "auto", padding: "14px 46px 14px 18px", borderRadius: "12px", textAlign: "left",
    background: "#1b1c24", color: "#f3f3f6", border: "1px solid #34363f", borderLeft: "4px solid " + colour,
    boxShadow: "0 10px 40px rgba(0, 0, 0, .35)", font: "14px/1.5 system-ui, sans-serif", colorScheme: "dark",
  });
  box.setAttribute("role", role);
  box.popover = "manual";
  box.setAttribute("data-flyhot-ignore", name);
  const close = button(box, "×", () => hide(name));
  close.setAttribute("aria-label", "Close");
  Object.assign(close.style, {
    position: "absolute", top: "8px", right: "8px", width: "30px", height: "30px", padding: "0", fontSize: "20px",
    background: "transparent", color: "#a3a6b3", border: "0",
  });
  if (!STILL.matches) box.animate({ opacity: [0, 1], transform: ["translateY(8px)", "none"] }, 180);
  cards.set(name, box);
  lift(box);
  return box;
}

function button(parent, text, onclick) {
  const made = node(parent, "button", text, {
    font: "600 14px/1.4 system-ui, sans-serif", padding: "5px 14px", borderRadius: "8px", border: "0",
    background: "#f3f3f6", color: "#1b1c24", cursor: "pointer",
  });
  made.type = "button";
  made.onclick = onclick;
  return made;
}

document.addEventListener("keydown", ({ key }) => key === "Escape" && hide("watch"));

// Watch mode: why the last save was not taken, until a good one heals it.
function watch(said) {
  emit("watch", said);
  if (said.ok) return hide("watch");
  const colour = said.restart ? "#f5b83d" : "#ff6b6b";
  const box = card("watch", "alert", 760, colour);
  node(box, "strong", said.title, { display: "block", fontWeight: 600, overflowWrap: "anywhere" });
  for (const place of said.places || []) {
    const item = node(box, "div", "", { marginTop: "10px", overflowWrap: "anywhere" });
    const where = place.file && place.file + (place.line ? ":" + place.line : "");
    if (where) {
      node(item, "code", where, {
        font: "13px/1.5 " + MONO, display: "inline-block", padding: "0 7px", marginRight: "8px", borderRadius: "5px",
        background: "#2a2c37", color: "#9cc0ff",
      });
    }
    node(item, "span", place.what, { font: "13px/1.5 " + MONO, whiteSpace: "pre-wrap" });
    if (place.do) node(item, "div", "→ " + place.do, { color: "#9fe0b4", marginTop: "2px" });
  }
}

// ---- scripts that are new in the page

// What a response's Content-Security-Policy says about scripts: which nonces every policy with a word on scripts grants,
// and whether it trusts what a trusted script inserts.
function scriptPolicy(header) {
  const grants = [];
  let strict = false;
  for (const policy of (header || "").split(",")) {
    const found = new Map();
    for (const directive of policy.split(";")) {
      const [name, ...sources] = directive.trim().split(/\s+/);
      if (name && !found.has(name.toLowerCase())) found.set(name.toLowerCase(), sources);
    }
    const sources = found.get("script-src-elem") || found.get("script-src") || found.get("default-src");
    if (!sources) continue;
    strict = strict || sources.some((each) => /^'strict-dynamic'$/i.test(each));
    grants.push(new Set(sources.map((each) => (/^'nonce-(.+)'$/i.exec(each) || [])[1]).filter(Boolean)));
  }
  return { grants: (nonce) => !!nonce && grants.length > 0 && grants.every((each) => each.has(nonce)), strict };
}

// Run the scripts that are new in the page, once each, in their order.
// A script gets this document's nonce only if its own response's policy granted it one: a script that somebody
// injected into the page has none, and must not get ours. Under 'strict-dynamic' the browser would trust whatever we
// insert, so what was not granted is not run at all.
function runScripts(scripts, policyHeader) {
  const policy = scriptPolicy(policyHeader);
  for (const said of scripts) {
    const idle = twins.get(said); // in its place, but from a parser: it never runs
    if (!idle || !idle.isConnected) continue;
    const granted = policy.grants(nonces.get(said));
    if (policy.strict && !granted) continue;
    const script = document.createElement("script");
    for (const { name, value } of said.attributes) script.setAttribute(name, name === "src" ? trusted("ScriptURL", value) : value);
    if (granted) script.nonce = ownNonce;
    if (script.src && !said.hasAttribute("async")) script.async = false;
    script.text = trusted("Script", said.text);
    bind(said, script);
    idle.replaceWith(script);
  }
}

// ---- files that changed under the same address

const ends = (url, files) => {
  const path = decodeURI(new URL(url, location.href).pathname);
  return files.some((file) => path.endsWith("/" + file));
};

// The page's scripts among these files.
const scripts = (files) => [...document.scripts].filter((each) => each.src && sayings.has(each) && ends(each.src, files));

// Scripts that were there have changed. Inline ones change with the data in them; only for files is a reload offered,
// unless the page says that it does that itself.
function report(changed) {
  const sources = changed.map((each) => each.getAttribute("src") || "inline");
  if (!emit("assets", { scripts: sources }) || sources.every((each) => each === "inline")) return;
  const box = card("offer", "status", 360, "#7c5cff");
  node(box, "div", "This page has been updated. Some of it is new only after a reload.", { marginBottom: "10px" });
  button(box, "Reload", () => location.reload());
}

// Stylesheets ("/static/app.css" without a version in it) are asked for again; what differs is loaded anew. Resolves
// with a function that lets the new ones apply and the old ones go, all at once.
async function refresh(files, vsn) {
  const links = [...document.querySelectorAll("link[rel~=stylesheet i]")].filter(
    (link) => sayings.has(link) && link.sheet && new URL(link.href).origin === location.origin,
  );
  const fresh = new Map(); // old link -> new one
  const renew = async (link) => {
    const said = sayings.get(link);
    const address = new URL(said.getAttribute("href"), document.baseURI);
    try {
      if (!(await differs(address, link.sheet))) return;
      const next = document.importNode(said, false);
      address.searchParams.set("flyhot", vsn); // past every cache, the browser's memory too
      next.href = address.href;
      next.media = "not all";
      fresh.set(link, next);
      link.after(next);
      await loaded(next);
    } catch {
      if (fresh.has(link)) fresh.get(link).remove();
      fresh.delete(link); // the old one stays
    }
  };
  const sheets = files.filter((file) => file === "*" || file.endsWith(".css"));
  if (sheets.length) await Promise.all(links.map(renew));
  const swap = () =>
    fresh.forEach((next, link) => {
      const said = sayings.get(link);
      if (!link.isConnected) return next.remove(); // the new page has another one
      applySheets(new Map([[said, next]]));
      link.remove();
      bind(said, next);
    });
  // Its content changed, but not at the address that this page has: the page itself names the new one.
  swap.missed = links.some((link) => !fresh.has(link) && ends(stem(link.href), sheets));
  return swap;
}

// Has the server other rules at this address than the sheet in the page has, or one that it imports?
async function differs(address, sheet) {
  const answer = await fetch(address, { cache: "no-cache", signal: AbortSignal.timeout(TIMEOUT) });
  if (!answer.ok || !/^text\/css/i.test(answer.headers.get("content-type"))) throw new Error("no stylesheet");
  const text = await answer.text();
  const probe = new CSSStyleSheet(); // has no imports
  probe.replaceSync(text);
  const imports = [...sheet.cssRules].filter((rule) => rule instanceof CSSImportRule);
  const inside = imports.map((rule) => rule.styleSheet && differs(rule.styleSheet.href, rule.styleSheet));
  const named = [...text.matchAll(/@import\s+(?:url\()?\s*["']?([^"')\s;]+)/gi)].map((each) => each[1]);
  const changed = (await Promise.all(inside)).some(Boolean);
  return changed || named.join() !== imports.map((rule) => rule.href).join() || rules(probe) !== rules(sheet);
}

const rules = (sheet) =>
  [...sheet.cssRules].map((rule) => (rule instanceof CSSImportRule ? "" : rule.cssText)).join("");

return { line, watch, scripts, runScripts, report, refresh };
});
