"""Generation of reports/schema.json from the types of a run's files."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bench.model import run_file
from bench.model.events import program
from bench.model.events.program import RestartTrial
from bench.model.run_file import Run, Sample
from bench.recording.validity.run_rules import LATENCIES

# A JSON Schema, or a part of one.
Schema = dict[str, Any]

SCHEMA_FILE = Path(__file__).parents[3] / "reports" / "schema.json"

# No latency is negative, whichever figure of it.
_LATENCIES: Schema = {
    "if": {"properties": {"metric": {"pattern": LATENCIES}}},
    "then": {
        "properties": {
            figure: {"minimum": 0}
            for figure in ("median", "ci_low", "ci_high", "p90", "p99", "min", "max")
        }
    },
}
# What the types cannot express, by the name of the type. What JSON Schema cannot express either is
# in run_rules.py.
_RULES: dict[str, Schema] = {
    "MetricResult": _LATENCIES,
    "FloorAlone": _LATENCIES,
    "Run": {"dependentRequired": {"hosts": ["mixed"]}},
    "GuestFacts": {"dependentRequired": {"least": ["phases"]}},
    "Distribution": {"additionalProperties": {"type": "number"}},
    "Action": {
        "oneOf": [
            {"required": ["file", "content", "mode"]},
            {"required": ["command"]},
            {"required": ["boot"]},
        ]
    },
    "Sample": {
        "if": {"properties": {"event": {"const": "sample"}}},
        "then": {"$ref": "#/$defs/RestartTrial"},
    },
    # Older runs lack the other keys.
    "RestartTrial": {
        "required": ["group", "warmup", "uptime_ns", "censored", "kill_ns", "main_ns"],
    },
}


def write_schema() -> Path:
    """Write reports/schema.json; returns its path."""
    SCHEMA_FILE.write_text(schema_text())
    return SCHEMA_FILE


def schema_text() -> str:
    """Return the text that reports/schema.json must have."""
    return json.dumps(run_schema(), indent=1) + "\n"


def run_schema() -> Schema:
    """Return the JSON Schema of run.json, with that of a sample as $defs/sample."""
    _, types = msgspec.json.schema_components(
        (Run, Sample, RestartTrial), ref_template="#/$defs/{name}"
    )
    texts = _field_texts()
    for name, schema in types.items():
        properties = schema["properties"]
        for field, text in texts[name].items():
            properties[field] = {"description": text, **properties[field]}
        schema |= {"properties": {field: properties[field] for field in texts[name]}}
        schema |= {"required": [field for field in texts[name] if field in schema["required"]]}
        schema |= _RULES.get(name, {})
    root = types.pop("Run") | {"title": "run.json"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **root,
        # Readers of older versions know the type by this name.
        "$defs": {"sample": {"$ref": "#/$defs/Sample"}, **types},
    }


def _field_texts() -> dict[str, dict[str, str]]:
    """Return the text below each field by type and field, inherited fields first."""
    classes = {
        node.name: node
        for path in (*sorted(Path(run_file.__file__).parent.glob("*.py")), Path(program.__file__))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    }
    return {name: dict(_class_texts(node, classes)) for name, node in classes.items()}


def _class_texts(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> Iterator[tuple[str, str]]:
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in classes:
            yield from _class_texts(classes[base.id], classes)
    for field, text in zip(node.body, node.body[1:], strict=False):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                yield name, words
