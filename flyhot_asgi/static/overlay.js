// What watch mode has to say in the page: why the last save was not taken, until a good one heals it.
// Loaded by the client when there is something to say. Styles by properties: a strict style-src allows those.
(function () {
  "use strict";
  let box = null;

  function node(parent, name, text, style) {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    Object.assign(made.style, style || {});
    parent.append(made);
    return made;
  }

  function hide() {
    if (box) box.remove();
    box = null;
  }

  function show(said) {
    hide();
    box = node(document.body, "section", "", {
      position: "fixed", left: "16px", right: "16px", bottom: "16px", maxHeight: "60vh", overflow: "auto",
      zIndex: "2147483647", padding: "14px 44px 14px 18px", borderRadius: "10px", background: "#1d1f27",
      color: "#f2f2f5", font: "14px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
      boxShadow: "0 12px 40px rgba(0, 0, 0, .45)", borderLeft: "5px solid " + (said.restart ? "#f5b83d" : "#ff6b6b"),
      textAlign: "left", maxWidth: "880px", margin: "0 auto", boxSizing: "border-box",
    });
    box.setAttribute("role", "alert");
    box.setAttribute("data-flyhot-ignore", "");
    box.setAttribute("data-flyhot-overlay", "");
    node(box, "strong", said.title, { display: "block", marginBottom: "6px", overflowWrap: "anywhere" });
    for (const place of said.places || []) {
      const line = node(box, "div", "", { margin: "6px 0", overflowWrap: "anywhere" });
      if (place.file) node(line, "span", place.file + (place.line ? ":" + place.line : "") + " ", { color: "#8ab4ff" });
      node(line, "span", place.what);
      if (place.do) node(line, "div", "→ " + place.do, { color: "#a6e3b8" });
    }
    const close = node(box, "button", "×", {
      position: "absolute", top: "8px", right: "10px", width: "28px", height: "28px", border: "0", padding: "0",
      borderRadius: "6px", background: "transparent", color: "inherit", font: "20px/1 sans-serif", cursor: "pointer",
    });
    close.type = "button";
    close.setAttribute("aria-label", "close");
    close.addEventListener("click", hide);
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  document.addEventListener("flyhot:watch", (event) => (event.detail.ok ? hide() : show(event.detail)));
})();
