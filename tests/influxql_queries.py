"""Trees of InfluxQL, drawn at random for properties."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from heliograph.query.influxql import tree

NAMES = st.one_of(
    st.sampled_from(["a", "host", "time", "select", "x y", 'q"uote', "back\\slash", "ünï", "1st"]),
    st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1, max_size=4),
)
DURATIONS = st.builds(tree.Duration, st.integers(0, 10**15))
PATTERNS = st.sampled_from(["a", "^a.*b$", "a/b", "(x|y)", "", "[0-9]+"]).map(tree.Regex)
LEAVES: st.SearchStrategy[tree.Expression] = st.one_of(
    st.builds(
        tree.Ref, NAMES, st.sampled_from(["", "float", "integer", "string", "boolean", "field", "tag"])
    ),
    st.builds(tree.Number, st.floats(-1e9, 1e9, allow_nan=False).filter(lambda x: x != 0)),
    st.builds(tree.Integer, st.integers(-(2**63), 2**64 - 1)),
    st.builds(
        tree.Text, st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=5)
    ),
    st.builds(tree.Boolean, st.booleans()),
    DURATIONS,
)


def _compound(inner: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tree.Expression]:
    inside = inner.map(tree.Paren)
    functions = st.sampled_from(["mean", "count", "derivative", "my_own"])
    return st.one_of(
        inside,
        st.builds(tree.Call, functions, st.lists(inner | PATTERNS, max_size=3).map(tuple)),
        st.builds(tree.Binary, st.sampled_from(["+", "-", "*", "/", "%"]), inside | LEAVES, inside | LEAVES),
    )


VALUES = st.recursive(LEAVES, _compound, max_leaves=6)
TESTS = st.one_of(
    st.builds(tree.Binary, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), VALUES, VALUES),
    st.builds(tree.Binary, st.sampled_from(["=~", "!~"]), st.builds(tree.Ref, NAMES), PATTERNS),
)
CONDITIONS = st.one_of(
    TESTS,
    st.builds(tree.Logic, st.sampled_from(["AND", "OR"]), st.lists(TESTS, min_size=2, max_size=3).map(tuple)),
)
MEASUREMENTS = st.one_of(
    st.builds(tree.Measurement, NAMES, st.just("") | NAMES),
    st.builds(tree.Measurement, NAMES, st.just("") | NAMES, NAMES),
    st.builds(tree.Measurement, st.just(""), st.just("") | NAMES, NAMES, PATTERNS.map(lambda p: p.pattern)),
)
FIELDS = st.builds(
    tree.Field,
    VALUES | PATTERNS | st.builds(tree.Wildcard, st.sampled_from(["", "field", "tag"])),
    st.just("") | NAMES,
)
WINDOWS = st.builds(tree.Window, *[st.integers(0, 1_000)] * 4)
TIMES = st.builds(tree.Call, st.just("time"), DURATIONS.map(lambda d: (d,)))


def _select(sources: st.SearchStrategy[tree.Source]) -> st.SearchStrategy[tree.Select]:
    return st.builds(
        tree.Select,
        fields=st.lists(FIELDS, min_size=1, max_size=3).map(tuple),
        sources=st.lists(sources, min_size=1, max_size=2).map(tuple),
        target=st.none() | st.builds(tree.Target, NAMES, st.just("") | NAMES),
        condition=st.none() | CONDITIONS,
        dimensions=st.lists(TIMES | PATTERNS | st.builds(tree.Ref, NAMES), max_size=2).map(tuple),
        fill=st.sampled_from(["null", "none", "previous", "linear"]),
        order=st.sampled_from([(), (tree.SortField("time"),), (tree.SortField("", ascending=False),)]),
        window=WINDOWS,
        zone=st.sampled_from(["", "Europe/Berlin"]),
    )


SELECTS = _select(st.one_of(MEASUREMENTS, _select(MEASUREMENTS)))
CONTINUOUS = SELECTS.filter(lambda select: select.target is not None).map(
    lambda select: replace(select, dimensions=(tree.Call("time", (tree.Duration(60_000_000_000),)),))
)


def statements() -> st.SearchStrategy[tree.Statement]:
    """Any statement whose text shows all of it."""
    schema = st.builds(
        tree.ShowSchema,
        st.sampled_from(["SERIES", "TAG KEYS"]),
        database=st.just("") | NAMES,
        sources=st.lists(MEASUREMENTS, max_size=2).map(tuple),
        condition=st.none() | CONDITIONS,
        window=st.builds(tree.Window, st.integers(0, 9), st.integers(0, 9)),
    )
    return st.one_of(
        SELECTS,
        schema,
        st.builds(tree.Explain, SELECTS, st.booleans(), st.booleans()),
        st.builds(tree.Delete, series=st.just(value=False), condition=CONDITIONS),
        st.builds(tree.Drop, st.sampled_from(["DATABASE", "MEASUREMENT", "USER"]), NAMES),
        st.builds(tree.ContinuousQuery, NAMES, NAMES, CONTINUOUS),
        st.builds(tree.KillQuery, st.integers(0, 2**64 - 1), st.just("") | NAMES),
    )
