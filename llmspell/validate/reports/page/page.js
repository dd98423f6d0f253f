// The list of scripts, what is chosen of it, and the script that is open.

const CHUNK = 200; // rows that are made at once: the others when one scrolls near
const islands = (name) => document.querySelectorAll(`script[type="application/json"].${name}`);
const rows = Array.from(islands("row"), (island, at) => ({ ...JSON.parse(island.textContent), at }));
const details = islands("detail");
for (const row of rows) {
  row.found = [row.path, row.engine, ...row.rules, ...row.says].join("\n").toLowerCase();
}

// ---- what is chosen, which is also what the address says behind its #

const NONE = { status: "", severity: "", rule: "", engine: "", find: "", order: "", path: "" };
let chosen = { ...NONE };
let shownRows = [];

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  chosen = Object.fromEntries(Object.keys(NONE).map((name) => [name, given.get(name) ?? ""]));
}

function addressOf(what) {
  return `#${new URLSearchParams(Object.entries(what).filter(([, value]) => value))}`;
}

function choose(change) {
  chosen = { ...chosen, ...change };
  history.replaceState(null, "", addressOf(chosen));
  showFilters();
  showList();
}

// ---- filters

const ORDERS = {
  "": "Failed first",
  slowest: "Slowest first",
  path: "By path",
  done: "As they came",
};
const RANKS = { failed: 0, unchecked: 1, passed: 2 };
const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
const SORTS = {
  "": (one, other) => RANKS[one.status] - RANKS[other.status] || other.counts.error - one.counts.error || other.counts.warning - one.counts.warning || compare(one.path, other.path),
  slowest: (one, other) => other.seconds - one.seconds,
  path: (one, other) => compare(one.path, other.path),
  done: (one, other) => one.at - other.at,
};

function matches(row, but) {
  const words = chosen.find.toLowerCase().split(/\s+/);
  return (
    (but === "status" || !chosen.status || row.status === chosen.status) &&
    (!chosen.severity || row.counts[chosen.severity] > 0) &&
    (!chosen.rule || row.rules.includes(chosen.rule)) &&
    (!chosen.engine || row.engine === chosen.engine) &&
    words.every((word) => row.found.includes(word))
  );
}

function tally(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1] || compare(one[0], other[0]));
}

function fill(select, first, options) {
  select.append(make("option", { value: "" }, first));
  for (const [value, label] of options) select.append(make("option", { value }, visible(label).textContent));
  select.addEventListener("change", () => choose({ [select.id]: select.value }));
}

function makeFilters() {
  const labelled = (entries) => entries.map(([value, number]) => [value, `${value} (${number.toLocaleString("en")})`]);
  fill(get("severity"), "Any severity", SEVERITIES.map((name) => [name, `With ${name}s`]));
  fill(get("rule"), "Any rule", labelled(tally(rows.flatMap((row) => row.rules))));
  fill(get("engine"), "Any engine", labelled(tally(rows.map((row) => row.engine).filter(Boolean))));
  fill(get("order"), ORDERS[""], Object.entries(ORDERS).filter(([value]) => value));
  get("find").addEventListener("input", () => choose({ find: get("find").value }));
  get("clear").addEventListener("click", () => choose({ ...NONE, path: chosen.path, order: chosen.order }));
  document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  for (const share of document.querySelectorAll(".shares span")) share.style.flexGrow = share.dataset.share;
}

function showFilters() {
  const near = rows.filter((row) => matches(row, "status"));
  const states = [["", "All", near.length], ...Object.keys(RANKS).map((status) => [status, status[0].toUpperCase() + status.slice(1), near.filter((row) => row.status === status).length])];
  const focused = document.activeElement?.dataset?.status;
  get("states").replaceChildren(
    ...states.map(([status, word, number]) =>
      make("button", { type: "button", class: status, "data-status": status, "aria-pressed": String(chosen.status === status), click: () => choose({ status }) },
        status && make("span", { class: "glyph", "aria-hidden": "true" }, GLYPHS[status]), word, make("b", null, number.toLocaleString("en")))));
  if (focused !== undefined) get("states").querySelector(`[data-status="${focused}"]`)?.focus();
  for (const id of ["severity", "rule", "engine", "order"]) {
    get(id).value = chosen[id];
    if (get(id).selectedIndex < 0) get(id).value = chosen[id] = "";
    get(id).classList.toggle("on", chosen[id] !== "");
  }
  if (get("find").value !== chosen.find) get("find").value = chosen.find;
  get("clear").hidden = !["status", "severity", "rule", "engine", "find"].some((name) => chosen[name]);
}

// ---- the list

const end = make("li", { "aria-hidden": "true" });
const watcher = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && showMore(), { rootMargin: "1200px" });
let made = 0;

function rowOf(row) {
  const figures = SEVERITIES.filter((name) => row.counts[name]).map((name) =>
    make("span", { class: `count ${name}`, title: count(row.counts[name], name) }, row.counts[name].toLocaleString("en")));
  return make("li", null,
    make("a", { href: addressOf({ ...chosen, path: row.path }), "data-at": row.at, class: row.status, "aria-current": String(row.path === chosen.path) },
      make("span", { class: "glyph", role: "img", "aria-label": row.status }, GLYPHS[row.status]),
      pathOf(row.path),
      make("span", { class: "figures" }, figures, duration(row.seconds)),
      row.says.length > 0 && make("span", { class: "says" }, visible(row.says[0].split("\n")[0]))));
}

function showMore() {
  const next = shownRows.slice(made, made + CHUNK);
  made += next.length;
  end.before(...next.map(rowOf));
  if (made >= shownRows.length) watcher.unobserve(end);
}

function showList() {
  shownRows = rows.filter((row) => matches(row)).sort(SORTS[chosen.order] ?? SORTS[""]);
  made = 0;
  get("list").replaceChildren(end);
  get("none").hidden = shownRows.length > 0;
  get("count").value = shownRows.length === rows.length ? count(rows.length, "script") : `${shownRows.length.toLocaleString("en")} of ${count(rows.length, "script")}`;
  showMore();
  watcher.unobserve(end);
  if (made < shownRows.length) watcher.observe(end);
}

// ---- the script that is open

function showDetail() {
  const row = rows.find((one) => one.path === chosen.path);
  document.body.classList.toggle("opened", row !== undefined);
  for (const link of document.querySelectorAll("#list a[data-at]")) link.setAttribute("aria-current", String(rows[link.dataset.at].path === chosen.path));
  if (!row) {
    get("detail").replaceChildren(make("p", { class: "empty" }, rows.length ? "Choose a script." : "There is no script."));
    return;
  }
  const detail = JSON.parse(details[row.at].textContent);
  get("detail").replaceChildren(
    make("button", { type: "button", class: "back", click: () => open("") }, "‹ All scripts"),
    make("h2", null, pathOf(row.path)),
    make("div", { class: "facts" },
      make("span", { class: `badge ${row.status}` }, `${GLYPHS[row.status]} ${row.status}`),
      row.engine && make("span", null, visible(row.engine)),
      make("span", null, `checked in ${duration(row.seconds)}`),
      detail.cached && make("span", null, "unchanged since an earlier check"),
      detail.sha256 && make("span", { class: "mono", title: detail.sha256 }, visible(detail.sha256.slice(0, 12)))),
    ...[findingsOf(row, detail), sourceOf(row, detail), runOf(detail.run), callsOf(detail.calls)].flat().filter(Boolean));
  get("detail").scrollTop = 0;
}

const narrow = matchMedia("(max-width: 860px)");
let scrolled = 0; // where the list was, where the script stands in its place

function open(path) {
  if (!chosen.path) scrolled = scrollY;
  chosen.path = path;
  history.pushState(null, "", addressOf(chosen));
  showDetail();
  if (narrow.matches) scrollTo({ top: path ? 0 : scrolled, behavior: "instant" });
}

// ---- keys and addresses

function step(by) {
  const at = shownRows.findIndex((row) => row.path === chosen.path);
  const next = shownRows[at < 0 ? 0 : at + by];
  if (!next) return;
  while (made <= shownRows.indexOf(next)) showMore();
  open(next.path);
  const link = get("list").querySelector(`a[data-at="${next.at}"]`);
  link?.focus({ preventScroll: true });
  link?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input, select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !typing) get("find").focus();
  else if (event.key === "Escape" && typing) event.target.blur();
  else if (event.key === "Escape" && chosen.path) open("");
  else if (event.key === "j" && !typing) step(1);
  else if (event.key === "k" && !typing) step(-1);
  else return;
  event.preventDefault();
});
get("list").addEventListener("click", (event) => {
  const link = event.target.closest("a[data-at]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(rows[link.dataset.at].path);
  get("detail").focus({ preventScroll: true });
});
addEventListener("popstate", () => (readAddress(), showFilters(), showList(), showDetail()));

makeFilters();
readAddress();
showFilters();
showList();
new ResizeObserver(() => document.documentElement.style.setProperty("--tools", `${document.querySelector(".tools").offsetHeight}px`)).observe(document.querySelector(".tools"));
if (!chosen.path && !narrow.matches && shownRows.length) chosen.path = shownRows[0].path;
showDetail();
