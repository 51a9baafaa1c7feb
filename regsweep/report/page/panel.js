// A run that was clicked on, in a table or in a figure: settings, command, curves, zeros, the end of its log.
// A panel has a key: a trial's number, or the folder of a confirmation's run. What opens it has the key as its
// data-panel, a mark in a figure as its customdata.
"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const trials = JSON.parse(find("trials-data").textContent);
  const panels = JSON.parse(find("panels-data").textContent);
  const theme = JSON.parse(find("theme").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const numbers = trials.columns[0].values;
  const canvases = document.querySelectorAll("[data-curve]");

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  // What stands above the curves, in one form: of a trial from the table, of a confirmation's run from its panel.
  function aboutTrial(row) {
    const facts = trials.columns.slice(1).filter((column) => column.values[row] !== null)
      .map((column) => [column.name, window.trialsTable.shown(column, row)]);
    return { title: `Trial ${numbers[row]}`, facts, error: trials.errors[row], folder: trials.folders[row], command: trials.commands[row] };
  }

  function listed({ facts, error, folder, command }) {
    const list = element("dl");
    const add = (name, ...parts) => list.append(element("dt", { textContent: name }), element("dd", {}, ...parts));
    for (const [name, text, other] of facts) {
      add(name, text);
      if (!other) continue;
      const button = element("button", { type: "button", textContent: "that run" });
      button.dataset.panel = other;
      list.lastChild.append(" ", button);
    }
    if (error) add("reason", error);
    add("folder", element("a", { href: folder, textContent: folder.replace(/^\.\//, "") }));
    if (command) add("runs it again", element("code", { textContent: command }));
    return list;
  }

  function zeros(rows) {
    const cell = (text, isNumber = true) => element("td", { textContent: text, className: isNumber ? "number" : "" });
    const head = ["layer", "exact zeros (%)", "near zero (%)"].map((text, index) =>
      element("th", { textContent: text, scope: "col", className: index ? "number" : "" }));
    return element("table", {}, element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...rows.map(([layer, ...shares]) =>
        element("tr", {}, cell(layer, false), ...shares.map((share) => cell((100 * share).toFixed(2)))))));
  }

  const FEW_EPOCHS = 6; // of which each has a tick, and nothing between them has
  const LOOKS = [["validation", "blue", "solid"], ["train", "muted", "dot"]];

  function draw(curves) {
    const colours = dark.matches ? theme.dark : theme.light;
    // Shown before they are drawn: what stands beside a figure makes it narrower.
    for (const canvas of canvases)
      canvas.hidden = !LOOKS.some(([part]) => curves[`${part}_${canvas.dataset.curve}`]);
    for (const canvas of canvases) {
      const { curve: kind, title: unit } = canvas.dataset, factor = Number(canvas.dataset.factor);
      const data = LOOKS.filter(([part]) => curves[`${part}_${kind}`]).map(([part, colour, dash]) => ({
        x: curves.epoch, y: curves[`${part}_${kind}`].map((value) => value === null ? null : factor * value),
        mode: curves.epoch.length > 1 ? "lines" : "markers", name: part, line: { color: colours[colour], dash, width: 2 },
        marker: { color: colours[colour], size: 8 },
      }));
      if (canvas.hidden) continue;
      const axis = { gridcolor: colours.grid, zeroline: false, automargin: true };
      Plotly.react(canvas, data, {
        height: 260, margin: { l: 56, r: 12, t: 12, b: 44 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        font: { color: colours.text, size: 13 }, showlegend: true, legend: { orientation: "h", y: 1.15 },
        xaxis: { ...axis, title: { text: "epoch" }, ...(curves.epoch.length <= FEW_EPOCHS ? { dtick: 1 } : {}) }, yaxis: { ...axis, title: { text: unit } },
      }, { responsive: true, displayModeBar: false }).then(() => name(canvas, unit, data));
    }
  }

  // Its labels, one by one, are no words.
  function name(canvas, unit, data) {
    const parts = data.map(({ name, x, y }) => {
      const known = x.map((epoch, place) => [epoch, y[place]]).filter(([, value]) => typeof value === "number");
      const shown = ([epoch, value]) => `${window.trialsTable.shortened(value, 4)} at ${epoch}`;
      const heights = known.map(([, value]) => value);
      const ends = [Math.min(...heights), Math.max(...heights)].map((end) => shown(known[heights.indexOf(end)]));
      return known.length ? `${name}: ${shown(known[0])} to ${shown(known.at(-1))}, lowest ${ends[0]}, highest ${ends[1]}` : `${name}: none`;
    });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${unit} over epochs. ${parts.join(". ")}.`);
    for (const layer of canvas.querySelectorAll(".main-svg")) layer.setAttribute("aria-hidden", "true");
  }

  let opener = null; // where one goes on when the panel is closed

  function show(key, { moves = true } = {}) {
    const row = numbers.indexOf(Number(key)), known = panels[key] ?? {};
    const about = row >= 0 ? aboutTrial(row) : known.facts ? known : null;
    if (!about) return false;
    const panel = find("panel");
    find("panel-title").textContent = about.title;
    find("panel-settings").replaceChildren(listed(about));
    find("panel-zeros").replaceChildren(...(known.zeros?.some(([, share]) => share > 0) ? [zeros(known.zeros)] : []));
    find("panel-log").textContent = known.log ?? "";
    find("panel-log").hidden = !known.log;
    panel.hidden = false;
    for (const canvas of canvases) canvas.hidden = true;
    if (known.curves && window.Plotly) draw(known.curves);
    chosen.set("panel", key);
    if (moves) {
      if (!panel.contains(document.activeElement)) opener = document.activeElement;
      panel.scrollIntoView({ block: "nearest" });
      find("panel-title").focus();
    }
    return true;
  }

  function close() {
    find("panel").hidden = true;
    chosen.set("panel", "");
    opener?.focus();
  }

  find("panel-close").addEventListener("click", close);
  find("panel").addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-panel]");
    const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey; // a link that is opened in another tab
    if (opener && !isElsewhere && show(opener.dataset.panel)) event.preventDefault();
  });
  for (const canvas of document.querySelectorAll(".canvas"))
    canvas.addEventListener("drawn", () => canvas.on("plotly_click", ({ points }) => {
      if ("dragged" in canvas.dataset) return;
      const key = points[0]?.customdata;
      if (key !== undefined && key !== null) show(String(key));
    }));
  addEventListener("load", () => { if (chosen.get("panel")) show(chosen.get("panel"), { moves: false }); });
})();
