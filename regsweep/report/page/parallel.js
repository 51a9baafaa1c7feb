// Parallel coordinates: draws the trials of the filter, and turns a drag along an axis into a part of the filter.
"use strict";
(() => {
  const NEAR = 12; // pixels from an axis at which a drag is along it
  const FEW = 4; // pixels of a drag below which it is a click
  const canvas = document.querySelector(".canvas[data-name=parallel_coordinates]");
  if (!canvas) return;
  const trials = JSON.parse(document.getElementById("trials-data").textContent);
  const { layout } = JSON.parse(document.getElementById(`${canvas.id}-data`).textContent);
  const { keys, numbers, traces, places, best, most } = layout.meta;
  const columns = keys.map((key) => trials.columns.findIndex((column) => column.key === key));
  const lineOf = new Map(numbers.map((number, line) => [number, line]));
  const lines = trials.columns[0].values.map((number) => lineOf.get(number)); // of each row of the table
  const holder = canvas.parentElement;
  const strips = keys.map(() => {
    const strip = document.createElement("div");
    strip.className = "axis-strip";
    strip.append(document.createElement("button"));
    holder.append(strip);
    return strip;
  });

  // Where the axes are on the canvas: each is drawn as a line, the shapes of the figure, from its foot to its head.
  function frame() {
    const drawn = [...canvas.querySelectorAll(".shapelayer path")].map((line) => line.getBBox());
    const nowhere = { x: NaN, y: NaN, height: NaN }; // nothing is drawn yet
    const { x: first, y: head, height } = drawn[0] ?? nowhere;
    const apart = ((drawn.at(-1) ?? nowhere).x - first) / (keys.length - 1);
    return {
      x: (axis) => first + apart * axis,
      y: (place) => head + height * (1 - place),
      place: (y) => 1 - (y - head) / height,
    };
  }

  // Of more lines than can be told apart, evenly spaced ones are drawn, and the best.
  function spaced(all) {
    if (all.length <= most) return all;
    return [...new Set([...Array.from({ length: most }, (_, place) => all[Math.floor((place * all.length) / most)]),
      ...all.filter((line) => best.includes(line))])];
  }

  const SVG = "http://www.w3.org/2000/svg";
  const above = document.createElementNS(SVG, "svg");
  above.classList.add("kept-lines", ...[...canvas.classList].filter((name) => name.startsWith("least-")));
  above.setAttribute("aria-hidden", "true");
  holder.append(above);

  // The lines of the filter lie above all others, which are pale then: a path for each kind, as Plotly's thousand are slow.
  function draw() {
    if (!canvas.data) return;
    const here = frame(), { x, y } = here;
    const { kept } = window.trialsTable;
    const isFiltered = kept.length < lines.length;
    holder.classList.toggle("is-filtered", isFiltered);
    const some = isFiltered ? spaced(kept.map((row) => lines[row]).filter((line) => line !== undefined)) : [];
    const pathOf = (line) => `M${places.map((axis, index) => `${x(index).toFixed(1)},${y(axis[line]).toFixed(1)}`).join("L")}`;
    above.replaceChildren(...canvas.data.map(({ name, line: { color, width, dash }, visible }, index) => {
      const path = document.createElementNS(SVG, "path");
      const own = visible === "legendonly" ? [] : some.filter((line) => traces[line] === index);
      const look = { d: own.map(pathOf).join(""), stroke: color, "stroke-width": width, "stroke-dasharray": dash ? "3,3" : "none" };
      for (const [key, value] of Object.entries(look)) path.setAttribute(key, value);
      path.dataset.name = name;
      return path;
    }));
    showRanges(here);
  }

  const ends = (values) => [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];

  // A range is drawn from the lowest to the highest place of the trials that the filter's words on its axis let through.
  function showRanges(here) {
    const restrictions = window.trialsTable.restrictions();
    strips.forEach((strip, axis) => {
      const tests = restrictions.filter(({ index }) => index === columns[axis]).map(({ test }) => test);
      const within = lines.flatMap((line, row) =>
        line !== undefined && tests.every((test) => test(row)) ? [places[axis][line]] : []);
      show(strip, axis, tests.length && within.length ? ends(within) : null, here);
    });
  }

  function show(strip, axis, range, { x, y }) {
    const top = y(1), bar = strip.firstChild;
    bar.title = `ends the range of ${trials.columns[columns[axis]].name}`;
    bar.setAttribute("aria-label", bar.title);
    Object.assign(strip.style, { left: `${x(axis) - NEAR}px`, top: `${top}px`, width: `${2 * NEAR}px`, height: `${y(0) - top}px` });
    bar.hidden = !range;
    if (range) Object.assign(bar.style, { top: `${y(range[1]) - top - 3}px`, height: `${y(range[0]) - y(range[1]) + 6}px` });
  }

  // The filter's words for a range: the ends of the numbers within it, or what else stands there.
  function restrict(axis, [low, high]) {
    const column = trials.columns[columns[axis]];
    const name = window.trialsTable.wordOf(columns[axis]);
    const within = lines.flatMap((line, row) =>
      line !== undefined && places[axis][line] >= low && places[axis][line] <= high ? [row] : []);
    const found = column.is_number ? within.map((row) => column.values[row]).filter((value) => value !== null) : [];
    const words = new Set(within.map((row) => window.trialsTable.asWord(window.trialsTable.shown(column, row))));
    const [least, largest] = found.length ? ends(found) : [];
    window.trialsTable.restrict(columns[axis],
      found.length ? [`${name}>=${least}`, `${name}<=${largest}`] : words.size ? [`${name}=${[...words].join("|")}`] : []);
  }

  let drag = null, wasMoved = false;
  function placeOf(event) {
    const box = canvas.getBoundingClientRect(), { x, place } = frame();
    const axis = keys.findIndex((_, index) => Math.abs(event.clientX - box.left - x(index)) <= NEAR);
    return { axis, place: Math.min(1, Math.max(0, place(event.clientY - box.top))) };
  }

  holder.addEventListener("pointerdown", (event) => {
    delete canvas.dataset.dragged;
    const { axis, place } = placeOf(event);
    if (axis >= 0 && event.button === 0) drag = { axis, from: place, y: event.clientY, isMoved: false };
  }, true);
  holder.addEventListener("pointermove", (event) => canvas.classList.toggle("on-axis", placeOf(event).axis >= 0));
  addEventListener("pointermove", (event) => {
    if (!drag) return;
    drag.isMoved ||= Math.abs(event.clientY - drag.y) > FEW;
    if (!drag.isMoved) return;
    event.preventDefault();
    const { place } = placeOf(event);
    drag.range = [Math.min(drag.from, place), Math.max(drag.from, place)];
    show(strips[drag.axis], drag.axis, drag.range, frame());
  });
  addEventListener("pointerup", () => {
    if (!drag) return;
    const { axis, range } = drag;
    wasMoved = Boolean(range);
    drag = null;
    if (!range) return;
    canvas.dataset.dragged = ""; // Plotly takes the end of a drag for a click on what is there
    restrict(axis, range);
  });
  strips.forEach((strip, axis) => strip.firstChild.addEventListener("click", (event) => {
    // By key, or without a drag: a drag ends in a click, too.
    if (event.detail === 0 || !wasMoved) window.trialsTable.restrict(columns[axis], []);
  }));
  addEventListener("pointercancel", () => { drag = null; showRanges(frame()); });

  addEventListener("filtered", draw);
  canvas.addEventListener("drawn", () => { draw(); canvas.on("plotly_afterplot", draw); });
})();
