"""Writes the pages of docs/ that are made from the code: ``make docs``. A test compares them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec
import typer
from click import Context
from msgspec import inspect
from typer.core import TyperGroup

from headwater.catalogue.asked import AMBIGUOUS, DEFAULTS, of_family
from headwater.catalogue.creators import POSTS, SERIES
from headwater.catalogue.model import CountEvents, CountRows, Dataset, Derived, EventDataset, Metric, RowDataset
from headwater.catalogue.registry import EVENTS, ROWS, SNAPSHOTS
from headwater.catalogue.series import Growth, Level, Ratio, SeriesMetric, Term, modes
from headwater.cli.main import app
from headwater.settings import DESCRIPTIONS, Settings

FOLDER = Path(__file__).parent
_NOTE = "<!-- Made by `make docs`; change the code instead. -->\n\n"


def settings_page() -> str:
    """Every setting."""
    lines = [
        "# Settings",
        "",
        "Set in the environment, or in lower case without the prefix in `headwater.toml` (or the file that"
        " `HEADWATER_CONFIG` names); the environment wins. An unknown name stops the start.",
        "",
        "| variable | type | default | what it is for |",
        "| --- | --- | --- | --- |",
    ]
    for field in msgspec.structs.fields(Settings):
        default = f"`{_shown(field.default)}`" if field.default != "" else "empty"
        kind = _kind(inspect.type_info(field.type))
        lines.append(f"| `HEADWATER_{field.name.upper()}` | {kind} | {default} | {DESCRIPTIONS[field.name]} |")
    return _NOTE + "\n".join(lines) + "\n"


def _shown(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def _kind(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata(type=inner):
            return _kind(inner)
        case inspect.LiteralType(values=values):
            return " or ".join(f"`{value}`" for value in values)
        case inspect.BoolType():
            return "`true` or `false`"
        case inspect.IntType():
            return "whole number"
        case inspect.FloatType():
            return "number"
        case _:
            return "text"


def catalogue_page() -> str:
    """Every dataset with its fields; what is counted of events and rows; time series of snapshots."""
    lines = ["# Catalogue", "", "What can be measured, as `headwater/catalogue` declares it.", ""]
    for events in EVENTS.values():
        lines += [*_fields(events), *_events(events)]
    for snapshots in SNAPSHOTS.values():
        lines += [*_fields(snapshots), f"Counters: {_names(snapshots.counters)}.", ""]
    for rows in ROWS.values():
        lines += [*_fields(rows), *_measures(rows)]
        if rows.child is not None:
            lines += _measures(rows.child)
    lines += _series()
    return _NOTE + "\n".join(lines).rstrip() + "\n"


def _fields(dataset: Dataset) -> list[str]:
    lines = [f"## {dataset.name}", "", dataset.description, "", "| field | kind | required | what it is |"]
    lines.append("| --- | --- | --- | --- |")
    for field in dataset.sent:
        required = "yes" if field.required else ""
        lines.append(f"| `{field.name}` | {field.kind} | {required} | {field.description} |")
    return [*lines, ""]


def _events(dataset: EventDataset) -> list[str]:
    lines = ["| metric | unit | how it is made | what it is |", "| --- | --- | --- | --- |"]
    for metric in (*dataset.metrics, *dataset.derived):
        lines.append(f"| `{metric.name}` | {metric.unit.name} | {_formula(metric)} | {metric.description} |")
    lines += ["", "| rollup | by | every |", "| --- | --- | --- |"]
    for rollup in dataset.rollups:
        lines.append(f"| `{rollup.name}` | {', '.join(rollup.dimensions)} | {rollup.grain or 'lifetime'} |")
    return [*lines, ""]


def _formula(metric: Metric | Derived) -> str:
    if isinstance(metric, Derived):
        return f"`{metric.minuend}` − `{metric.subtrahend}`, at least 0"
    if isinstance(metric.formula, CountEvents):
        once = ", once a session" if metric.formula.once_per_session else ", each"
        return f"events `{metric.formula.event}`{once}"
    return f"sum of `value` of events `{metric.formula.event}`"


def _measures(dataset: RowDataset) -> list[str]:
    if not dataset.measures:
        return []
    lines = ["| measure | unit | how it is made | what it is |", "| --- | --- | --- | --- |"]
    for measure in dataset.measures:
        formula = measure.formula
        if not isinstance(formula, CountRows):
            made = f"sum of `{formula.column}`"
        elif not formula.column:
            made = "records"
        else:
            values = " or ".join(f"`{_shown(value)}`" for value in formula.values) or "any value"
            made = f"records whose `{formula.column}` is {values}"
        lines.append(f"| `{measure.name}` | {measure.unit.name} | {made} | {measure.description} |")
    return [*lines, ""]


def _series() -> list[str]:
    lines = ["## Time series of creators, videos and campaigns", ""]
    lines += [
        "`new` is what was booked in a bucket, `cumulative` the level at its end. A creator's or campaign's figures"
        " are the sums of its videos'. Rates are made of the sums of the whole bucket. [Creators](creators.md) says"
        " how snapshots become these.",
        "",
        "| metric | unit | modes | of | how it is made | what it is |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for metric in SERIES.values():
        cells = (metric.unit.name, ", ".join(modes(metric)), ", ".join(metric.entities), _rule(metric))
        lines.append(f"| `{metric.name}` | {' | '.join(cells)} | {metric.description} |")
    return [*lines, ""]


def _rule(metric: SeriesMetric) -> str:
    match metric:
        case Level():
            counted = metric.dataset == POSTS
            return "videos by when they were posted" if counted else f"`{metric.name}` of `{metric.dataset}`"
        case Ratio():
            factor = f"{metric.factor} × " if metric.factor != 1 else ""
            parts = " + ".join(map(_term, metric.numerator))
            above = f"({parts})" if factor and len(metric.numerator) > 1 else parts
            return f"{factor}{above} ÷ {'days that have begun' if metric.per == 'days' else _term(metric.per)}"
        case Growth():
            followed = _names(one.name for one in SERIES.values() if isinstance(one, Level) and one.growth != "new")
            return f"(value − the one before) ÷ the one before × 100, of what is new; of the level for {followed}"


def _term(term: Term) -> str:
    return f"{'new ' if term.reading == 'new' else ''}`{term.level}`{'' if term.reading == 'new' else ' at the end'}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def metric_words_page() -> str:
    """Every metric that questions can name, and what it may be called."""
    lines = [
        "# Words for metrics",
        "",
        "What the [analyst](analyst.md) understands; case and plural do not matter.",
        "",
    ]
    for family, title in (("ads", "Ad events"), ("creators", "Creators and videos"), ("decisions", "Offers")):
        lines += [f"## {title}", "", "| metric | unit | is also called | what it is |", "| --- | --- | --- | --- |"]
        for one in of_family(family).values():
            unit = one.unit.label or one.unit.name
            names = ", ".join((one.label.lower(), *one.synonyms))
            lines.append(f"| `{one.name}` | {unit} | {names} | {one.description} |")
        lines.append("")
    lines += ["## Words with several meanings", "", "| word | could be | without more |", "| --- | --- | --- |"]
    for word, keys in AMBIGUOUS.items():
        lines.append(f"| {word} | {_names(name for _, name in keys)} | is asked about |")
    for word, (_, name) in DEFAULTS.items():
        lines.append(f"| {word} | | `{name}` |")
    return _NOTE + "\n".join(lines).rstrip() + "\n"


def command_line_page() -> str:
    """Every command with its help."""
    lines = ["# Command line", ""]
    lines += _command("headwater", typer.main.get_command(app))
    return _NOTE + "\n".join(lines).rstrip() + "\n"


def _command(name: str, command: object) -> list[str]:
    if isinstance(command, TyperGroup):
        context = Context(command)
        children = [(child, command.get_command(context, child)) for child in command.list_commands(context)]
        return [line for child, one in children for line in _command(f"{name} {child}", one)]
    lines = [f"## {name}", "", _clean(getattr(command, "help", "") or ""), ""]
    rows = []
    for parameter in getattr(command, "params", []):
        if parameter.name == "help":
            continue
        shown = ", ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.name.upper()
        rows.append(f"| `{shown}` | {_clean(getattr(parameter, 'help', '') or '')} |")
    return [*lines, "| argument | what it is |", "| --- | --- |", *rows, ""] if rows else lines


def _clean(text: str) -> str:
    """Paragraphs, each on one line."""
    paragraphs = re.split(r"\n\s*\n|\n(?=\s*Example:)", text.replace("\f", "").strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


PAGES = {
    "settings.md": settings_page,
    "catalogue.md": catalogue_page,
    "metric-words.md": metric_words_page,
    "command-line.md": command_line_page,
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
