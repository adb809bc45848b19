/* A change before it is made: what it changes, what would run, how long, what it costs; and then the change. */

import { Problem, ask, newKey, pageOf, place, song } from "./api.js";
import { about, busily, by, complain, decision, h, minus, plain } from "./dom.js";

const dialog = by("plan");

const text = (value) => {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return minus(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};

function changes(rows) {
  if (!rows.length) return h("p", {}, "Nothing of the song's decisions changes.");
  return h("ul", { class: "changes" }, rows.map((row) => h("li", {}, h("b", {}, decision(row.path)), ` ${row.words ? minus(row.words) : `${text(row.old)} → ${text(row.new)}`}`)));
}

const WORDS = { computes: "made anew", "may compute": "made anew if what it rests on comes out different", carried: "kept as it is" };

function assets(rows) {
  const parts = Object.entries(WORDS).map(([verdict, words]) => {
    const own = rows.filter((row) => row.verdict === verdict);
    return own.length ? h("li", {}, h("b", {}, `${own.length} ${words}`), h("span", { class: "soft" }, ` ${own.map((row) => plain(row.asset.split("/")[1])).join(", ")}`)) : null;
  });
  return h("ul", { class: "verdicts" }, parts);
}

function time(told) {
  const [least, most] = [about(told.least_s), about(told.most_s)];
  return least === most ? least : `${least}, up to ${most.replace("about ", "")}`;
}

/* Show what `body` (of revise) would come to; make it when told to. A problem is shown in its place. */
export async function planned(body, problemPlace) {
  const told = { version: song.version, ...body };
  complain(problemPlace, null);
  try {
    show(told, (await ask("POST", place("plan/"), { body: told })).data);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    complain(problemPlace, error);
    problemPlace.scrollIntoView({ block: "nearest" });
  }
}

function show(told, plan) {
  const key = newKey();
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const go = h("button", { type: "button", class: "primary", id: "plan-go" }, "Make it");
  const make = async () => {
    try {
      const { data } = await ask("POST", place("revise/"), { body: told, key });
      location.assign(pageOf(data.composition, data.version));
    } catch (error) {
      complain(problem, error);
    }
  };
  go.addEventListener("click", () => busily(go, make));
  dialog.replaceChildren(
    h("h2", { id: "plan-title" }, "The plan"),
    h("p", { class: "soft" }, "Nothing was made yet. This would become a new version; this one stays."),
    h("h3", {}, "What changes"), changes(plan.changes),
    h("h3", {}, "What runs"), assets(plan.assets),
    h("p", { class: "plan-cost" }, h("b", {}, time(plan)), ", ", h("b", {}, Number(plan.cost_usd) > 0 ? `about $${plan.cost_usd}` : "free"),
      h("span", { class: "soft" }, ` by ${[...new Set(Object.values(plan.engines))].join(" and ")}`)),
    problem, h("p", { class: "actions" }, go, h("button", { type: "button", onclick: () => dialog.close() }, "Not now")),
  );
  dialog.showModal();
  go.focus();
}
