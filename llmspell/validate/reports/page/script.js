// What is known of one script, as elements: its findings, source, run and calls.

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
