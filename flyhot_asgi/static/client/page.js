// The page itself: fetched again after an upgrade and merged into the one that is open.

const VSN_TRIES = 6;
const SUPERSEDED = "a newer release came";
let base = null; // what the server said: the tree of <html>
let baseUrl = "";
let composing = false;
let wanted = null; // the newest announcement that isn't shown yet
let working = false;
let changed = []; // stylesheets and scripts, since this page was last brought up to date: their paths' ends; "*": any

const address = () => location.href.replace(/#.*/, "");

function takeBase() {
  base = remember(document.documentElement);
  baseUrl = address();
}

const event = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));

// Show release `vsn`. Announcements that come meanwhile are one more round, for the last of them.
// Resolves when nothing is left to do. spread: milliseconds in which all tabs together shall ask.
// only: the stylesheets alone.
async function update(vsn, { id = "", spread = 0, say = "", only = false } = {}) {
  wanted = { vsn, id, spread, say, only };
  if (working) return;
  working = true;
  try {
    while (wanted) {
      const job = wanted;
      wanted = null;
      await showRelease(job);
    }
  } finally {
    working = false;
  }
}

async function showRelease(job) {
  if (job.spread) await pause(Math.random() * job.spread);
  while (document.hidden) await event(document, "visibilitychange");
  if (wanted) return; // a newer one came while we waited
  const started = performance.now();
  let error = null;
  try {
    const more = changed.length ? await part("more").catch(() => null) : null;
    const scripts = more ? more.scripts(changed) : [];
    if (scripts.some((each) => each.matches(TRACKED))) return location.reload();
    const renew = more && (await more.refresh(changed, job.vsn));
    if (job.only && renew && !renew.missed) renew();
    else error = await showFetched(job, renew);
    if (!error) {
      if (scripts.length) more.report(scripts.filter((each) => each.isConnected));
      changed = [];
    }
  } catch (failure) {
    console.error("flyhot: the page could not be updated", failure);
    error = String(failure && failure.message);
  }
  if (error === SUPERSEDED) return;
  if (!error) {
    pageVsn = job.vsn;
    announce(job.say || "Page updated");
  }
  emit(error ? "kept" : "updated", { vsn: job.vsn, error });
  report({ t: "done", id: job.id, ms: Math.round(performance.now() - started), ok: !error, ...(error && { err: error }) });
}

// Returns null, or why the page stays as it is.
async function showFetched(job, renew) {
  if (staysAsItIs()) return "the page asks not to be updated";
  const url = address();
  const answer = await fetchPage(url, job.vsn);
  if (typeof answer === "string") return answer;
  if (wanted) return SUPERSEDED;
  if (address() !== url) return await showFetched(job, renew); // a script has navigated meanwhile
  if (baseUrl !== url) takeBase(); // or before: what is there now is the best base there is
  const fresh = tidy(new DOMParser().parseFromString(trusted("HTML", answer.text), "text/html").documentElement);
  let found = match(base, fresh);
  if (mustReload(fresh, found)) {
    location.reload();
    return null;
  }
  const { sheets, kept } = await loadSheets(base, fresh, found);
  if (composing) await event(document, "compositionend");
  found = match(base, fresh); // again: the user may have edited something in place while we waited
  applySheets(sheets);
  const merged = merge(base, fresh, { found, sheets, kept });
  if (renew) renew();
  base = merged.base;
  keepInBase(base, kept);
  const { scripts, changedScripts } = merged;
  if (scripts.length || changedScripts.length) {
    const more = await part("more");
    more.runScripts(scripts, answer.policy);
    if (changedScripts.length) more.report(changedScripts);
  }
  findLiveRoots();
  return null;
}

// -> {text, policy}, or why not. Another worker may be late, the server may be held: asked again a few times.
async function fetchPage(url, vsn) {
  let why = "";
  for (let attempt = 0; attempt < VSN_TRIES; attempt++) {
    if (attempt) await pause(500 + Math.random() * 1500);
    if (wanted) return SUPERSEDED;
    let response;
    try {
      response = await fetch(url, {
        cache: "no-store",
        credentials: "same-origin",
        redirect: "manual",
        headers: { accept: "text/html", "x-flyhot": vsn },
      });
    } catch (failure) {
      why = "not reachable: " + failure.message;
      continue;
    }
    if (response.type === "opaqueredirect") return "the page redirects now"; // to a login, most likely
    if (response.status === 503 || response.status === 502) {
      why = "status " + response.status;
      continue;
    }
    if (!response.ok) return "status " + response.status;
    if (!/^text\/html\b/i.test(response.headers.get("content-type") || "")) return "no HTML";
    const text = await response.text();
    const theirs = response.headers.get("x-flyhot-vsn") || vsnIn(text);
    if (!theirs || theirs === vsn) return { text, policy: response.headers.get("content-security-policy") };
    why = "the server still answers with " + theirs;
  }
  return why;
}

// The vsn that the fetched page's own script tag carries.
const vsnIn = (text) => (/<script\b[^>]*\bdata-vsn="([^"]*)"/i.exec(text) || [])[1] || "";
