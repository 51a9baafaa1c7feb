// Returns what is wrong with the layout of the page: words that overlap or are cut, and what is wider than its place.
"use strict";
const TOLERANCE = 2; // pixels; a letter's box has some air above and below

function shown(element) {
  return element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
}

// The four corners of some words on the screen, turned as they are.
function corners(text) {
  const box = text.getBBox(), matrix = text.getScreenCTM();
  const inset = Math.min(TOLERANCE, box.width / 2, box.height / 2);
  const [left, right] = [box.x + inset, box.x + box.width - inset];
  const [top, bottom] = [box.y + inset, box.y + box.height - inset];
  return [[left, top], [right, top], [right, bottom], [left, bottom]].map(([x, y]) => {
    const point = new DOMPoint(x, y).matrixTransform(matrix);
    return [point.x, point.y];
  });
}

// Two convex shapes are apart if they are so along a normal of one of their sides.
function overlap(one, other) {
  for (const shape of [one, other])
    for (let i = 0; i < shape.length; i++) {
      const [a, b] = [shape[i], shape[(i + 1) % shape.length]];
      const normal = [b[1] - a[1], a[0] - b[0]];
      const ends = [one, other].map((each) => {
        const places = each.map(([x, y]) => x * normal[0] + y * normal[1]);
        return [Math.min(...places), Math.max(...places)];
      });
      if (ends[0][1] <= ends[1][0] || ends[1][1] <= ends[0][0]) return false;
    }
  return true;
}

function around(shape) {
  const [xs, ys] = [shape.map(([x]) => x), shape.map(([, y]) => y)];
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

function meet(one, other, by = 0) {
  return Math.min(one.right, other.right) - Math.max(one.left, other.left) > by
    && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > by;
}

const faults = [];
// What is not on the screen is not laid out, and has no places yet.
for (const canvas of document.querySelectorAll(".canvas")) canvas.style.contentVisibility = "visible";

for (const canvas of document.querySelectorAll(".js-plotly-plot")) {
  if (!shown(canvas)) continue;
  const name = canvas.dataset.name ?? canvas.id;
  const frame = canvas.querySelector(".main-svg").getBoundingClientRect();
  const texts = [...canvas.querySelectorAll(".main-svg text")]
    .filter((text) => text.textContent.trim() && !text.closest(".hoverlayer") && shown(text))
    .map((text) => ({ words: text.textContent.trim(), shape: corners(text), element: text }));
  for (const text of texts) text.box = around(text.shape);
  const plots = [...canvas.querySelectorAll(".nsewdrag")].map((each) => each.getBoundingClientRect());
  texts.forEach((text, place) => {
    const { box, words } = text;
    if (box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom)
      faults.push(`${name}: "${words}" is cut`);
    for (const other of texts.slice(place + 1))
      if (meet(box, other.box) && overlap(text.shape, other.shape))
        faults.push(`${name}: "${words}" overlaps "${other.words}"`);
    const isBeside = text.element.closest(".legend, .colorbar, .g-gtitle");
    if (isBeside && plots.some((plot) => meet(box, plot, TOLERANCE)))
      faults.push(`${name}: "${words}" of the ${isBeside.getAttribute("class").split(" ")[0]} stands on the plot`);
  });
}

const page = document.documentElement;
if (page.scrollWidth > page.clientWidth) faults.push(`page: ${page.scrollWidth} pixels in ${page.clientWidth}`);
const kinds = "td, th, p, dt, dd, li, h1, h2, h3, button, label, select, code, figcaption";
for (const element of document.querySelectorAll(kinds)) {
  if (!shown(element) || element.closest(".js-plotly-plot, .unseen, .drawn .alternative")) continue;
  if (getComputedStyle(element).display !== "inline" && element.scrollWidth > element.clientWidth + 1 && element.clientWidth)
    faults.push(`${element.tagName.toLowerCase()}: "${element.textContent.trim().slice(0, 60)}" is wider than its place`);
}

// A heading's word is broken where one of its letters stands lower than the one before.
for (const heading of document.querySelectorAll("table:not(.dense) th")) {
  if (!shown(heading)) continue;
  const texts = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode())
    for (const { 0: word, index } of text.data.matchAll(/\w+/g)) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      if (new Set([...range.getClientRects()].map((box) => box.top)).size > 1) faults.push(`th: "${word}" is broken`);
    }
}
return faults;
