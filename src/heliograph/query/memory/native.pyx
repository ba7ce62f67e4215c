# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True, initializedcheck=False
"""Points in memory, by series, and the loops that make an answer of them.

A `Source` holds columns sorted by series and, in each series, by time. `scan` goes through the points of
the asked series in some sources, each point once, and gives them to a sink: `Grid` aggregates them by group
and interval, `Rate` sums changes per second, `Rows` keeps them. All of it runs without the GIL.
"""

from cpython.array cimport array
from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free, malloc, qsort, realloc
from libc.string cimport memcpy, memset

# Names for the type checker; native.pyi tells what is in them.
SeriesTags = tuple
Condition = tuple

include "arrow_stream.pxi"
include "merge.pxi"
include "sinks.pxi"
