"""The measuring program: breaks services inside a guest and reports what happens.

It runs from its folder, which is pushed into the guest:

    python DIR PLAN.json        (or - for standard input)

A plan is a JSON object: {"dir": "/srv/testd", "services": ["s1"], "seed": 7, "steps": [...]}.
The steps run in order. Each event is printed at once, as one line of JSON. Every step has a
deadline, so the program ends by itself. It knows no supervisor by name. daemon/README.md lists
the steps and the events.

Exit code: 0 all steps ran; 1 a step failed (an "error" event says how), or the reader of the
output has gone; 2 the plan is malformed, or the FIFO of stamps is not usable.

Allowed syntax: what Python 2.7.3 and today's Python both accept, and the standard library only.
Old guests have no newer Python, and nothing can be installed there. Therefore:

- types stand in comments, and names that only types need are imported under TYPE_CHECKING, which
  is False here because Python 2.7 has no module typing;
- no f-strings, no keyword-only arguments, no annotations, no `raise ... from`;
- no comma after a last `*arguments` or `**arguments`: keep such calls on one line, or the
  formatter adds one;
- `class Name(object)`, and `from __future__ import absolute_import` in each module.

Modules import each other relatively, so none of them can hide a module of the standard library.
"""
