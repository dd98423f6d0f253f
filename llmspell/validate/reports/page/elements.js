// The elements of the page. Text of scripts only ever becomes the text of an element; no markup is made from any.

const GLYPHS = { passed: "✓", failed: "✕", unchecked: "?" };
const SEVERITIES = ["error", "warning", "note"];
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const get = (id) => document.getElementById(id);

function make(tag, given, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given ?? {})) {
    if (name === "class") made.className = value;
    else if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

// What cannot be seen, or turns the direction of what stands around it, is shown by its name.
function visible(text) {
  const made = document.createDocumentFragment();
  let at = 0;
  for (const found of text.matchAll(UNSEEN)) {
    made.append(text.slice(at, found.index));
    const code = found[0].codePointAt(0);
    const name = code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
    made.append(make("span", { class: "unseen", title: "a character that cannot be seen" }, name));
    at = found.index + found[0].length;
  }
  made.append(text.slice(at));
  return made;
}

const count = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
const duration = (seconds) => (seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`);

function pathOf(path) {
  const cut = path.lastIndexOf("/") + 1;
  return make("span", { class: "path" }, make("i", null, visible(path.slice(0, cut))), make("wbr"), make("b", null, visible(path.slice(cut))));
}
