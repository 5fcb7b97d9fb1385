// Start: take down what the server said before other scripts change it, then open the sockets.

function start() {
  takeBase();
  watchTheNetwork();
  document.addEventListener("compositionstart", () => (composing = true), true);
  document.addEventListener("compositionend", () => (composing = false), true);
  document.addEventListener("click", onClick);
  document.addEventListener("input", onInput);
  document.addEventListener("submit", onSubmit);
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
};

// A deferred script runs when the page is parsed ("interactive"), before those deferred after it.
if (document.readyState === "loading") {
  document.addEventListener("readystatechange", start, { once: true });
} else {
  start();
}
