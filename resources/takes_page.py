"""A page with the takes side by side, each with a player: one file beside the previews, for any browser.

Belongs here: HTML. Does not belong here: what is compared (takes_compared).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from resources.disk import write_atomically

PAGE = "index.html"

_TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Takes of {{ told.composition }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% }
th, td { padding: .4rem .6rem; text-align: left; vertical-align: top }
tr { border-bottom: 1px solid #ddd } td { white-space: nowrap }
.bad { color: #a00 } code { background: #f4f4f4; padding: 0 .2rem }
</style></head><body>
<h1>Takes of {{ told.composition }}</h1>
<p>They differ in <b>{{ told.stream }}</b>. Keep one: <code>musicgen takes keep {{ told.composition }}@vN</code>.</p>
<table><thead><tr><th>take</th><th>listen</th><th>scores</th><th>hook</th><th>like the first</th></tr></thead><tbody>
{% for row in told.takes %}<tr><td>{{ row.number }}<br><code>{{ row.partition }}</code><br>
{{ row.status.replace("_", " ") }}</td>
<td>{% if row.file %}<audio controls preload="metadata" src="{{ row.file }}"></audio><br>{{ row.preview_of }}
{% else %}no preview{% endif %}</td>
<td>{% for name, value in row.scores.items() %}{{ name.replace("_", " ") }} {{ "%.2f"|format(value) }}<br>{% endfor %}
{% for name in row.failed_checks %}<span class="bad">failed: {{ name }}</span><br>{% endfor %}</td>
<td><b>{{ row.hook|join(" ") }}</b><br>{% for name, value in row.hook_measures.items() %}
{{ name.replace("_", " ") }} {{ "%.2f"|format(value) }}<br>{% endfor %}</td>
<td>{{ "-" if row.likeness is none else "%.2f"|format(row.likeness) }}</td></tr>
{% endfor %}</tbody></table>
<p>The same in all: {{ told.shared|join(", ") or "nothing" }}.
Parts with the same notes in all: {{ told.tracks_shared|join(", ") or "none" }}.</p>
</body></html>
"""


def write_page(told: dict[str, Any], folder: Path) -> Path:
    """Write ``told`` (see takes_compared.compare_takes) as a page into ``folder``. Raises a Failure by errno."""
    from urllib.parse import quote

    from jinja2 import Environment

    rows = [{**row, "file": quote(Path(row["preview"]).name) if row["preview"] else None} for row in told["takes"]]
    template = Environment(autoescape=True, trim_blocks=True).from_string(_TEMPLATE)
    place = folder / PAGE
    write_atomically(place, template.render(told={**told, "takes": rows}).encode())
    return place
