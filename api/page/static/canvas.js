/* Drawing: canvases as sharp as the screen, in the colours of the page, drawn anew when either changes. */

export const ROLE_COLOURS = {
  lead: "#d55e00", vocal: "#7b4fb0", counter: "#cc79a7", bass: "#0072b2", chords: "#c98a00", arpeggio: "#009e73",
  pad: "#3f9bd1", drums: "#77706a", percussion: "#8c6d31",
};

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/* A context whose unit is one CSS pixel, over all of the canvas, cleared. */
export function sharp(canvas, width = canvas.clientWidth, height = canvas.clientHeight) {
  const scale = Math.min(window.devicePixelRatio || 1, 2);
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/* Draw now, and again when the canvas changes its size or the page its colours. */
export function keepDrawn(canvas, draw) {
  let waits = false;
  const soon = () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      draw();
    });
  };
  new ResizeObserver(soon).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", soon);
  draw();
  return soon;
}

/* An outline as bars; those before `share` (0-1) of the whole in the colour of what was played. */
export function drawOutline(canvas, outline, share, { played = "accent", rest = "wave" } = {}) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const context = sharp(canvas, width, height);
  const step = 3;
  const bars = Math.max(1, Math.floor(width / step));
  const top = Math.max(0.05, ...outline.high.map(Math.abs), ...outline.low.map(Math.abs));
  const colours = [colour(played), colour(rest)];
  for (let bar = 0; bar < bars; bar++) {
    const from = Math.floor((bar * outline.low.length) / bars);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * outline.low.length) / bars));
    let [low, high] = [0, 0];
    for (let at = from; at < to; at++) {
      low = Math.min(low, outline.low[at]);
      high = Math.max(high, outline.high[at]);
    }
    context.fillStyle = colours[(bar + 0.5) / bars <= share ? 0 : 1];
    const [up, down] = [(high / top) * (height / 2 - 2), (-low / top) * (height / 2 - 2)];
    context.beginPath();
    context.roundRect(bar * step, height / 2 - Math.max(up, 0.5), step - 1, Math.max(up, 0.5) + Math.max(down, 0.5), 1);
    context.fill();
  }
}
