// Start: take down what the server said before other scripts change it, then open the sockets.

// LiveViews need a script of their own, which only pages that have one load.
function findLiveRoots() {
  if (added.live) added.live.find();
  else if (document.querySelector("[data-live]") && !document.querySelector('script[src*=".live.js"]')) {
    part("live").catch(() => {});
  }
}

function start() {
  const on = document.addEventListener.bind(document);
  takeBase();
  watchTheNetwork();
  on("compositionstart", () => (composing = true), true);
  on("compositionend", () => (composing = false), true);
  findLiveRoots();
  startControl();
}

window.flyhot = {
  get vsn() {
    return pageVsn;
  },
  get connected() {
    return greeted;
  },
  get held() {
    return held;
  },
  // Fetch this page again and merge it, as after an upgrade.
  update: (vsn) => update(vsn || pageVsn),
  // For the scripts beside this one.
  add(name, install) {
    // By place: names would travel with every page.
    added[name] = install(
      emit, waiting, line, socketUrl, remember, mergeInside, handedIn, field, isTick, content, part, added,
      trusted, bind, sayings, applySheets, loaded, stem, announce, isDirty, top, twins, nonces, ownNonce,
    );
    if (base) findLiveRoots();
  },
};

// A deferred script runs when the page is parsed ("interactive"), before those deferred after it.
if (document.readyState === "loading") {
  document.addEventListener("readystatechange", start, { once: true });
} else {
  start();
}
