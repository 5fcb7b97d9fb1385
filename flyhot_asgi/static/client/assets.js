// Stylesheets and scripts of a page that is about to be merged.

const SHEET_TIMEOUT = 10000; // the page waits with the new markup: an unstyled one would be worse

// Resolves when the link's sheet applies; rejects if it can't be had.
function loaded(link) {
  return new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => reject(new Error("not loaded: " + link.href));
    setTimeout(resolve, SHEET_TIMEOUT); // slow is not broken: it will apply when it comes
  });
}

// Load what `fresh` has and the page has not, while the old sheets still apply: no unstyled moment.
// A sheet that can't be loaded is dropped, and then no old one goes. -> {sheets, kept}, for merge().
async function loadSheets(base, fresh, found) {
  const sheets = new Map(); // new node -> its link in the page, which doesn't apply yet
  const kept = new Set();
  const waiting = [];
  let broken = false;
  for (const node of fresh.querySelectorAll("link[rel~=stylesheet i]")) {
    if (found.oldOf.has(node) || isInside(found.same, node)) continue;
    const link = document.importNode(node, false);
    const before = previousTwin(node, found, sheets);
    link.media = "not all";
    const ready = loaded(link).catch(() => {
      broken = true;
      link.remove();
      sheets.delete(node);
      node.remove(); // not said: the next page may try again
    });
    waiting.push(ready);
    sheets.set(node, link);
    if (before) before.after(link);
    else document.head.prepend(link);
  }
  await Promise.all(waiting);
  if (broken) {
    console.warn("flyhot: a new stylesheet could not be loaded; the old ones stay");
    emit("assets", { broken: true });
    for (const old of base.querySelectorAll("link[rel~=stylesheet i]")) {
      if (found.taken.has(old) || isInside(found.same, old)) continue;
      kept.add(old);
    }
  }
  return { sheets, kept };
}

// The node in the page's head after which the link belongs.
function previousTwin(node, found, sheets) {
  for (let back = node.previousSibling; back; back = back.previousSibling) {
    const twin = sheets.get(back) || twins.get(found.oldOf.get(back));
    if (twin && twin.isConnected) return twin;
  }
  return null;
}

// Old sheets that stay become part of the new base: otherwise no later page could remove them.
function keepInBase(fresh, kept) {
  const head = fresh.querySelector("head") || fresh;
  for (const old of kept) head.append(old);
}

// Loaded sheets apply from now on: with the markup that they are for, in the same frame.
const applySheets = (sheets) =>
  sheets.forEach((link, said) => {
    if (said.hasAttribute("media")) link.media = said.getAttribute("media");
    else link.removeAttribute("media");
  });

// Scripts that were there and have changed can't be un-run, and running them again would do things twice (a second
// socket, a second listener). The page may offer a reload; one marked data-flyhot-track="reload" asks for it.
const TRACKED = 'script[data-flyhot-track="reload"]';

const mustReload = (fresh, found) =>
  [...fresh.querySelectorAll(TRACKED)].some((node) => {
    const old = found.oldOf.get(node);
    return old ? !found.same.has(node) : !isInside(found.same, node);
  });
