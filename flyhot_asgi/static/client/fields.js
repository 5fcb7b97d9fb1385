// Form fields, focus and scroll: what the user did, taken down before a merge and put right after it.

const field = "input, select, textarea";

// Live fields whose content the server has taken (a LiveView's submit) -> that content.
const handedIn = new WeakMap();

const isTick = (element) => element.type === "checkbox" || element.type === "radio";

// What a field holds, as one string.
function content(element) {
  if (element.localName === "select") {
    return JSON.stringify([...element.options].filter((each) => each.selected).map((each) => each.value));
  }
  return isTick(element) ? String(element.checked) : element.value;
}

// What the server's markup puts into it. Read from attributes: the base is patched together of many pages' nodes, and
// options and radio buttons unchoose each other when they meet.
function saidContent(said) {
  if (isTick(said)) return String(said.hasAttribute("checked"));
  if (said.localName !== "select") return said.value;
  const options = [...said.options];
  let chosen = options.filter((each) => each.hasAttribute("selected"));
  if (!said.multiple) chosen = [chosen.at(-1) || options.find((each) => !each.disabled)].filter(Boolean);
  return JSON.stringify(chosen.map((each) => each.value));
}

// Does it hold something else than what the server last said? Then it is the user's.
function isDirty(element) {
  const said = sayings.get(element);
  if (!said || said.localName !== element.localName) return true;
  if (element.hasAttribute("data-flyhot-server")) return false;
  if (handedIn.has(element)) return content(element) !== handedIn.get(element);
  return content(element) !== saidContent(said);
}

const radioGroup = (element) => [element.form, element.name].map(identity).join();

const numbers = new WeakMap();
let counter = 0;

function identity(thing) {
  if (typeof thing !== "object" || thing === null) return String(thing);
  if (!numbers.has(thing)) numbers.set(thing, ++counter);
  return numbers.get(thing);
}

// Take down what all fields of `root` hold. The function it returns is called after the merge: what the user changed is
// as it was, what only the server changed is as the server says.
function keepFields(root) {
  const all = [...root.querySelectorAll(field)].filter(
    (each) => each.type !== "file" && each.type !== "hidden" && !each.closest("[data-flyhot-ignore]"),
  );
  const held = all.map((element) => ({ element, dirty: isDirty(element), before: content(element) }));
  // Choosing one radio button unchooses another: the whole group is the user's, or none of it.
  const groups = new Set();
  for (const { element, dirty } of held) if (dirty && element.type === "radio") groups.add(radioGroup(element));
  for (const each of held) if (each.element.type === "radio") each.dirty = groups.has(radioGroup(each.element));

  return () => {
    for (const { element, dirty, before } of held) {
      if (!element.isConnected) continue;
      const said = sayings.get(element);
      const wanted = dirty || !said ? before : saidContent(said);
      if (content(element) !== wanted) putContent(element, wanted);
      if (!dirty) handedIn.delete(element);
    }
  };
}

function putContent(element, wanted) {
  if (element.localName === "select") {
    const chosen = JSON.parse(wanted);
    if (chosen.length && ![...element.options].some((each) => chosen.includes(each.value))) return; // all gone
    for (const option of element.options) option.selected = chosen.includes(option.value);
  } else if (isTick(element)) {
    element.checked = wanted === "true";
  } else {
    element.value = wanted;
  }
}

// Remember focus and selection; the returned function gives them back if the merge took them.
function keepFocus() {
  const active = document.activeElement;
  if (!active || active === document.body) return () => {};
  const [from, to, way] = selectionOf(active);
  const value = active.value;
  return () => {
    if (!active.isConnected) return;
    if (document.activeElement !== active) active.focus({ preventScroll: true });
    const [nowFrom, nowTo] = selectionOf(active);
    if (from === null || (from === nowFrom && to === nowTo)) return;
    if (active.value !== value && from === to && from === value.length) return; // at the end of what was replaced
    active.setSelectionRange(from, to, way);
  };
}

// [null] for what has no selection; number and e-mail fields throw instead, in some browsers.
function selectionOf(element) {
  try {
    return typeof element.selectionStart === "number"
      ? [element.selectionStart, element.selectionEnd, element.selectionDirection]
      : [null];
  } catch {
    return [null];
  }
}

// Keep what the user looks at where it is: the focused element if it can be seen, else the middle of the window.
// Never by setting scrollY to what it was: that would undo the browser's own anchoring.
function keepScroll() {
  if (!scrollY) return () => {}; // at the top one wants to see what is new there
  const visible = (element) => {
    const box = element.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  };
  const active = document.activeElement;
  const anchor =
    active && active !== document.body && visible(active)
      ? active
      : document.elementFromPoint(innerWidth / 2, innerHeight / 2);
  if (!anchor) return () => {};
  const top = anchor.getBoundingClientRect().top;
  return () => {
    if (!anchor.isConnected) return;
    const shift = anchor.getBoundingClientRect().top - top;
    if (Math.abs(shift) >= 1) scrollBy({ top: shift, behavior: "instant" });
  };
}
