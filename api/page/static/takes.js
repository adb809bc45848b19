/* Takes side by side: heard one after the other, one of them kept. */

import { Problem, ask, get, newKey, pageOf, place, song } from "./api.js";
import { busily, by, complain, h, minus, plain } from "./dom.js";

const EVERY_MS = 3000;
const STATES = { released: "finished", archived: "put away", failed: "failed", cancelled: "cancelled", waiting_for_approval: "previewed" };
const cards = new Map();

function meter(name, value) {
  const bar = h("i", {});
  bar.style.width = `${Math.round(value * 100)}%`;
  return h("li", {}, h("span", {}, plain(name).replace(/ (coherence|consistency|stability|integrity|quality)$/, "")), h("span", { class: "meter", "aria-hidden": "true" }, bar), h("b", {}, value.toFixed(2)));
}

function drawn(take, hasOthers) {
  const can = song.can.change && take.preview && take.state !== "archived" && hasOthers;
  const keep = h("button", { type: "button", class: "primary", "aria-label": `Keep take ${take.number}` }, "Keep this one");
  keep.addEventListener("click", () => busily(keep, async () => {
    try {
      await ask("POST", place("takes/keep/"), { body: { version: take.version } });
      location.assign(pageOf(song.composition, take.version));
    } catch (error) {
      complain(by("problem"), error);
    }
  }));
  const player = take.preview
    ? h("audio", { controls: true, preload: "none", src: place(take.preview), "aria-label": `Preview of take ${take.number}` })
    : h("p", { class: "soft" }, "Being written…");
  player.addEventListener?.("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== player) other.pause();
  });
  return h("article", { class: `card take ${take.state}`, "aria-labelledby": `take-${take.number}` },
    h("div", { class: "row-head" }, h("h2", { id: `take-${take.number}` }, `Take ${take.number}`),
      h("span", { class: `badge ${take.state}` }, STATES[take.state] ?? "being made")),
    player,
    take.preview_of && h("p", { class: "soft" }, `${plain(take.preview_of)}, ${Math.round(take.preview_s)} s`),
    h("ul", { class: "scores" }, Object.entries(take.scores).map(([name, value]) => meter(name, value))),
    take.hook.length ? h("p", { class: "hook" }, h("span", { class: "soft" }, "Hook "), take.hook.join(" ")) : null,
    take.likeness !== null && take.number > 1 ? h("p", { class: "soft" }, minus(`Like the first: ${Math.round(take.likeness * 100)} %`)) : null,
    take.failed_checks.length ? h("p", { class: "problem" }, `Failed: ${take.failed_checks.map(plain).join(", ")}`) : null,
    h("p", { class: "actions" }, can && keep, h("a", { class: "button", href: pageOf(song.composition, take.version) }, "Open")));
}

/* Cards that did not change stay as they are: a preview goes on playing. */
function draw(told) {
  const left = told.takes.filter((take) => take.state !== "archived").length;
  for (const take of told.takes) {
    const form = JSON.stringify([take, left > 1]);
    const had = cards.get(take.number);
    if (had?.form === form) continue;
    cards.set(take.number, { form, card: drawn(take, left > 1) });
  }
  const order = told.takes.map((take) => cards.get(take.number).card);
  const box = by("takes");
  if (order.length !== box.children.length || order.some((card, at) => card !== box.children[at])) box.replaceChildren(...order);
  const shared = [...told.shared.map((asset) => plain(asset.split("/")[1])), ...told.tracks_shared.map(plain)];
  by("shared").textContent = `They differ in the ${plain(told.stream)}. ${shared.length ? `The same in all: ${shared.join(", ")}.` : ""}`;
}

async function look() {
  try {
    const told = await get(place("takes/", { version: new URLSearchParams(location.search).get("version") }));
    draw(told);
    if (told.takes.some((take) => !take.preview)) setTimeout(look, EVERY_MS);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    by("takes").replaceChildren(h("p", { class: "soft" }, "This song has no takes yet."));
  }
}

by("start-takes")?.addEventListener("submit", (event) => {
  event.preventDefault();
  busily(event.target.querySelector("button"), async () => {
    try {
      await ask("POST", place("takes/"), { body: { version: song.version, count: Number(by("count").value), vary: by("vary").value }, key: newKey() });
      await look();
    } catch (error) {
      complain(by("problem"), error);
    }
  });
});
look().finally(() => (document.documentElement.dataset.ready = "true"));
