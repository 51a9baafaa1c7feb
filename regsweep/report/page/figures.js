// Draws the figures one after the other, in light or dark, as wide as the page, and for paper as paper needs them.
"use strict";
(() => {
  const PRINT_WIDTH = 680; // pixels between the margins of an A4 page
  const CONFIG = {
    responsive: true,
    displaylogo: false,
    displayModeBar: "hover",
  };
  const theme = JSON.parse(document.getElementById("theme").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const waiting = [...document.querySelectorAll(".canvas")];
  const drawn = [];
  let isPrinting = false;

  // Figures are made for light; some of their colours have another one in the dark.
  const inDark = new Map(Object.entries(theme.in_dark).map(([light, own]) => [light.toLowerCase(), own]));
  function recoloured(value) {
    if (typeof value === "string") return inDark.get(value.toLowerCase()) ?? value;
    if (Array.isArray(value)) return value.map(recoloured);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, recoloured(inner)]));
  }

  function figureOf(canvas) {
    const figure = JSON.parse(document.getElementById(`${canvas.id}-data`).textContent);
    const shown = dark.matches && !isPrinting ? recoloured(figure) : figure;
    const colours = dark.matches && !isPrinting ? theme.dark : theme.light;
    shown.layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: colours.muted, activecolor: colours.text };
    Object.assign(shown.layout, isPrinting ? { width: widthOnPaper(canvas), autosize: false } : { autosize: true });
    return shown;
  }

  function configOf(canvas, layout) {
    const moves = layout.dragmode === false ? [] : ["zoom2d", "pan2d", "resetScale2d"];
    const toImageButtonOptions = { filename: canvas.dataset.name, format: "svg" };
    return { ...CONFIG, modeBarButtons: [[...moves, "toImage"]], toImageButtonOptions };
  }

  function widthOnPaper(canvas) {
    return Math.max(PRINT_WIDTH, Number(canvas.dataset.leastWidth)); // the style sheet makes it as small as paper
  }

  // Its labels, one by one, are no words: those stand in a paragraph of their own.
  function hush(canvas) {
    for (const layer of canvas.querySelectorAll(".main-svg")) layer.setAttribute("aria-hidden", "true");
    canvas.closest(".drawing").classList.add("drawn");
  }

  function draw(canvas) {
    const { data, layout } = figureOf(canvas);
    drawn.push(canvas);
    return Plotly.newPlot(canvas, data, layout, configOf(canvas, layout)).then(() => {
      hush(canvas);
      canvas.dispatchEvent(new Event("drawn"));
    });
  }

  function redraw() {
    for (const canvas of drawn) {
      const { data, layout } = figureOf(canvas);
      Plotly.react(canvas, data, layout, configOf(canvas, layout)).then(() => hush(canvas));
    }
  }

  // One at a time, so that the page answers in between.
  function drawNext() {
    if (waiting.length === 0) {
      document.documentElement.dataset.drawn = "all";
      return;
    }
    draw(waiting.shift());
    setTimeout(drawNext, 0);
  }

  dark.addEventListener("change", redraw);
  addEventListener("beforeprint", () => {
    isPrinting = true;
    while (waiting.length) draw(waiting.shift());
    redraw();
  });
  addEventListener("afterprint", () => {
    isPrinting = false;
    redraw();
  });
  drawNext();
})();
