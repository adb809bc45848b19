/* A song while it is made: followed by events, or by asking every two seconds where there are none. */

import { ask, place, song } from "./api.js";
import { about, by, plain, say } from "./dom.js";

const EVERY_MS = 2000;
const OVER = ["released", "failed", "cancelled", "archived", "waiting_for_approval"];
const KINDS = ["stage_update", "audio_ready", "error", "version_update"];
const here = (path) => place(path, { version: song.version });
let etag;
let hadMaster = Boolean(by("player"));
let spoken = "";
let isLooking = false;

function draw(status) {
  const percent = Math.round(status.progress * 100);
  const bar = by("bar");
  bar.setAttribute("aria-valuenow", percent);
  bar.firstElementChild.style.width = `${percent}%`;
  for (const step of document.querySelectorAll(".steps li")) drawStep(step, status);
  const what = status.running ? plain(status.running.asset.split("/")[1]) : "";
  by("left").textContent = what
    ? `${percent} %, now: ${what}${status.time_left_s ? `, ${about(status.time_left_s)} left` : ""}`
    : status.requests.length ? "It waits for its turn." : "";
}

function drawStep(step, status) {
  const own = status.stages.filter((row) => row.stage === step.dataset.stage);
  const done = own.filter((row) => ["made", "carried"].includes(row.status)).length;
  const isNow = status.running?.asset.startsWith(`${step.dataset.stage}/`);
  const state = own.some((row) => row.status === "failed") ? "failed" : done === own.length ? "done" : isNow ? "working" : "pending";
  step.className = state;
  step.querySelector(".count").textContent = `${done} of ${own.length}`;
  if (state === "working" && spoken !== step.dataset.stage) {
    spoken = step.dataset.stage;
    say(`${step.querySelector("b").textContent}.`);
  }
}

/* Look at the status; whether that is to go on. A page that has more to show by now is loaded again. */
async function look() {
  if (isLooking) return true;
  isLooking = true;
  try {
    const answer = await ask("GET", here("status/"), { etag });
    etag = answer.etag ?? etag;
    if (!answer.data) return true;
    draw(answer.data);
    const hasMaster = answer.data.stages.some((row) => row.asset === "mastering/master" && ["made", "carried"].includes(row.status));
    if (OVER.includes(answer.data.state) && !answer.data.running) {
      location.reload();
      return false;
    }
    if (hasMaster && !hadMaster) {
      hadMaster = true;
      say("The master can be heard.");
    }
    return true;
  } catch {
    return true;
  } finally {
    isLooking = false;
  }
}

async function poll() {
  if (await look()) setTimeout(poll, EVERY_MS);
}

export function followVersion() {
  if (!by("progress") || song.isOver) return;
  look();
  if (!window.EventSource) return void poll();
  const events = new EventSource(place("events/"));
  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => (await look()) || events.close(), 150);
  };
  for (const kind of KINDS) events.addEventListener(kind, soon);
  events.addEventListener("message", soon);
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) poll();  // there is no such stream here, or it may not be had
  });
  window.addEventListener("pagehide", () => events.close());
}
