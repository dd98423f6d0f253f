"use strict";
// The page of a check. Text of scripts only ever becomes the text of an element; no markup is made from any.
(() => {
  const CHUNK = 200; // rows that are made at once: the others when one scrolls near
  const GLYPHS = { passed: "✓", failed: "✕", unchecked: "?" };
  const SEVERITIES = ["error", "warning", "note"];
  const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
  const get = (id) => document.getElementById(id);
  const islands = (name) => document.querySelectorAll(`script[type="application/json"].${name}`);

  const rows = Array.from(islands("row"), (island, at) => ({ ...JSON.parse(island.textContent), at }));
  const details = islands("detail");
  for (const row of rows) {
    row.found = [row.path, row.engine, ...row.rules, ...row.says].join("\n").toLowerCase();
  }

  // ---- elements

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

  // ---- one script

  const section = (title, more, ...children) => [make("h3", null, title, more && make("span", { class: "faint" }, more)), ...children];
  const cut = (number) => number > 0 && make("span", { class: "cut" }, `${count(number, "more character")}`);

  function findingsOf(row, detail) {
    if (!detail.findings.length) return [];
    const items = detail.findings.map((one) => {
      const place = one.place && `${one.place.line}:${one.place.column}`;
      const here = !one.file || one.file === row.path;
      const where = here
        ? place && make("button", { type: "button", class: "where", "aria-label": `to line ${one.place.line}`, click: () => seek(one.place.line) }, place)
        : make("span", { class: "where" }, visible(one.file), place ? `:${place}` : "");
      return make("li", { class: one.severity }, where, make("span", { class: "rule" }, visible(one.rule)),
        make("span", { class: "away" }, one.severity), make("span", { class: one.message.includes("\n") ? "message mono" : "message" }, visible(one.message)));
    });
    const list = make("ul", { class: "findings box" }, items, detail.more > 0 && make("li", { class: "faint" }, `and ${count(detail.more, "more finding")}`));
    return section("Findings", count(detail.findings.length + detail.more, "finding"), list);
  }

  function bar(kind, part) {
    const inside = make("span", { class: kind });
    inside.style.width = `${part * 100}%`;
    return make("div", { class: "bar" }, part > 0 && inside);
  }

  function runOf(run) {
    if (!run) return [];
    const ok = run.verdict === "ok";
    const error = run.error;
    const told = error && make("div", { class: "box" },
      make("pre", null, error.place && visible(`${error.place}: `), visible(error.message)),
      error.traceback && make("pre", { class: "faint" }, visible(error.traceback)));
    const meters = make("dl", { class: "meters" }, run.meters.map((one) =>
      make("div", { role: "group", "aria-label": `${one.name}: ${one.text}` }, make("dt", null, one.name), make("dd", null, one.text),
        one.part !== null && bar(one.part >= 1 ? "error" : one.part >= 0.8 ? "warning" : "note", one.part))));
    const output = (title, [text, more]) => (text ? section(title, "", make("div", { class: "box" }, make("pre", { tabindex: 0 }, visible(text)), cut(more))) : []);
    return [
      ...section("Run", "", make("p", null, make("span", { class: `badge ${ok ? "passed" : "failed"}` }, visible(run.verdict || "no verdict")), error && make("span", { class: "faint" }, "  ", visible(error.kind)))),
      told, meters,
      ...output("Output", run.stdout), ...output("Standard error", run.stderr), ...(run.value ? output("Value", run.value) : []),
    ];
  }

  function callsOf(calls) {
    if (!calls) return [];
    const items = calls.calls.map((call) => {
      const inside = make("span", { class: call.ok ? "note" : "error" });
      inside.style.left = `min(${call.begin * 100}%, calc(100% - 3px))`;
      inside.style.width = `${Math.min(call.length, 1 - call.begin) * 100}%`;
      const label = call.capability + (call.name ? ` ${call.name}` : "");
      const tells = `${label}${call.agent ? `, by ${call.agent}` : ""}: ${call.ok ? "" : "failed, "}${call.took} from ${call.begun}`;
      return make("li", { title: visible(tells).textContent },
        make("span", { class: `label${call.agent ? " by" : ""}` }, visible(label)), make("div", { class: "track" }, inside),
        make("span", { class: "took" }, !call.ok && make("span", { class: "glyph error", role: "img", "aria-label": "failed" }, "✕ "), call.took));
    });
    return section("Calls", `${count(items.length + calls.more, "call")} in ${calls.seconds}`,
      make("ol", { class: "calls box" }, items, calls.more > 0 && make("li", { class: "faint" }, `and ${count(calls.more, "more call")}`)));
  }

  function codeOf([, begin, text, more], here) {
    const before = begin > 1 && make("span", { class: "faint" }, "… ");
    const after = more > 0 && make("span", { class: "faint" }, ` … ${count(more, "more character")}`);
    const marks = here.filter((one) => one.place.line === one.place.end_line);
    if (!marks.length) return [before, visible(text), after];
    const chars = [...text];
    const worst = new Array(chars.length).fill(SEVERITIES.length);
    for (const { place, severity } of marks) {
      const last = Math.max(place.end_column, place.column + 1) - begin;
      const rank = SEVERITIES.indexOf(severity);
      for (let at = Math.max(0, place.column - begin); at < Math.min(chars.length, last); at += 1) worst[at] = Math.min(worst[at], rank);
    }
    const pieces = [];
    for (let at = 0; at < chars.length; ) {
      let until = at;
      while (until < chars.length && worst[until] === worst[at]) until += 1;
      const piece = visible(chars.slice(at, until).join(""));
      pieces.push(worst[at] < SEVERITIES.length ? make("mark", { class: SEVERITIES[worst[at]] }, piece) : piece);
      at = until;
    }
    return [before, pieces, after];
  }

  function sourceOf(row, detail) {
    if (!detail.source) return [];
    const own = detail.findings.filter((one) => one.place && (!one.file || one.file === row.path));
    own.sort((one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity));
    const byLine = new Map();
    for (const one of own) byLine.set(one.place.line, [...(byLine.get(one.place.line) ?? []), one]);
    const body = make("tbody");
    let last = 0;
    const gap = (from, to) => to >= from && body.append(make("tr", { class: "gap" }, make("td", { colspan: 2 }, from === to ? `line ${from} is not shown` : `lines ${from.toLocaleString("en")} to ${to.toLocaleString("en")} are not shown`)));
    for (const line of detail.source.lines) {
      gap(last + 1, line[0] - 1);
      last = line[0];
      const here = byLine.get(last) ?? [];
      const kind = here.length ? `hit ${here[0].severity}` : "";
      body.append(make("tr", { class: kind, "data-line": last }, make("td", { class: "number" }, last), make("td", { class: "code" }, codeOf(line, here))));
      for (const one of here) {
        body.append(make("tr", { class: `said ${one.severity}` }, make("td"), make("td", null, make("span", { class: one.message.includes("\n") ? "message mono" : "message" }, visible(one.message)))));
      }
    }
    gap(last + 1, detail.source.count);
    return section("Source", count(detail.source.count, "line"), make("div", { class: "source box", tabindex: 0, role: "region", "aria-label": "Source" }, make("table", null, body)));
  }

  function seek(line) {
    const found = get("detail").querySelector(`[data-line="${line}"]`);
    if (!found) return;
    get("detail").querySelector(".seek")?.classList.remove("seek");
    found.classList.add("seek");
    found.scrollIntoView({ block: "center" });
  }

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
})();
