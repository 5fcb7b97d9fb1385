// Generated pages for test_merge.py. Runs in the scope of the client's own functions.

let state = 1;

function random(below) {
  state = (state * 1103515245 + 12345) % 2147483648;
  return Math.floor(state / 65536) % below;
}

const pick = (list) => list[random(list.length)];

function markup(depth) {
  let text = "";
  for (let left = random(5); left > 0; left--) {
    const kind = random(10);
    if (kind < 2 || depth === 0) text += pick(["a", "b", "c d", "0 %", " ", "\n"]);
    else if (kind === 2) text += `<input${pick(["", " name=x", " name=y", " id=i1"])}>`;
    else if (kind === 3) text += `<svg><g><text x="${random(3)}">${pick(["0", "1", "0 %"])}</text><rect/></g></svg>`;
    else {
      const tag = pick(["div", "i", "ul", "span", "section", "form"]);
      const name = pick(["", "", "", ` id="${pick([..."abcdef"])}"`, ` class="${pick(["u", "v", "u v"])}"`, ` data-key="${random(4)}"`]);
      text += `<${tag}${name}>${markup(depth - 1)}</${tag}>`;
    }
  }
  return text;
}

// A small change of a page, or another one.
function next(html) {
  if (random(2)) return markup(3);
  return html.replace(
    pick(["<div>", ">a<", "</span>", ">0<", "<form>"]),
    pick(["<div>x", ">b<", "z</span>", "><i>1</i>0<", "<section><form>"]),
  );
}

// An element in the page, and what brings it to the server's next word; that says whether it looks like it.
function screen(html) {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  root.innerHTML = html;
  let said = remember(root);
  return {
    root,
    say(text) {
      const fresh = said.cloneNode(false);
      bind(fresh, root);
      const parsed = inert.createElement("template");
      parsed.innerHTML = text;
      fresh.append(parsed.content);
      const wanted = fresh.innerHTML;
      said = merge(said, tidy(fresh)).base;
      return root.innerHTML === wanted && said.innerHTML === wanted;
    },
  };
}

function differences(seed, rounds) {
  state = seed;
  const found = [];
  for (let round = 0; round < rounds && !found.length; round++) {
    const { root, say } = screen(markup(3));
    for (let step = 0; step < 3 && !found.length; step++) {
      const before = root.innerHTML;
      const text = next(before);
      if (!say(text)) found.push({ before, text, after: root.innerHTML });
    }
  }
  return found;
}

// Each field is filled with its own name: afterwards it holds that, or nothing if it is new.
function strayTexts(seed, rounds) {
  state = seed;
  const found = [];
  const nameOf = (input) => input.id || input.name;
  for (let round = 0; round < rounds && !found.length; round++) {
    const { root, say } = screen(markup(3) + '<form><input name="always"></form>');
    const inputs = () => [...root.querySelectorAll("input")].filter(nameOf);
    for (const input of inputs()) input.value = nameOf(input);
    const before = root.innerHTML;
    const wrapped = pick(["<form>%</form>", "<section><form>%</form></section>", "<div>%</div>", "%"]);
    const text = markup(3) + wrapped.replace("%", '<input name="before"><input name="always">') + markup(2);
    say(text);
    const always = root.querySelector("[name=always]");
    if (always.value !== "always") found.push({ lost: always.value, before, text });
    for (const input of inputs()) {
      if (input.value && input.value !== nameOf(input)) found.push({ stray: input.value, in: nameOf(input), before, text });
    }
  }
  return found;
}
